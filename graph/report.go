package graph

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/generated/model"
	"partner.example/referrals/graph/page"
	"partner.example/referrals/graph/scalar"
)

// ReferralReport is the report of the network.
func (r networkResolver) ReferralReport(ctx context.Context, n *ent.Network, from, to commission.Date, filter *model.ReferralReportFilter) (*ledger.Report, error) {
	var narrowed ledger.Filter
	if filter != nil {
		var err error
		if narrowed.Search, err = words("filter.search", or(filter.Search, "")); err != nil {
			return nil, err
		}
		narrowed.Status, narrowed.Type = or(filter.Status, ""), or(filter.Type, "")
		narrowed.States = filter.State.Value()
		if id, ok := given(filter.Referrer); ok {
			narrowed.ReferrerID = orNobody(id.Of(scalar.Partner))
		}
		if id, ok := given(filter.Referred); ok {
			narrowed.ReferredID = orNobody(id.Of(scalar.Partner))
		}
		if id, ok := given(filter.Manager); ok {
			narrowed.ManagerID = orNobody(id.Of(scalar.Account))
		}
	}
	return r.Ledger.Report(ctx, n, ledger.Range{From: from, To: to}, narrowed)
}

// orNobody keeps an id of something else from meaning that nothing is filtered: nobody has the id -1.
func orNobody(id int) int {
	if id == 0 {
		return -1
	}
	return id
}

// Currency is the ISO 4217 code.
func (r referralReportResolver) Currency(_ context.Context, report *ledger.Report) (string, error) {
	return string(report.Currency), nil
}

// TimeZone is the IANA name.
func (r referralReportResolver) TimeZone(_ context.Context, report *ledger.Report) (string, error) {
	return string(report.Zone), nil
}

// Rows is a page of the report, in the order that the first page had.
func (r referralReportResolver) Rows(ctx context.Context, report *ledger.Report, orderBy *model.ReferralReportOrder, first *int32, after *string) (*page.ReportRows, error) {
	size, err := page.Size(first)
	if err != nil {
		return nil, err
	}
	of := reportPageOf{Report: report, by: ledger.LatestFirst, first: size}
	if orderBy != nil {
		of.by = ledger.Order{Field: orderBy.Field, Descending: orderBy.Direction == model.OrderDirectionDesc}
	}
	if after != nil {
		if of.after = *after; of.after == "" {
			return nil, page.ErrCursor()
		}
	}
	from := loadersOf(ctx).reportRows
	_, known := from.ahead(of) // with what its rows refer to
	rows, err := from.Load(ctx, of)
	if err = cmp.Or(err, rows.err); err != nil {
		return nil, err
	}
	if !known {
		ahead(ctx, "ReferralReportRow", rows.value.Nodes())
	}
	return rows.value, nil
}

// reportsOf computes the reports of partners, those of one network and range together.
func (r *Resolver) reportsOf(ctx context.Context, asked []reportOf) (map[reportOf]tried[*ledger.Report], error) {
	reports := make(map[reportOf]tried[*ledger.Report], len(asked))
	alike := map[reportOf][]int{} // by what is the same for several partners
	for _, of := range asked {
		group := reportOf{networkID: of.networkID, days: of.days}
		alike[group] = append(alike[group], of.partnerID)
	}
	for of, partners := range alike {
		var found map[int]*ledger.Report
		n, err := one(ctx, loadersOf(ctx).network, of.networkID, "network")
		if err == nil {
			found, err = r.Ledger.Reports(ctx, n, of.days, partners)
		}
		for _, of.partnerID = range partners {
			reports[of] = tried[*ledger.Report]{found[of.partnerID], err}
		}
	}
	return reports, nil
}

// turnedAtOnce is of how many reports that are shown together the orders are kept. Nobody turns the pages of more, which would
// push out what others turn.
const turnedAtOnce = 4

