package graph

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
)

// What the rows of a page refer to, and what that refers to, is asked for when the page is made: level by level, and on
// each level every loader once for all rows. The rows themselves ask too far apart for that: a loader that waited for
// all of them, also where the machine is busy, would hold up everybody. So a document takes the same number of
// statements whatever the size of its pages.

// step leads from rows to what they refer to by a field: it asks a loader for the keys that they have, and when these
// are loaded, finds the rows that go on. With no loader, the rows go on at once.
type step struct {
	keys func(l *loaders, row any, f fieldAhead) (from aheadLoader, key any) // nil: it refers to nothing
	rows func(l *loaders, row any, f fieldAhead) []any
	then *step  // what they ask next
	to   string // the type of these rows, whose fields lead on
}

// aheadLoader is a loader of any kind.
type aheadLoader interface {
	loadAhead(ctx context.Context, keys []any)
}

// fieldAhead is a field that is asked of rows.
type fieldAhead struct {
	graphql.CollectedField
	window page.Window
	days   ledger.Range
	order  ledger.Order
	asks   []graphql.CollectedField // of it
}

// to is the step to what a loader has under a key.
func to[R any, K comparable, V any](kind string, of func(*loaders) *loader[K, V], key func(R, fieldAhead) (K, bool), rows func(V) []any) step {
	return step{
		to: kind,
		keys: func(l *loaders, row any, f fieldAhead) (aheadLoader, any) {
			if k, refers := key(row.(R), f); refers {
				return of(l), k
			}
			return nil, nil
		},
		rows: func(l *loaders, row any, f fieldAhead) []any {
			k, refers := key(row.(R), f)
			if !refers {
				return nil
			}
			found, _ := of(l).ahead(k)
			if !found.found || rows == nil {
				return nil
			}
			return rows(found.value)
		},
	}
}

// toOne is the step to the one thing that has an id; 0: there is none.
func toOne[R, V any](kind string, of func(*loaders) *loader[int, V], id func(R) int) step {
	return to(kind, of, func(row R, _ fieldAhead) (int, bool) { return id(row), id(row) != 0 }, func(v V) []any { return []any{v} })
}

// within is the step to an object that the row itself holds.
func within[R any](kind string, inner func(R) any) step {
	return step{to: kind, rows: func(_ *loaders, row any, _ fieldAhead) []any {
		if object := inner(row.(R)); object != nil {
			return []any{object}
		}
		return nil
	}}
}

// and is a step from what another one leads to.
func (s step) and(next step) step {
	s.then = &next
	return s
}

// counted is the step to a number, behind which there is nothing.
func counted[R any, K comparable](of func(*loaders) *loader[K, int], key func(R, fieldAhead) (K, bool)) step {
	return to(``, of, key, nil)
}

func each[V any](rows []V) []any {
	all := make([]any, len(rows))
	for i, row := range rows {
		all[i] = row
	}
	return all
}

func accounts(l *loaders) *loader[int, *ent.Account]                      { return l.account }
func conversionsByID(l *loaders) *loader[int, *ent.Conversion]            { return l.conversion }
func invoicesByID(l *loaders) *loader[int, *ent.Invoice]                  { return l.invoice }
func linesByID(l *loaders) *loader[int, *ent.InvoiceLine]                 { return l.line }
func linesCarrying(l *loaders) *loader[int, *ent.InvoiceLine]             { return l.broughtBack }
func networks(l *loaders) *loader[int, *ent.Network]                      { return l.network }
func partners(l *loaders) *loader[int, *ent.Partner]                      { return l.partner }
func referralsByID(l *loaders) *loader[int, *ent.Referral]                { return l.referral }
func structures(l *loaders) *loader[int, *ent.CommissionStructure]        { return l.structure }
func termsByID(l *loaders) *loader[int, *ent.ReferralTerm]                { return l.term }
func grantsByID(l *loaders) *loader[int, *ent.RetroactiveGrant]           { return l.grant }
func explanations(l *loaders) *loader[*ent.Conversion, *ledger.Explained] { return l.explained }

