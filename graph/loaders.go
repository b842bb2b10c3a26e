package graph

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"sync"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/vikstrous/dataloadgen"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/account"
	"partner.example/referrals/ent/generated/auditevent"
	"partner.example/referrals/ent/generated/commissionstructure"
	"partner.example/referrals/ent/generated/commissionvoid"
	"partner.example/referrals/ent/generated/conversion"
	"partner.example/referrals/ent/generated/datedchange"
	"partner.example/referrals/ent/generated/invoice"
	"partner.example/referrals/ent/generated/invoiceline"
	"partner.example/referrals/ent/generated/network"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/generated/referral"
	"partner.example/referrals/ent/generated/referralterm"
	"partner.example/referrals/ent/generated/retroactivegrant"
	"partner.example/referrals/ent/generated/token"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/graph/page"
)

// loaders collect what the resolvers of one request ask for, so that each kind is one statement for a whole
// page. They read as the viewer: what it does not see is not there.
type loaders struct {
	account       *loader[int, *ent.Account]
	event         *loader[int, *ent.AuditEvent]
	token         *loader[int, *ent.Token]
	tokens        *loader[int, []*ent.Token] // of an account
	conversion    *loader[int, *ent.Conversion]
	conversions   *loader[conversionsOf, []*ent.Conversion]
	conversionsIn *loader[ledger.Counted, int] // how many
	grant         *loader[int, *ent.RetroactiveGrant]
	grantTerm     *loader[int, *ent.ReferralTerm] // of a grant
	void          *loader[int, *ent.CommissionVoid]
	voids         *loader[int, []*ent.CommissionVoid] // of a term
	invoice       *loader[int, *ent.Invoice]
	line          *loader[int, *ent.InvoiceLine]
	lines         *loader[int, []*ent.InvoiceLine] // of an invoice
	lineDays      *loader[daysOf, []ledger.DaySums]
	lineDaysIn    *loader[ledger.Line, int]      // how many
	broughtBack   *loader[int, *ent.InvoiceLine] // by another line
	termLines     *loader[termIn, []ledger.LineSums]
	termDays      *loader[termIn, []ledger.TermDaySums]
	network       *loader[int, *ent.Network]
	partner       *loader[int, *ent.Partner]
	structure     *loader[int, *ent.CommissionStructure]
	referral      *loader[int, *ent.Referral]
	term          *loader[int, *ent.ReferralTerm]
	terms         *loader[int, []*ent.ReferralTerm] // of a referral
	superseded    *loader[int, *time.Time]          // when a term was
	dated         *loader[int, *ent.DatedChange]
	pending       *loader[int, []*ent.DatedChange]         // of a partner's setting
	referralsMade *loader[int, int]                        // how many, of a partner
	referrals     *loader[partOf, []*ent.Referral]         // of a partner
	invoicesIn    *loader[int, int]                        // how many, of a partner
	invoices      *loader[partOf, []*ent.Invoice]          // of a partner
	reports       *loader[reportOf, tried[*ledger.Report]] // of a partner
	reportRows    *loader[reportPageOf, tried[*page.ReportRows]]
	reachedOn     *loader[int, commission.Date]
	timeline      *loader[int, []*ledger.Event] // of a referral
	actor         *loader[*ledger.Event, *ent.AuditEvent]
	explained     *loader[*ent.Conversion, *ledger.Explained]
	payoutLine    *loader[int, int] // the id of the line that pays an earning day
	cost          *loader[*program.Impact, cost]
	looks         looks

	reconciliation *loader[int, *ledger.Reconciliation] // of a network
}

// partOf is one page of what a partner has of one kind, the latest first.
type partOf struct {
	partnerID int
	first     int
	before    int // the row behind which the page begins, by its place; 0: from the beginning
}

// conversionsOf is one page of the conversions that are counted together.
type conversionsOf struct {
	ledger.Counted
	first int
	after int // the id of the conversion behind which the page begins; 0: from the beginning
}

// daysOf is one page of the days of an invoice line.
type daysOf struct {
	ledger.Line
	first int
	after commission.Date // the day behind which the page begins
}

// reportOf is the report of one partner.
type reportOf struct {
	networkID, partnerID int
	days                 ledger.Range
}

// reportPageOf is a page of a report.
type reportPageOf struct {
	*ledger.Report
	by    ledger.Order
	first int
	after string // the cursor behind which the page begins; "": from the beginning
}