// reportPages cuts pages of reports. Their rows know the names of their partners, and how they pay is known too: it came with
// the report, and whoever sees a row sees that.
func (r *Resolver) reportPages(ctx context.Context, asked []reportPageOf) (map[reportPageOf]tried[*page.ReportRows], error) {
	cuts := make([]cut, len(asked))
	shown := make([]ledger.Page, len(asked))
	for i, of := range asked {
		cuts[i] = r.cut(ctx, of, len(asked) <= turnedAtOnce)
		shown[i] = ledger.Page{Report: of.Report, Keys: cuts[i].keys[cuts[i].begin:cuts[i].end]}
	}
	rows, err := r.Ledger.Pages(ctx, shown...)
	if err != nil {
		return nil, err
	}
	if err := r.Ledger.Name(ctx, slices.Concat(rows...)); err != nil {
		return nil, err
	}
	pages := make(map[reportPageOf]tried[*page.ReportRows], len(asked))
	paying := map[int]*ent.CommissionStructure{}
	for i, of := range asked {
		pages[of] = tried[*page.ReportRows]{cuts[i].page(rows[i]), cuts[i].err}
		for _, row := range rows[i] {
			if s := of.Structures[row.StructureID]; s != nil {
				paying[s.ID] = s
			}
		}
	}
	loadersOf(ctx).structure.keep(slices.Collect(maps.Keys(paying)), paying)
	return pages, nil
}

// cut is the keys of a report's rows in an order, and which of them a page shows: none where it is refused.
type cut struct {
	order      string // under which the keys are kept; "": they are not
	keys       []ledger.RowKey
	begin, end int
	err        error
}

func (r *Resolver) cut(ctx context.Context, of reportPageOf, keep bool) (c cut) {
	if v, _ := viewer.From(ctx); !of.by.ShownTo(v.Role) {
		c.err = commission.Refuse(commission.Forbidden, "orderBy.field", "the role %s may not sort by %s", v.Role, of.by.Field)
		return c
	}
	keys, err := r.Ledger.Sorted(ctx, of.Report, of.by)
	if err != nil {
		c.err = err
		return c
	}
	if of.after != "" {
		order, key, _ := strings.Cut(page.Decode(of.after), "/")
		resumed, begin, found := r.orders.resume(order, parseKey(key), keys)
		if !found {
			c.err = page.ErrCursor()
			return c
		}
		keys, c.begin, c.order = resumed, begin, order
	}
	c.keys, c.end = keys, min(c.begin+of.first, len(keys))
	if keep && c.end < len(keys) && c.order == "" {
		c.order = r.orders.keep(keys)
	}
	return c
}

// page is the rows that it shows.
func (c cut) page(rows []*ledger.Row) *page.ReportRows {
	return page.With(rows, func(row *ledger.Row) string {
		return c.order + "/" + writeKey(ledger.RowKey{ReferralID: row.ReferralID, TermID: row.TermID})
	}, len(c.keys), c.end < len(c.keys), c.begin > 0)
}

// ID is opaque: a row is a term or, tracked only, a referral.
func (r referralReportRowResolver) ID(_ context.Context, row *ledger.Row) (*scalar.ID, error) {
	if row.TermID == 0 {
		return idOf("ReferralReportRow.Referral", row.ReferralID)
	}
	return idOf("ReferralReportRow.Term", row.TermID)
}

// Referral is the one that the row is of. Whoever sees the row sees that, so that for its id nothing is read.
func (r referralReportRowResolver) Referral(ctx context.Context, row *ledger.Row) (*ent.Referral, error) {
	if asksOnly(ctx, itself) {
		return &ent.Referral{ID: row.ReferralID}, nil
	}
	return one(ctx, loadersOf(ctx).referral, row.ReferralID, "referral")
}

// Term is the one that the row is, if any.
func (r referralReportRowResolver) Term(ctx context.Context, row *ledger.Row) (*ent.ReferralTerm, error) {
	if row.TermID != 0 && asksOnly(ctx, itself) {
		return &ent.ReferralTerm{ID: row.TermID}, nil
	}
	return maybe(ctx, loadersOf(ctx).term, &row.TermID)
}

// Referrer is who earns.
func (r referralReportRowResolver) Referrer(ctx context.Context, row *ledger.Row) (*ent.Partner, error) {
	if asksOnly(ctx, introduced) {
		return &ent.Partner{ID: row.ReferrerID, Name: row.ReferrerName, Status: row.ReferrerStatus}, nil
	}
	return one(ctx, loadersOf(ctx).partner, row.ReferrerID, "partner")
}