// countedBy are the steps to the conversions that rows are the sums of.
func countedBy[R any](sums func(R) ledger.Counted) []step {
	return []step{
		to("Conversion", func(l *loaders) *loader[conversionsOf, []*ent.Conversion] { return l.conversions },
			func(row R, f fieldAhead) (conversionsOf, bool) { return conversionPage(sums(row), f.window), true }, each),
		counted(func(l *loaders) *loader[ledger.Counted, int] { return l.conversionsIn },
			func(row R, _ fieldAhead) (ledger.Counted, bool) { return sums(row), true }),
	}
}

// steps are where the fields of rows lead that take a statement, by type and field.
var steps = allSteps()

func allSteps() map[string][]step {
	one := func(s ...step) []step { return s }
	networkOfInvoice := toOne("", networks, func(i *ent.Invoice) int { return i.NetworkID })
	networkOfLine := toOne("", networks, func(l *ent.InvoiceLine) int { return l.NetworkID })
	networkOfPartner := toOne("", networks, func(p *ent.Partner) int { return p.NetworkID })
	invoiceOfLine := toOne("Invoice", invoicesByID, func(l *ent.InvoiceLine) int { return l.InvoiceID })
	structureOfLine := toOne("CommissionStructure", structures, func(l *ent.InvoiceLine) int { return value(l.StructureID) })
	structureOfTerm := toOne("CommissionStructure", structures, func(t *ent.ReferralTerm) int { return t.StructureID })
	structureOfRow := toOne("CommissionStructure", structures, func(row *ledger.Row) int { return row.StructureID })
	counterpart := one(
		toOne("InvoiceLine", linesByID, func(l *ent.InvoiceLine) int {
			if l.Type != commission.CarryForward || !l.Amount.IsPositive() {
				return 0
			}
			return value(l.CarriedBy)
		}),
		toOne("InvoiceLine", linesCarrying, func(l *ent.InvoiceLine) int {
			if l.Type != commission.CarryForward || l.Amount.IsPositive() {
				return 0
			}
			return l.ID
		}),
	)
	goingOn := func(s step) step { // with the rows that asked
		s.rows = func(_ *loaders, row any, _ fieldAhead) []any { return []any{row} }
		return s
	}
	effective := step{to: "CommissionStructure"}
	structureNow := func(l *loaders, row any) int {
		p := row.(*ent.Partner) //nolint:forcetypeassert // the steps of partners lead here
		n, _ := l.network.ahead(p.NetworkID)
		if !n.found {
			return 0
		}
		return value(commission.Effective(p.ReferralMode, p.ReferralStructureID, n.value.ReferralEnabled, n.value.ReferralStructureID))
	}
	effective.keys = func(l *loaders, row any, _ fieldAhead) (aheadLoader, any) {
		if id := structureNow(l, row); id != 0 {
			return l.structure, id
		}
		return nil, nil
	}
	effective.rows = func(*loaders, any, fieldAhead) []any { return nil }

	return map[string][]step{
		"Account.partner": one(toOne("Partner", partners, func(a *ent.Account) int { return value(a.PartnerID) })),
		"Account.tokens": one(to("Token", func(l *loaders) *loader[int, []*ent.Token] { return l.tokens },
			func(a *ent.Account, _ fieldAhead) (int, bool) { return a.ID, true }, each)),

		"Conversion.partner": one(toOne("Partner", partners, func(c *ent.Conversion) int { return c.PartnerID })),
		"Conversion.revenue": one(toOne("", networks, func(c *ent.Conversion) int { return c.NetworkID })),
		"Conversion.payout":  one(toOne("", networks, func(c *ent.Conversion) int { return c.NetworkID })),
		"Conversion.adjusts": one(toOne("Conversion", conversionsByID, func(c *ent.Conversion) int { return value(c.AdjustsID) })),
		"Conversion.referralCommission": one(
			goingOn(toOne("", networks, func(c *ent.Conversion) int { return c.NetworkID })).and(
				to("ReferralCommission", explanations, func(c *ent.Conversion, _ fieldAhead) (*ent.Conversion, bool) { return c, true },
					func(told *ledger.Explained) []any { return []any{told} }).and(
					goingOn(toOne("ReferralCommission", referralsByID, func(told *ledger.Explained) int { return told.ReferralID }))))),
		"Conversion.payoutLine": one(to("", func(l *loaders) *loader[int, int] { return l.payoutLine },
			func(c *ent.Conversion, _ fieldAhead) (int, bool) { return c.EarningDayID, true }, func(line int) []any { return []any{line} }).and(
			toOne("InvoiceLine", linesByID, func(line int) int { return line }))),

		"ReferralCommission.referral": one(toOne("Referral", referralsByID, func(told *ledger.Explained) int { return told.ReferralID })),
		"ReferralCommission.term":     one(toOne("ReferralTerm", termsByID, func(told *ledger.Explained) int { return told.TermID })),
		"ReferralCommission.grant":    one(toOne("RetroactiveGrant", grantsByID, func(told *ledger.Explained) int { return told.GrantID })),
		"ReferralCommission.line":     one(toOne("InvoiceLine", linesByID, func(told *ledger.Explained) int { return told.LineID })),
		"ReferralCommission.invoice":  one(toOne("InvoiceLine", linesByID, func(told *ledger.Explained) int { return told.LineID }).and(invoiceOfLine)),

		"DatedChange.partner":   one(toOne("Partner", partners, func(d *ent.DatedChange) int { return value(d.PartnerID) })),
		"DatedChange.structure": one(toOne("CommissionStructure", structures, func(d *ent.DatedChange) int { return value(d.StructureID) })),

		"Invoice.partner":  one(toOne("Partner", partners, func(i *ent.Invoice) int { return i.PartnerID })),
		"Invoice.currency": one(networkOfInvoice),
		"Invoice.total":    one(networkOfInvoice),
		"Invoice.lines": one(to("InvoiceLine", func(l *loaders) *loader[int, []*ent.InvoiceLine] { return l.lines },
			func(i *ent.Invoice, _ fieldAhead) (int, bool) { return i.ID, true }, each)),

		"InvoiceLine.invoice":     one(invoiceOfLine),
		"InvoiceLine.referred":    one(toOne("Partner", partners, func(l *ent.InvoiceLine) int { return value(l.ReferredID) })),
		"InvoiceLine.structure":   one(structureOfLine),
		"InvoiceLine.term":        one(toOne("ReferralTerm", termsByID, func(l *ent.InvoiceLine) int { return value(l.TermID) })),
		"InvoiceLine.amount":      one(networkOfLine),
		"InvoiceLine.basisAmount": one(networkOfLine),
		"InvoiceLine.explanation": one(networkOfLine, invoiceOfLine, structureOfLine),
		"InvoiceLine.counterpart": counterpart,
		"InvoiceLine.description": counterpart,
		"InvoiceLine.days": {
			{
				to: "InvoiceLineDay",
				keys: func(l *loaders, row any, f fieldAhead) (aheadLoader, any) {
					return l.lineDays, dayPage(row.(*ent.InvoiceLine), f.window) //nolint:forcetypeassert // its rows are lines
				},
				rows: func(l *loaders, row any, f fieldAhead) (days []any) {
					of := dayPage(row.(*ent.InvoiceLine), f.window)
					found, _ := l.lineDays.ahead(of)
					for _, sums := range found.value {
						days = append(days, &ledger.LineDay{Line: of.Line, Date: sums.Date})
					}
					return days
				},
			},
			counted(func(l *loaders) *loader[ledger.Line, int] { return l.lineDaysIn }, func(l *ent.InvoiceLine, _ fieldAhead) (ledger.Line, bool) { return lineOf(l), true }),
			networkOfLine, structureOfLine,
		},
		"InvoiceLine.conversionList":    countedBy(func(l *ent.InvoiceLine) ledger.Counted { return lineOf(l).Counted() }),
		"InvoiceLineDay.conversionList": countedBy((*ledger.LineDay).Counted),

		"Partner.manager":         one(toOne("Account", accounts, func(p *ent.Partner) int { return value(p.ManagerID) })),
		"Partner.referredBy":      one(toOne("Partner", partners, func(p *ent.Partner) int { return value(p.ReferredByID) })),
		"Partner.referralLink":    one(networkOfPartner),
		"Partner.referralSetting": one(within("PartnerReferralSetting", func(p *ent.Partner) any { return p })),
		"Partner.referralReport": one(goingOn(networkOfPartner).and(
			to("ReferralReport", func(l *loaders) *loader[reportOf, tried[*ledger.Report]] { return l.reports },
				func(p *ent.Partner, f fieldAhead) (reportOf, bool) {
					return reportOf{p.NetworkID, p.ID, f.days}, f.days.Check() == nil
				}, func(report tried[*ledger.Report]) []any {
					if report.err != nil {
						return nil
					}
					return []any{report.value}
				}))),
		"Partner.pendingChanges": one(to("DatedChange", func(l *loaders) *loader[int, []*ent.DatedChange] { return l.pending },
			func(p *ent.Partner, _ fieldAhead) (int, bool) { return p.ID, true }, each)),
		"Partner.invoices": {
			to("Invoice", func(l *loaders) *loader[partOf, []*ent.Invoice] { return l.invoices },
				func(p *ent.Partner, f fieldAhead) (partOf, bool) { return pageOf(p, f.window), true }, each),
			counted(func(l *loaders) *loader[int, int] { return l.invoicesIn }, func(p *ent.Partner, _ fieldAhead) (int, bool) { return p.ID, true }),
		},
		"Partner.referralsMade": {
			to("Referral", func(l *loaders) *loader[partOf, []*ent.Referral] { return l.referrals },
				func(p *ent.Partner, f fieldAhead) (partOf, bool) { return pageOf(p, f.window), !onlyCounts(f.asks) }, each),
			counted(func(l *loaders) *loader[int, int] { return l.referralsMade },
				func(p *ent.Partner, f fieldAhead) (int, bool) { return p.ID, countIsAsked(f.asks) }),
		},

		"PartnerReferralSetting.structure": one(toOne("CommissionStructure", structures, func(p *ent.Partner) int { return value(p.ReferralStructureID) })),
		"PartnerReferralSetting.effective": one(goingOn(networkOfPartner).and(effective)),

		"Reconciliation.differences": one(step{to: "ReconciliationDifference", rows: func(_ *loaders, row any, _ fieldAhead) []any {
			return each(row.(*ledger.Reconciliation).Differences)
		}}),
		"ReconciliationDifference.referrer": one(toOne("Partner", partners, func(d *ledger.Difference) int { return d.ReferrerID })),
		"ReferrerReconciliation.referrer":   one(toOne("Partner", partners, func(s *ledger.ReferrerShares) int { return s.ReferrerID })),

		"Referral.referrer": one(toOne("Partner", partners, func(r *ent.Referral) int { return r.ReferrerID })),
		"Referral.referred": one(toOne("Partner", partners, func(r *ent.Referral) int { return r.ReferredID })),
		"Referral.terms": one(to("ReferralTerm", func(l *loaders) *loader[int, []*ent.ReferralTerm] { return l.terms },
			func(r *ent.Referral, _ fieldAhead) (int, bool) { return r.ID, true }, each)),
		"Referral.timeline": one(to("ReferralEvent", func(l *loaders) *loader[int, []*ledger.Event] { return l.timeline },
			func(r *ent.Referral, _ fieldAhead) (int, bool) { return r.ID, true }, each)),

		"ReferralEvent.actor": one(to("", func(l *loaders) *loader[*ledger.Event, *ent.AuditEvent] { return l.actor },
			func(e *ledger.Event, _ fieldAhead) (*ledger.Event, bool) { return e, true }, nil)),
		"ReferralEvent.term":    one(toOne("ReferralTerm", termsByID, func(e *ledger.Event) int { return e.TermID })),
		"ReferralEvent.invoice": one(toOne("Invoice", invoicesByID, func(e *ledger.Event) int { return e.InvoiceID })),

		"ReferralReport.rows": one(to("ReferralReportRow", func(l *loaders) *loader[reportPageOf, tried[*page.ReportRows]] { return l.reportRows },
			func(report *ledger.Report, f fieldAhead) (reportPageOf, bool) {
				return reportPageOf{Report: report, by: f.order, first: f.window.First}, true
			}, func(rows tried[*page.ReportRows]) []any {
				if rows.err != nil {
					return nil
				}
				return each(rows.value.Nodes())
			})),

		"ReferralReportRow.referral": one(to("Referral", referralsByID,
			func(row *ledger.Row, f fieldAhead) (int, bool) { return row.ReferralID, !f.only(itself) }, func(r *ent.Referral) []any { return []any{r} })),
		"ReferralReportRow.term": one(to("ReferralTerm", termsByID,
			func(row *ledger.Row, f fieldAhead) (int, bool) {
				return row.TermID, row.TermID != 0 && !f.only(itself)
			}, func(t *ent.ReferralTerm) []any { return []any{t} })),
		"ReferralReportRow.referrer": one(to("Partner", partners,
			func(row *ledger.Row, f fieldAhead) (int, bool) { return row.ReferrerID, !f.only(introduced) }, func(p *ent.Partner) []any { return []any{p} })),
		"ReferralReportRow.referred": one(to("Partner", partners,
			func(row *ledger.Row, f fieldAhead) (int, bool) { return row.ReferredID, !f.only(introduced) }, func(p *ent.Partner) []any { return []any{p} })),
		"ReferralReportRow.structure":   one(structureOfRow),
		"ReferralReportRow.reason":      one(structureOfRow),
		"ReferralReportRow.explanation": one(structureOfRow),
		"ReferralReportRow.lines": {
			to("ReferralReportRowLine", func(l *loaders) *loader[termIn, []ledger.LineSums] { return l.termLines },
				func(row *ledger.Row, _ fieldAhead) (termIn, bool) {
					return termIn{row.TermID, row.Days}, row.TermID != 0
				},
				func(lines []ledger.LineSums) (rows []any) {
					for _, line := range lines {
						rows = append(rows, &ledger.RowLine{LineID: line.LineID})
					}
					return rows
				}),
			structureOfRow,
		},
		"ReferralReportRow.threshold": one(within("ReferralThreshold", func(row *ledger.Row) any {
			if row.Threshold == nil {
				return nil
			}
			return row.Threshold
		})),
		"ReferralThreshold.reachedAt": one(to("", func(l *loaders) *loader[int, commission.Date] { return l.reachedOn },
			func(t *ledger.Threshold, _ fieldAhead) (int, bool) { return t.TermID, !t.Progress.LessThan(t.Target) }, nil)),

		"ReferralReportRowLine.line": one(toOne("InvoiceLine", linesByID, func(l *ledger.RowLine) int { return l.LineID })),

		"ReferralTerm.referral":  one(toOne("Referral", referralsByID, func(t *ent.ReferralTerm) int { return t.ReferralID })),
		"ReferralTerm.referrer":  one(toOne("Referral", referralsByID, func(t *ent.ReferralTerm) int { return t.ReferralID }).and(toOne("Partner", partners, func(r *ent.Referral) int { return r.ReferrerID }))),
		"ReferralTerm.structure": one(structureOfTerm),
		"ReferralTerm.closedAt": one(to("", func(l *loaders) *loader[int, *time.Time] { return l.superseded },
			func(t *ent.ReferralTerm, _ fieldAhead) (int, bool) { return t.ID, t.StoppedAt == nil }, nil)),
		"ReferralTerm.grant": one(toOne("RetroactiveGrant", grantsByID, func(t *ent.ReferralTerm) int { return value(t.GrantID) })),
		"ReferralTerm.voids": one(to("CommissionVoid", func(l *loaders) *loader[int, []*ent.CommissionVoid] { return l.voids },
			func(t *ent.ReferralTerm, _ fieldAhead) (int, bool) { return t.ID, true }, each)),
		"ReferralTerm.days": {
			{
				to: "TermDay",
				keys: func(l *loaders, row any, f fieldAhead) (aheadLoader, any) {
					if f.days.CheckDays() != nil {
						return nil, nil // the field is refused
					}
					return l.termDays, termIn{row.(*ent.ReferralTerm).ID, f.days} //nolint:forcetypeassert // its rows are terms
				},
				rows: func(l *loaders, row any, f fieldAhead) (days []any) {
					of := termIn{row.(*ent.ReferralTerm).ID, f.days} //nolint:forcetypeassert // its rows are terms
					found, _ := l.termDays.ahead(of)
					for _, sums := range found.value {
						days = append(days, &ledger.Day{TermID: of.id, Date: sums.Date, LineID: sums.LineID})
					}
					return days
				},
			},
			structureOfTerm, toOne("", networks, func(t *ent.ReferralTerm) int { return t.NetworkID }),
		},

		"RetroactiveGrant.referral":  one(toOne("Referral", referralsByID, func(g *ent.RetroactiveGrant) int { return g.ReferralID })),
		"RetroactiveGrant.structure": one(toOne("CommissionStructure", structures, func(g *ent.RetroactiveGrant) int { return g.StructureID })),
		"RetroactiveGrant.term": one(toOne("ReferralTerm", func(l *loaders) *loader[int, *ent.ReferralTerm] { return l.grantTerm },
			func(g *ent.RetroactiveGrant) int { return g.ID })),
		"RetroactiveGrant.maximum": one(toOne("", networks, func(g *ent.RetroactiveGrant) int { return g.NetworkID })),
		"RetroactiveGrant.amount":  one(toOne("", networks, func(g *ent.RetroactiveGrant) int { return g.NetworkID })),

		"CommissionVoid.term":   one(toOne("ReferralTerm", termsByID, func(v *ent.CommissionVoid) int { return v.TermID })),
		"CommissionVoid.amount": one(toOne("", networks, func(v *ent.CommissionVoid) int { return v.NetworkID })),

		"TermDay.conversionList": countedBy((*ledger.Day).Counted),
		"TermDay.invoice":        one(toOne("InvoiceLine", linesByID, func(d *ledger.Day) int { return max(d.LineID, 0) }).and(invoiceOfLine)),
	}
}