// tried is what one of many came to, which may be refused by itself.
type tried[V any] struct {
	value V
	err   error
}

// termIn is a row of the report: a term in a range of days.
type termIn struct {
	id   int
	days ledger.Range
}

type loadersKey struct{}

// withLoaders has loaders made for a request when the first of them is asked.
func (r *Resolver) withLoaders(ctx context.Context) context.Context {
	return context.WithValue(ctx, loadersKey{}, sync.OnceValue(func() *loaders {
		l := r.newLoaders()
		l.knowWhoAsks(ctx)
		return l
	}))
}

func loadersOf(ctx context.Context) *loaders {
	return ctx.Value(loadersKey{}).(func() *loaders)() //nolint:forcetypeassert // withLoaders put it there
}

func (r *Resolver) newLoaders() *loaders {
	return &loaders{
		account: byID(func(ctx context.Context, ids []int) ([]*ent.Account, error) {
			return r.DB.Account.Query().Where(account.IDIn(ids...)).All(ctx)
		}, func(a *ent.Account) int { return a.ID }),
		event: byID(func(ctx context.Context, ids []int) ([]*ent.AuditEvent, error) {
			return r.DB.AuditEvent.Query().Where(auditevent.IDIn(ids...)).All(ctx)
		}, func(e *ent.AuditEvent) int { return e.ID }),
		token: byID(func(ctx context.Context, ids []int) ([]*ent.Token, error) {
			return r.DB.Token.Query().Where(token.IDIn(ids...)).All(ctx)
		}, func(t *ent.Token) int { return t.ID }),
		tokens: loading(r.tokensOf),
		conversion: byID(func(ctx context.Context, ids []int) ([]*ent.Conversion, error) {
			return r.DB.Conversion.Query().Where(conversion.IDIn(ids...)).All(ctx)
		}, func(c *ent.Conversion) int { return c.ID }),
		conversions:   loading(r.conversionPages),
		conversionsIn: loading(r.Ledger.CountConversions),
		grant: byID(func(ctx context.Context, ids []int) ([]*ent.RetroactiveGrant, error) {
			return r.DB.RetroactiveGrant.Query().Where(retroactivegrant.IDIn(ids...)).All(ctx)
		}, func(g *ent.RetroactiveGrant) int { return g.ID }),
		grantTerm: byID(func(ctx context.Context, grants []int) ([]*ent.ReferralTerm, error) {
			return r.DB.ReferralTerm.Query().Where(referralterm.GrantIDIn(grants...)).All(ctx)
		}, func(t *ent.ReferralTerm) int { return *t.GrantID }),
		void: byID(func(ctx context.Context, ids []int) ([]*ent.CommissionVoid, error) {
			return r.DB.CommissionVoid.Query().Where(commissionvoid.IDIn(ids...)).All(ctx)
		}, func(v *ent.CommissionVoid) int { return v.ID }),
		voids: loading(r.voidsOf),
		invoice: byID(func(ctx context.Context, ids []int) ([]*ent.Invoice, error) {
			return r.DB.Invoice.Query().Where(invoice.IDIn(ids...)).All(ctx)
		}, func(i *ent.Invoice) int { return i.ID }),
		line: byID(func(ctx context.Context, ids []int) ([]*ent.InvoiceLine, error) {
			return r.DB.InvoiceLine.Query().Where(invoiceline.IDIn(ids...)).All(ctx)
		}, func(l *ent.InvoiceLine) int { return l.ID }),
		lines:      loading(r.linesOf),
		lineDays:   loading(r.lineDayPages),
		lineDaysIn: loading(r.Ledger.CountLineDays),
		broughtBack: byID(func(ctx context.Context, ids []int) ([]*ent.InvoiceLine, error) {
			return r.DB.InvoiceLine.Query().Where(invoiceline.CarriedByIn(ids...)).All(ctx)
		}, func(l *ent.InvoiceLine) int { return *l.CarriedBy }),
		termDays:  loading(r.termDaysOf),
		termLines: loading(r.termLinesOf),
		network: byID(func(ctx context.Context, ids []int) ([]*ent.Network, error) {
			return r.DB.Network.Query().Where(network.IDIn(ids...)).All(ctx)
		}, func(n *ent.Network) int { return n.ID }),
		partner: byID(func(ctx context.Context, ids []int) ([]*ent.Partner, error) {
			return r.readPartners(ctx).Where(partner.IDIn(ids...)).All(ctx)
		}, func(p *ent.Partner) int { return p.ID }),
		structure: byID(func(ctx context.Context, ids []int) ([]*ent.CommissionStructure, error) {
			return r.DB.CommissionStructure.Query().Where(commissionstructure.IDIn(ids...)).All(ctx)
		}, func(s *ent.CommissionStructure) int { return s.ID }),
		referral: byID(func(ctx context.Context, ids []int) ([]*ent.Referral, error) {
			return r.DB.Referral.Query().Where(referral.IDIn(ids...)).All(ctx)
		}, func(r *ent.Referral) int { return r.ID }),
		term: byID(func(ctx context.Context, ids []int) ([]*ent.ReferralTerm, error) {
			return r.DB.ReferralTerm.Query().Where(referralterm.IDIn(ids...)).All(ctx)
		}, func(t *ent.ReferralTerm) int { return t.ID }),
		dated: byID(func(ctx context.Context, ids []int) ([]*ent.DatedChange, error) {
			return r.DB.DatedChange.Query().Where(datedchange.IDIn(ids...)).All(ctx)
		}, func(d *ent.DatedChange) int { return d.ID }),
		pending: loading(r.pendingOf),
		terms:   loading(r.termsOf),
		referralsMade: loading(func(ctx context.Context, partners []int) (map[int]int, error) {
			return r.referralsMadeBy.of(standingOf(ctx), partners, func(partners []int) (map[int]int, error) {
				return referralsMade.count(ctx, r.DB, partners)
			})
		}),
		referrals: loading(func(ctx context.Context, pages []partOf) (map[partOf][]*ent.Referral, error) {
			return pagesOf(ctx, r.DB, referralsMade, pages, func(ids []int) ([]*ent.Referral, error) {
				return r.DB.Referral.Query().Where(referral.IDIn(ids...)).Order(referral.ByID(sql.OrderDesc())).All(ctx)
			}, func(made *ent.Referral) int { return made.ReferrerID })
		}),
		invoicesIn: loading(func(ctx context.Context, partners []int) (map[int]int, error) {
			return invoicesOf.count(ctx, r.DB, partners)
		}),
		invoices: loading(func(ctx context.Context, pages []partOf) (map[partOf][]*ent.Invoice, error) {
			return pagesOf(ctx, r.DB, invoicesOf, pages, func(ids []int) ([]*ent.Invoice, error) {
				return r.DB.Invoice.Query().Where(invoice.IDIn(ids...)).Order(invoice.ByNumber(sql.OrderDesc())).All(ctx)
			}, func(i *ent.Invoice) int { return i.PartnerID })
		}),
		reports:    loading(r.reportsOf),
		reportRows: loading(r.reportPages),
		superseded: loading(r.Ledger.SupersededAt),
		reachedOn:  loading(r.Ledger.ReachedOn),
		timeline:   loading(r.Ledger.Timelines),
		actor:      loading(r.actors),
		explained:  loading(r.explain),
		payoutLine: loading(r.Ledger.PayoutLines),
		cost:       loading(r.costs),

		reconciliation: loading(r.reconciliations),
	}
}