// Referred is who was referred.
func (r referralReportRowResolver) Referred(ctx context.Context, row *ledger.Row) (*ent.Partner, error) {
	if asksOnly(ctx, introduced) {
		return &ent.Partner{ID: row.ReferredID, Name: row.ReferredName, Status: row.ReferredStatus}, nil
	}
	return one(ctx, loadersOf(ctx).partner, row.ReferredID, "partner")
}

// Structure is how the row pays, if it does.
func (r referralReportRowResolver) Structure(ctx context.Context, row *ledger.Row) (*ent.CommissionStructure, error) {
	return maybe(ctx, loadersOf(ctx).structure, &row.StructureID)
}

// Lines is the invoice lines that pay a part of the row.
func (r referralReportRowResolver) Lines(ctx context.Context, row *ledger.Row, first *int32, after *string) (*page.RowLines, error) {
	window, err := page.Read(first, after)
	if err != nil {
		return nil, err
	}
	if row.TermID == 0 {
		return page.Of(window, []*ledger.RowLine(nil), 0, nil), nil
	}
	all, err := loadersOf(ctx).termLines.Load(ctx, termIn{row.TermID, row.Days})
	if err != nil {
		return nil, err
	}
	structure, err := r.Structure(ctx, row)
	if err != nil {
		return nil, err
	}
	pays := ledger.StructureOf(structure)
	v, _ := viewer.From(ctx)
	var lines []*ledger.RowLine
	total := 0
	for _, l := range all {
		billed := row.Currency.Round(pays.Earned(l.Sums))
		if v.Is(commission.PartnerUser) && billed.IsZero() { // it would say that there was something
			continue
		}
		total++
		if at := window.After; (at == nil || l.LineID < at.Row) && len(lines) <= window.First {
			lines = append(lines, &ledger.RowLine{LineID: l.LineID, Billed: billed})
		}
	}
	ahead(ctx, "ReferralReportRowLine", lines)
	return page.Of(window, lines, total, func(l *ledger.RowLine) page.Position { return page.Position{Row: l.LineID} }), nil
}

// Reason is why the row shows what it does.
func (r referralReportRowResolver) Reason(ctx context.Context, row *ledger.Row) (commission.Reason, error) {
	reason, _, err := r.explain(ctx, row)
	return reason, err
}

// Explanation is the reason in a sentence.
func (r referralReportRowResolver) Explanation(ctx context.Context, row *ledger.Row) (string, error) {
	_, text, err := r.explain(ctx, row)
	return text, err
}

func (r referralReportRowResolver) explain(ctx context.Context, row *ledger.Row) (commission.Reason, string, error) {
	stored, err := r.Structure(ctx, row)
	if err != nil || stored == nil {
		reason, text := row.Explain(ctx, nil)
		return reason, text, err
	}
	structure := ledger.StructureOf(stored)
	reason, text := row.Explain(ctx, &structure)
	return reason, text, nil
}

// ReachedAt is the start of the day on which the threshold was reached.
func (r referralThresholdResolver) ReachedAt(ctx context.Context, threshold *ledger.Threshold) (*time.Time, error) {
	if threshold.Progress.LessThan(threshold.Target) {
		return nil, nil //nolint:nilnil // not yet
	}
	from := loadersOf(ctx)
	day, err := from.reachedOn.Load(ctx, threshold.TermID)
	if isMissing(err) {
		return nil, nil //nolint:nilnil // taken back this moment
	}
	if err != nil {
		return nil, err
	}
	start := threshold.StartOf(day)
	return &start, nil
}

// writeKey writes the key of a row into a cursor.
func writeKey(key ledger.RowKey) string {
	return strconv.Itoa(key.ReferralID) + "." + strconv.Itoa(key.TermID)
}

// parseKey is the key that was written so; one of no row for what is none.
func parseKey(text string) ledger.RowKey {
	referral, term, _ := strings.Cut(text, ".")
	r, referralErr := strconv.Atoi(referral)
	t, termErr := strconv.Atoi(term)
	if referralErr != nil || termErr != nil {
		return ledger.RowKey{}
	}
	return ledger.RowKey{ReferralID: r, TermID: t}
}