// countIsAsked tells whether of a list is asked how long it is.
func countIsAsked(asked []graphql.CollectedField) bool {
	return slices.ContainsFunc(asked, isCount)
}

// onlyCounts tells whether nothing else is.
func onlyCounts(asked []graphql.CollectedField) bool {
	return len(asked) > 0 && !slices.ContainsFunc(asked, func(f graphql.CollectedField) bool { return !isCount(f) })
}

func isCount(field graphql.CollectedField) bool { return field.Name == "totalCount" }

// What is known of what a row of the report names, without reading it: whoever sees the row sees that.
var (
	itself     = []string{"id", "__typename"}
	introduced = []string{"id", "name", "status", "__typename"} // a partner
)

// asksOnly tells whether of what is being resolved nothing is asked but some fields.
func asksOnly(ctx context.Context, names []string) bool {
	return only(asks(ctx), names)
}

// only tells the same of a field that is looked at ahead.
func (f fieldAhead) only(names []string) bool { return only(f.asks, names) }

func only(asked []graphql.CollectedField, names []string) bool {
	return !slices.ContainsFunc(asked, func(part graphql.CollectedField) bool { return !slices.Contains(names, part.Name) })
}

// walk is rows on one of their ways.
type walk struct {
	rows  []any
	field fieldAhead
	step  step
}