func (r *Resolver) termsOf(ctx context.Context, referrals []int) (map[int][]*ent.ReferralTerm, error) {
	found, err := r.DB.ReferralTerm.Query().
		Where(referralterm.ReferralIDIn(referrals...), referralterm.Or(referralterm.StopReasonIsNil(), referralterm.StopReasonNEQ(commission.Revoked))).
		Order(referralterm.ByReferredDate()).All(ctx)
	terms := make(map[int][]*ent.ReferralTerm, len(referrals))
	for _, id := range referrals {
		terms[id] = []*ent.ReferralTerm{}
	}
	for _, term := range found {
		terms[term.ReferralID] = append(terms[term.ReferralID], term)
	}
	return terms, err
}

func (r *Resolver) voidsOf(ctx context.Context, terms []int) (map[int][]*ent.CommissionVoid, error) {
	found, err := r.DB.CommissionVoid.Query().Where(commissionvoid.TermIDIn(terms...)).Order(commissionvoid.ByID(sql.OrderDesc())).All(ctx)
	voids := make(map[int][]*ent.CommissionVoid, len(terms))
	for _, id := range terms {
		voids[id] = []*ent.CommissionVoid{}
	}
	for _, void := range found {
		voids[void.TermID] = append(voids[void.TermID], void)
	}
	return voids, err
}