// ahead asks for all that the rows of a list lead to which is being resolved.
func ahead[R any](ctx context.Context, kind string, rows []R) {
	l := loadersOf(ctx)
	field := graphql.GetFieldContext(ctx)
	if field == nil || len(rows) == 0 {
		return
	}
	for level := waysOf(ctx, kind, each(rows), field.Field); len(level) > 0; level = next(ctx, l, level) {
		asked := map[aheadLoader][]any{}
		var order []aheadLoader
		for _, w := range level {
			if w.step.keys == nil {
				continue
			}
			for _, row := range w.rows {
				from, key := w.step.keys(l, row, w.field)
				if from == nil {
					continue
				}
				if asked[from] == nil {
					order = append(order, from)
				}
				asked[from] = append(asked[from], key)
			}
		}
		for _, from := range order {
			from.loadAhead(ctx, asked[from])
		}
	}
}

// aheadOf asks for all that the one thing leads to which is being resolved, where there is one.
func aheadOf[R any](ctx context.Context, kind string, row *R) {
	if row != nil {
		ahead(ctx, kind, []*R{row})
	}
}

// next is the ways that go on from what was loaded.
func next(ctx context.Context, l *loaders, level []walk) (ways []walk) {
	for _, w := range level {
		if w.step.then == nil && w.step.to == "" {
			continue
		}
		var rows []any
		for _, row := range w.rows {
			rows = append(rows, w.step.rows(l, row, w.field)...)
		}
		switch {
		case len(rows) == 0:
		case w.step.then != nil:
			ways = append(ways, walk{rows, w.field, *w.step.then})
		default:
			ways = append(ways, waysOf(ctx, w.step.to, rows, w.field.CollectedField)...)
		}
	}
	return ways
}

// waysOf is where the fields lead that are asked of rows, which are what another field answers with.
func waysOf(ctx context.Context, kind string, rows []any, of graphql.CollectedField) (ways []walk) {
	for _, field := range rowFields(ctx, kind, of) {
		known := steps[kind+"."+field.Name]
		if known == nil {
			continue
		}
		asked := fieldAhead{CollectedField: field, asks: below(ctx, field, field.Definition.Type.Name())}
		if isConnection(field) {
			window, err := windowOf(ctx, field)
			if err != nil {
				continue // the field is refused
			}
			asked.window = window
		}
		asked.days, asked.order = rangeOf(ctx, field), orderOf(ctx, field)
		for _, s := range known {
			ways = append(ways, walk{rows, asked, s})
		}
	}
	return ways
}

func isConnection(field graphql.CollectedField) bool {
	return strings.HasSuffix(field.Definition.Type.Name(), "Connection")
}

// windowOf is the page that a field asks for.
func windowOf(ctx context.Context, field graphql.CollectedField) (page.Window, error) {
	given := field.ArgumentMap(graphql.GetOperationContext(ctx).Variables)
	var first *int32
	var after *string
	if value, ok := given["first"]; ok && value != nil {
		size, err := graphql.UnmarshalInt32(value)
		if err != nil {
			return page.Window{}, err
		}
		first = &size
	}
	if value, ok := given["after"].(string); ok {
		after = &value
	}
	return page.Read(first, after)
}