func (r *Resolver) linesOf(ctx context.Context, invoices []int) (map[int][]*ent.InvoiceLine, error) {
	found, err := r.DB.InvoiceLine.Query().Where(invoiceline.InvoiceIDIn(invoices...)).Order(invoiceline.ByID()).All(ctx)
	lines := make(map[int][]*ent.InvoiceLine, len(invoices))
	for _, id := range invoices {
		lines[id] = []*ent.InvoiceLine{}
	}
	for _, line := range found {
		lines[line.InvoiceID] = append(lines[line.InvoiceID], line)
	}
	return lines, err
}

func (r *Resolver) tokensOf(ctx context.Context, accounts []int) (map[int][]*ent.Token, error) {
	found, err := r.DB.Token.Query().Where(token.AccountIDIn(accounts...)).Order(token.ByID(sql.OrderDesc())).All(ctx)
	tokens := make(map[int][]*ent.Token, len(accounts))
	for _, id := range accounts {
		tokens[id] = []*ent.Token{}
	}
	for _, t := range found {
		tokens[t.AccountID] = append(tokens[t.AccountID], t)
	}
	return tokens, err
}

// had is the rows of a table that partners have, each of one kind in an order of its own.
type had struct {
	table string
	by    string // the column that names the partner
	place string // the column that orders what one partner has, never twice the same
	seen  rule.Roles
}

var (
	referralsMade = had{"referral", referral.FieldReferrerID, referral.FieldID, rule.Referrals}
	invoicesOf    = had{"invoice", invoice.FieldPartnerID, invoice.FieldNumber, rule.Invoices}
)

// of selects what some partners have and the viewer sees.
func (h had) of(ctx context.Context, db *database.Database, partners []int) (rows *sql.SelectTable, query *sql.Selector, err error) {
	rows = sql.Table(h.table)
	query = sql.Dialect(db.Dialect()).Select().From(rows).Where(sql.InInts(rows.C(h.by), partners...))
	return rows, query, h.seen.Narrow(ctx, query)
}

// count is how many each partner has.
func (h had) count(ctx context.Context, db *database.Database, partners []int) (map[int]int, error) {
	counts := make(map[int]int, len(partners))
	for _, id := range partners {
		counts[id] = 0
	}
	rows, query, err := h.of(ctx, db, partners)
	if err != nil {
		return nil, err
	}
	statement, args := query.Select(rows.C(h.by), sql.Count("*")).GroupBy(rows.C(h.by)).Query()
	return counts, database.Each(ctx, db, statement, args, func(row *stdsql.Rows) error {
		var partner, count int
		err := row.Scan(&partner, &count)
		counts[partner] = count
		return err
	})
}