// rangeOf is the range of days that a field asks for, if it does. One that is no range is refused by the field.
func rangeOf(ctx context.Context, field graphql.CollectedField) (days ledger.Range) {
	given := field.ArgumentMap(graphql.GetOperationContext(ctx).Variables)
	for name, day := range map[string]*commission.Date{"from": &days.From, "to": &days.To} {
		if text, ok := given[name].(string); ok {
			*day, _ = commission.ParseDate(text)
		}
	}
	return days
}

// orderOf is the order of the report that a field asks for, if it does.
func orderOf(ctx context.Context, field graphql.CollectedField) ledger.Order {
	given, ok := field.ArgumentMap(graphql.GetOperationContext(ctx).Variables)["orderBy"].(map[string]any)
	if !ok {
		return ledger.LatestFirst
	}
	by, _ := given["field"].(string)
	direction, _ := given["direction"].(string)
	return ledger.Order{Field: ledger.OrderField(by), Descending: direction == string(model.OrderDirectionDesc)}
}

// rowFields is the fields that are asked of the rows of a field, be it one object, a list or a page.
func rowFields(ctx context.Context, kind string, of graphql.CollectedField) []graphql.CollectedField {
	if !isConnection(of) {
		return below(ctx, of, kind)
	}
	var fields []graphql.CollectedField
	for _, part := range below(ctx, of, of.Definition.Type.Name()) {
		switch part.Name {
		case "nodes":
			fields = append(fields, below(ctx, part, kind)...)
		case "edges":
			for _, inner := range below(ctx, part, part.Definition.Type.Name()) {
				if inner.Name == "node" {
					fields = append(fields, below(ctx, inner, kind)...)
				}
			}
		}
	}
	return fields
}

// asks is the fields that are asked for below the one that is being resolved.
func asks(ctx context.Context) []graphql.CollectedField {
	field := graphql.GetFieldContext(ctx)
	if field == nil {
		return nil
	}
	return below(ctx, field.Field, field.Field.Definition.Type.Name())
}

// below is the fields that are asked for below a field, of an object of a type, those of fragments included.
func below(ctx context.Context, field graphql.CollectedField, kind string) []graphql.CollectedField {
	return graphql.CollectFields(graphql.GetOperationContext(ctx), field.Selections, []string{kind, "Node"})
}