// pagesOf finds for each of many partners the first of what it has behind a place, with one more to tell whether there
// are more. Find reads rows in the order of the pages.
func pagesOf[R any](ctx context.Context, db *database.Database, h had, pages []partOf, find func(ids []int) ([]R, error), partner func(R) int) (map[partOf][]R, error) {
	type window struct{ first, before int }
	alike := map[window][]int{}
	found := make(map[partOf][]R, len(pages))
	for _, p := range pages {
		found[p] = nil
		alike[window{p.first, p.before}] = append(alike[window{p.first, p.before}], p.partnerID)
	}
	for at, partners := range alike {
		rows, query, err := h.of(ctx, db, partners)
		if err != nil {
			return nil, err
		}
		if at.before != 0 {
			query.Where(sql.LT(rows.C(h.place), at.before))
		}
		query.Select(rows.C("id")).AppendSelectExprAs(sql.RowNumber().PartitionBy(rows.C(h.by)).OrderExpr(sql.Expr(rows.C(h.place)+" DESC")), "place")
		statement, args := query.Query()
		var ids []int
		err = database.Each(ctx, db, fmt.Sprintf("SELECT id FROM (%s) AS numbered WHERE place <= %d", statement, at.first+1), args, func(row *stdsql.Rows) error {
			var id int
			err := row.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return nil, err
		}
		its, err := find(ids)
		if err != nil {
			return nil, err
		}
		for _, row := range its {
			key := partOf{partner(row), at.first, at.before}
			found[key] = append(found[key], row)
		}
	}
	return found, nil
}

// conversionPages finds for each of many sums the first conversions behind a place, with one more to tell whether
// there are more.
func (r *Resolver) conversionPages(ctx context.Context, pages []conversionsOf) (map[conversionsOf][]*ent.Conversion, error) {
	type window struct{ first, after int }
	alike := map[window][]ledger.Counted{}
	found := make(map[conversionsOf][]*ent.Conversion, len(pages))
	for _, p := range pages {
		found[p] = nil
		alike[window{p.first, p.after}] = append(alike[window{p.first, p.after}], p.Counted)
	}
	for at, sums := range alike {
		counted, err := r.Ledger.Conversions(ctx, sums, at.first+1, at.after)
		if err != nil {
			return nil, err
		}
		var ids []int
		for _, some := range counted {
			ids = append(ids, some...)
		}
		rows, err := r.DB.Conversion.Query().Where(conversion.IDIn(ids...)).All(ctx)
		if err != nil {
			return nil, err
		}
		byID := make(map[int]*ent.Conversion, len(rows))
		for _, row := range rows {
			byID[row.ID] = row
		}
		for sum, some := range counted {
			key := conversionsOf{sum, at.first, at.after}
			for _, id := range some {
				found[key] = append(found[key], byID[id])
			}
		}
	}
	return found, nil
}

// lineDayPages finds of each of many lines the first days behind one, with one more to tell whether there are more.
func (r *Resolver) lineDayPages(ctx context.Context, pages []daysOf) (map[daysOf][]ledger.DaySums, error) {
	type window struct {
		first int
		after commission.Date
	}
	alike := map[window][]ledger.Line{}
	found := make(map[daysOf][]ledger.DaySums, len(pages))
	for _, p := range pages {
		found[p] = nil
		alike[window{p.first, p.after}] = append(alike[window{p.first, p.after}], p.Line)
	}
	for at, lines := range alike {
		days, err := r.Ledger.LineDays(ctx, lines, at.first+1, at.after)
		if err != nil {
			return nil, err
		}
		for line, its := range days {
			found[daysOf{line, at.first, at.after}] = its
		}
	}
	return found, nil
}

func (r *Resolver) termLinesOf(ctx context.Context, rows []termIn) (map[termIn][]ledger.LineSums, error) {
	return byRange(rows, func(terms []int, days ledger.Range) (map[int][]ledger.LineSums, error) {
		return r.Ledger.TermLines(ctx, terms, days)
	})
}

func (r *Resolver) termDaysOf(ctx context.Context, rows []termIn) (map[termIn][]ledger.TermDaySums, error) {
	return byRange(rows, func(terms []int, days ledger.Range) (map[int][]ledger.TermDaySums, error) {
		return r.Ledger.TermDays(ctx, terms, days)
	})
}

// byRange reads something of terms for each range of days: those of one list are all of one.
func byRange[V any](rows []termIn, read func(terms []int, days ledger.Range) (map[int][]V, error)) (map[termIn][]V, error) {
	alike := map[ledger.Range][]int{}
	for _, row := range rows {
		alike[row.days] = append(alike[row.days], row.id)
	}
	found := make(map[termIn][]V, len(rows))
	for days, terms := range alike {
		parts, err := read(terms, days)
		if err != nil {
			return nil, err
		}
		for _, term := range terms {
			found[termIn{term, days}] = parts[term]
		}
	}
	return found, nil
}

// one loads an entity that must be there; ErrNotFound where the viewer does not see it.
func one[V any](ctx context.Context, from *loader[int, V], id int, noun string) (V, error) {
	found, err := from.Load(ctx, id)
	if isMissing(err) {
		var none V
		return none, commission.ErrNotFound("", noun)
	}
	return found, err
}

// maybe loads an entity that may be absent, or not the viewer's to see: nil for both.
func maybe[V any](ctx context.Context, from *loader[int, *V], id *int) (*V, error) {
	if id == nil || *id == 0 {
		return nil, nil //nolint:nilnil // absent
	}
	found, err := from.Load(ctx, *id)
	if isMissing(err) {
		return nil, nil //nolint:nilnil // not to be seen
	}
	return found, err
}

func isMissing(err error) bool { return err != nil && err == dataloadgen.ErrNotFound } //nolint:errorlint // returned as it is
