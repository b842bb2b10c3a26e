package ledger

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/ent/viewer"
)

// Range is calendar days in the network's time zone, both included [P2].
type Range struct{ From, To commission.Date }

// Check refuses a range that ends before it begins.
func (r Range) Check() error {
	if r.To < r.From {
		return commission.Refuse(commission.BadUserInput, "to", "must not be before from")
	}
	return nil
}

// Filter narrows the rows of the report [P4]. Zero values narrow nothing.
type Filter struct {
	ReferrerID int
	ReferredID int
	ManagerID  int // of the referrer
	Status     commission.ReferralStatus
	States     []commission.State
	Type       commission.Type
	Search     string // in the names of referrer and referred partner, which is all that every viewer of a row sees of both
}

// Row is one row of the referral report: a term, or a referral that is tracked only [P1].
type Row struct {
	Days              Range
	Currency          commission.Currency
	ReferralID        int
	TermID            int // 0: tracked only
	ReferrerID        int
	ReferredID        int
	StructureID       int    // 0: none
	ReferrerName      string // these four once Name has read them
	ReferredName      string
	ReferrerStatus    commission.PartnerStatus
	ReferredStatus    commission.PartnerStatus
	ReferredDate      *time.Time
	ReferralStartedAt time.Time
	WindowEndsAt      *time.Time
	Status            commission.ReferralStatus
	State             commission.State
	Conversions       int64
	BasisAmount       decimal.Decimal
	Threshold         *Threshold // nil: the structure has none
	EndedAt           *time.Time // the referral
	Term              commission.Term
	zone              *time.Location
	commission.Amounts
}

// Explain says why the row shows what it does, to whoever it is shown to [P5].
func (r *Row) Explain(ctx context.Context, structure *commission.Structure) (commission.Reason, string) {
	v, _ := viewer.From(ctx)
	facts := commission.RowFacts{
		Currency: r.Currency, Zone: r.zone, Own: v.Is(commission.PartnerUser), Referrer: r.ReferrerName, Referred: r.ReferredName,
		Days: commission.Period{From: r.Days.From, To: r.Days.To}, Structure: structure, Term: r.Term, StartedAt: r.ReferralStartedAt, EndedAt: r.EndedAt, State: r.State,
		Amounts: r.Amounts, Conversions: r.Conversions, BasisAmount: r.BasisAmount,
	}
	if r.Threshold != nil {
		facts.Threshold = &commission.Threshold{Target: r.Threshold.Target, Progress: r.Threshold.Progress}
	}
	return facts.Explain()
}

// in has the row tell times by the network's clock.
func (r *Row) in(zone *time.Location) {
	r.zone = zone
	if r.Threshold != nil {
		r.Threshold.zone = zone
	}
}

// hideBasis takes from a row what its referrer is not shown, whoever asks for it: how many conversions it was, and of
// which amount [R2].
func (r *Row) hideBasis() { r.Conversions, r.BasisAmount, r.Threshold = 0, decimal.Zero, nil }

// Threshold is the way of a term to its minimum earnings, as of now [C3].
type Threshold struct {
	TermID   int
	Target   decimal.Decimal
	Progress decimal.Decimal
	zone     *time.Location
}

// StartOf is the first moment of a day of the network's.
func (t *Threshold) StartOf(day commission.Date) time.Time { return day.Start(t.zone) }

// Totals are the sums of all rows of the filter, as shown [P4].
type Totals struct {
	Rows           int
	Conversions    int64
	Billed         decimal.Decimal
	Balance        decimal.Decimal
	Unbilled       decimal.Decimal
	BelowThreshold decimal.Decimal
}

// Report is the referral report of a network: all rows of a filter, with their totals.
type Report struct {
	Currency   commission.Currency
	Zone       commission.Zone
	Rows       []*Row
	Totals     Totals
	Structures map[int]*ent.CommissionStructure // all of the network's: a viewer sees those of its rows
}

// Report computes the referral report [P1 to P4], for the rows that the viewer sees. It takes as many statements for any
// number of rows, two at a time, and reads no conversion. Its rows have no names yet, unless they were searched.
func (l *Ledger) Report(ctx context.Context, network *ent.Network, days Range, filter Filter) (*Report, error) {
	asked, err := l.ask(ctx, network, days, filter)
	if err != nil {
		return nil, err
	}
	asked.named = asked.filter.Search != ""
	zero := network.Currency.Round(decimal.Zero)
	report := &Report{
		Currency: network.Currency, Zone: network.TimeZone,
		Totals: Totals{Billed: zero, Balance: zero, Unbilled: zero, BelowThreshold: zero},
	}
	err = l.rows(ctx, l.DB, asked, everyReferral, func(row *Row) error {
		report.add(row)
		return nil
	})
	report.Structures = asked.stored
	return report, err
}

// question is what the report is asked, and what is known for all of its rows.
type question struct {
	network *ent.Network
	zone    *time.Location
	days    Range
	filter  Filter
	now     time.Time
	own     bool // a partner asks: it is not shown what is not for it [R2]
	named   bool // the rows are to have the names of their partners

	// These are read with the first rows.
	hidden     map[int]bool // the lines that it does not see [I6]
	stored     map[int]*ent.CommissionStructure
	structures map[int]commission.Structure
}

func (l *Ledger) ask(ctx context.Context, network *ent.Network, days Range, filter Filter) (*question, error) {
	if err := days.Check(); err != nil {
		return nil, err
	}
	zone, err := network.TimeZone.Location()
	if err != nil {
		return nil, err
	}
	v, _ := viewer.From(ctx)
	asked := &question{network: network, zone: zone, days: days, filter: filter, now: commission.Moment(l.Now()), own: v.Is(commission.PartnerUser)}
	asked.filter.Search = strings.ToLower(strings.TrimSpace(filter.Search))
	if asked.own && filter.ReferrerID == 0 {
		asked.filter.ReferrerID = v.PartnerID // it sees no other rows: none is read
	}
	return asked, nil
}

// rows calls use for the rows of some referrals, those of one referral in the order of its terms.
func (l *Ledger) rows(ctx context.Context, q database.Querier, asked *question, of referrals, use func(*Row) error) error {
	var sums map[int]termSumsInRange
	var terms []*termRow
	var measures map[int]commission.Sums
	counted := func(ctx context.Context) (err error) {
		if asked.hidden == nil {
			if asked.hidden, err = hiddenLines(ctx, q); err != nil {
				return err
			}
		}
		sums, err = l.sums(ctx, q, asked, of)
		return err
	}
	told := func(ctx context.Context) (err error) {
		if terms, err = l.terms(ctx, q, asked, of); err != nil {
			return err
		}
		if err := asked.readStructures(ctx, q); err != nil { // after the terms: there is one for each
			return err
		}
		if measures, err = asked.measure(ctx, q, terms); err != nil || !asked.named {
			return err
		}
		return name(ctx, q, rowsOf(terms))
	}
	if err := l.both(ctx, q, counted, told); err != nil {
		return err
	}
	for _, t := range terms {
		if row := asked.row(t, measures[t.TermID], sums); asked.wants(row) {
			if err := use(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// both asks two things at the same time, where they need not be of one moment.
func (l *Ledger) both(ctx context.Context, q database.Querier, one, other func(context.Context) error) error {
	if q != database.Querier(l.DB) { // a snapshot, which is one connection
		if err := one(ctx); err != nil {
			return err
		}
		return other(ctx)
	}
	asking, ctx := errgroup.WithContext(ctx)
	asking.Go(func() error { return one(ctx) })
	asking.Go(func() error { return other(ctx) })
	return asking.Wait()
}

func rowsOf(terms []*termRow) []*Row {
	rows := make([]*Row, len(terms))
	for i, t := range terms {
		rows[i] = &t.Row
	}
	return rows
}

func (a *question) readStructures(ctx context.Context, q database.Querier) (err error) {
	if a.stored != nil {
		return nil
	}
	if a.stored, err = storedStructures(ctx, q, a.network.ID); err != nil {
		return err
	}
	a.structures = make(map[int]commission.Structure, len(a.stored))
	for id, stored := range a.stored {
		a.structures[id] = StructureOf(stored)
	}
	return nil
}

// measure is what the thresholds of those terms are measured on that have one [C3].
func (a *question) measure(ctx context.Context, q database.Querier, terms []*termRow) (map[int]commission.Sums, error) {
	var measured []int
	for _, t := range terms {
		if t.TermID != 0 && a.structures[t.StructureID].MinimumEarnings != nil {
			measured = append(measured, t.TermID)
		}
	}
	return Measures(ctx, q, measured)
}

// row is a term, or a referral without one, as the report shows it.
func (a *question) row(t *termRow, measure commission.Sums, sums map[int]termSumsInRange) *Row {
	row, currency := &t.Row, a.network.Currency
	row.Days, row.Currency, row.EndedAt = a.days, currency, t.endedAt
	row.Status = commission.ReferralActive
	if t.endedAt != nil {
		row.Status = commission.ReferralInactive
	}
	if t.TermID == 0 {
		row.State = commission.Tracked
	}
	structure := a.structures[t.StructureID]
	reached := false
	if t.TermID != 0 {
		threshold := structure.ThresholdOf(measure)
		if reached = threshold.Reached(); threshold != nil {
			row.Threshold = &Threshold{TermID: t.TermID, Target: currency.Exact(threshold.Target), Progress: currency.Exact(threshold.Progress)}
		}
		row.State = t.Term.State(a.now, t.referrerActive, reached)
	}
	if counted, some := sums[t.TermID]; some {
		all := counted.all()
		row.Conversions, row.BasisAmount = all.Conversions, currency.Exact(all.Of(structure.Basis()))
		row.Amounts = structure.Amounts(currency, counted.RowSums, reached, row.Status)
	} else { // as most rows of a month
		row.BasisAmount, row.Amounts = currency.Round(decimal.Zero), commission.NothingEarned(currency, row.Status)
	}
	if a.own {
		row.hideBasis()
	}
	row.in(a.zone)
	return row
}

// wants tells whether a row that was read passes the filter [P4].
func (a *question) wants(row *Row) bool {
	f := a.filter
	if f.Type != "" && (row.TermID == 0 || a.structures[row.StructureID].Commission.Type() != f.Type) {
		return false
	}
	if f.Search != "" && !strings.Contains(strings.ToLower(row.ReferrerName+"\n"+row.ReferredName), f.Search) {
		return false
	}
	return len(f.States) == 0 || slices.Contains(f.States, row.State)
}

// Name reads the names and statuses of the partners of rows, which all who see a row are shown: where they are searched or
// sorted by, or told. Rows that have them are left out.
func (l *Ledger) Name(ctx context.Context, rows []*Row) error { return name(ctx, l.DB, rows) }

func name(ctx context.Context, q database.Querier, rows []*Row) error {
	type party struct {
		name   string
		status commission.PartnerStatus
	}
	parties := map[int]party{}
	for _, row := range rows {
		if row.ReferrerName == "" {
			parties[row.ReferrerID], parties[row.ReferredID] = party{}, party{}
		}
	}
	err := database.EachIn(ctx, q, "SELECT id, name, status FROM partner WHERE id IN (%s)", nil, slices.Sorted(maps.Keys(parties)), func(row *stdsql.Rows) error {
		var id int
		var found party
		err := row.Scan(&id, &found.name, &found.status)
		parties[id] = found
		return err
	})
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.ReferrerName == "" {
			referrer, referred := parties[row.ReferrerID], parties[row.ReferredID]
			row.ReferrerName, row.ReferrerStatus = referrer.name, referrer.status
			row.ReferredName, row.ReferredStatus = referred.name, referred.status
		}
	}
	return nil
}

func (r *Report) add(row *Row) {
	r.Rows = append(r.Rows, row)
	r.Totals.Rows++
	r.Totals.Conversions += row.Conversions
	count(&r.Totals.Billed, row.Billed)
	if row.Balance != nil {
		count(&r.Totals.Balance, *row.Balance)
	}
	count(&r.Totals.Unbilled, row.Unbilled)
	count(&r.Totals.BelowThreshold, row.BelowThreshold)
}

// count adds to a total; most amounts are zero, of the same decimals.
func count(total *decimal.Decimal, amount decimal.Decimal) {
	if !amount.IsZero() {
		*total = total.Add(amount)
	}
}

// termRow is a row on its way, with what its state is computed from.
type termRow struct {
	Row
	endedAt        *time.Time
	referrerActive bool
}

// structuresOf is all of a network's: there are few, and each is on many rows.
func structuresOf(ctx context.Context, q database.Querier, networkID int) (map[int]commission.Structure, error) {
	stored, err := storedStructures(ctx, q, networkID)
	structures := make(map[int]commission.Structure, len(stored))
	for id, s := range stored {
		structures[id] = StructureOf(s)
	}
	return structures, err
}

func storedStructures(ctx context.Context, q database.Querier, networkID int) (map[int]*ent.CommissionStructure, error) {
	structures := map[int]*ent.CommissionStructure{}
	return structures, database.Each(ctx, q, `
		SELECT id, canonical, type, amount, rate, basis, minimum_earnings, duration_value, duration_unit, created_at
		FROM commission_structure WHERE network_id = ?`, []any{networkID}, func(row *stdsql.Rows) error {
		s := ent.CommissionStructure{NetworkID: networkID}
		var amount, rate, minimum stdsql.NullInt64
		if err := row.Scan(&s.ID, &s.Canonical, &s.Type, &amount, &rate, &s.Basis, &minimum, &s.DurationValue, &s.DurationUnit, &s.CreatedAt); err != nil {
			return err
		}
		s.Amount, s.Rate, s.MinimumEarnings = optional(amount), optional(rate), optional(minimum)
		structures[s.ID] = &s
		return nil
	})
}

func optional(micros stdsql.NullInt64) *decimal.Decimal {
	if !micros.Valid {
		return nil
	}
	amount := commission.FromMicros(micros.Int64)
	return &amount
}

// termSumsInRange is what a term counted in the report's range, by what became of it.
type termSumsInRange struct {
	commission.RowSums
	forfeited commission.Sums
}

func (s termSumsInRange) all() commission.Sums { return s.All().Plus(s.forfeited) }

// referrals are those with ids from one behind after up to one: their rows are read together.
type referrals struct{ after, upTo int }

var everyReferral = referrals{0, math.MaxInt}

// sums reads what each term of some referrals counted in the range: unbilled, forfeited, and by invoice line.
func (l *Ledger) sums(ctx context.Context, q database.Querier, asked *question, of referrals) (map[int]termSumsInRange, error) {
	query := `
		SELECT term_id, line_id, SUM(conversions), SUM(revenue), SUM(payout), SUM(fee)
		FROM accrual WHERE network_id = ? AND day BETWEEN ? AND ? GROUP BY term_id, line_id`
	args := []any{asked.network.ID, int32(asked.days.From), int32(asked.days.To)}
	if asked.filter.ReferrerID != 0 || of != everyReferral { // they read their own rows alone
		which := ""
		if asked.filter.ReferrerID != 0 {
			which, args = " AND r.referrer_id = ?", append(args, asked.filter.ReferrerID)
		}
		if of != everyReferral {
			which, args = which+" AND r.id > ? AND r.id <= ?", append(args, of.after, of.upTo)
		}
		query = `
			SELECT a.term_id, a.line_id, SUM(a.conversions), SUM(a.revenue), SUM(a.payout), SUM(a.fee)
			FROM referral r JOIN referral_term t ON t.referral_id = r.id JOIN accrual a ON a.term_id = t.id
			WHERE r.network_id = ? AND a.day BETWEEN ? AND ?` + which + ` GROUP BY a.term_id, a.line_id`
	}
	sums := map[int]termSumsInRange{}
	return sums, database.Each(ctx, q, query, args, func(row *stdsql.Rows) error {
		var termID, lineID int
		part, err := scanSums(row, &termID, &lineID)
		if err != nil {
			return err
		}
		counted := sums[termID]
		switch {
		case lineID == unbilledLine:
			counted.Unbilled = part
		case isGivenUp(lineID):
			counted.forfeited = counted.forfeited.Plus(part)
		case asked.hidden[lineID]:
			counted.Hidden = append(counted.Hidden, part)
		default:
			counted.Lines = append(counted.Lines, part)
		}
		sums[termID] = counted
		return nil
	})
}

// hiddenLines is the lines of invoices that are hidden from the viewer, if it is their partner [I6].
func hiddenLines(ctx context.Context, q database.Querier) (map[int]bool, error) {
	hidden := map[int]bool{}
	v, _ := viewer.From(ctx)
	if !v.Is(commission.PartnerUser) {
		return hidden, nil
	}
	return hidden, database.Each(ctx, q, `
		SELECT l.id FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id WHERE i.partner_id = ? AND i.hidden = ?`,
		[]any{v.PartnerID, true}, func(row *stdsql.Rows) error {
			var id int
			err := row.Scan(&id)
			hidden[id] = true
			return err
		})
}

// scanSums reads the four sums of a term, behind some columns of their own.
func scanSums(row *stdsql.Rows, head ...any) (commission.Sums, error) {
	var conversions, revenue, payout, fee int64
	if err := row.Scan(append(head, &conversions, &revenue, &payout, &fee)...); err != nil {
		return commission.Sums{}, err
	}
	return commission.Sums{
		Conversions: conversions, Revenue: commission.FromMicros(revenue),
		Payout: commission.FromMicros(payout), Fee: commission.FromMicros(fee),
	}, nil
}

// selection selects from the referrals that the viewer sees and the filter leaves, as far as both are said by columns.
type selection struct {
	*sql.Selector
	r, referrer *sql.SelectTable
}

func (l *Ledger) selection(ctx context.Context, asked *question, of referrals) (selection, error) {
	r, filter := sql.Table("referral").As("r"), asked.filter
	referrer := sql.Table("partner").As("referrer")
	query := sql.Dialect(l.DB.Dialect()).Select().From(r).
		Join(referrer).On(referrer.C("id"), r.C("referrer_id")).
		Where(sql.EQ(r.C("network_id"), asked.network.ID))
	if filter.ReferrerID != 0 {
		query.Where(sql.EQ(r.C("referrer_id"), filter.ReferrerID))
	}
	if filter.ReferredID != 0 {
		query.Where(sql.EQ(r.C("referred_id"), filter.ReferredID))
	}
	if filter.ManagerID != 0 {
		query.Where(sql.EQ(referrer.C("manager_id"), filter.ManagerID))
	}
	switch filter.Status {
	case commission.ReferralActive:
		query.Where(sql.IsNull(r.C("ended_at")))
	case commission.ReferralInactive:
		query.Where(sql.NotNull(r.C("ended_at")))
	}
	if of.after > everyReferral.after {
		query.Where(sql.GT(r.C("id"), of.after))
	}
	if of.upTo < everyReferral.upTo {
		query.Where(sql.LTE(r.C("id"), of.upTo))
	}
	return selection{query, r, referrer}, rule.Referrals.Narrow(ctx, query)
}

// terms is the terms of some referrals, by referral, and those of one in their order; a referral without terms comes with
// none.
func (l *Ledger) terms(ctx context.Context, q database.Querier, asked *question, of referrals) ([]*termRow, error) {
	from, err := l.selection(ctx, asked, of)
	if err != nil {
		return nil, err
	}
	r, referrer, t := from.r, from.referrer, sql.Table("referral_term").As("t")
	query := from.Select(
		r.C("id"), r.C("referrer_id"), r.C("referred_id"), r.C("started_at"), r.C("ended_at"), referrer.C("status"),
		t.C("id"), t.C("structure_id"), t.C("referred_date"), t.C("window_ends_at"), t.C("closed_at"), t.C("close_reason"), t.C("grant_id"),
	).LeftJoin(t).OnP(sql.And(sql.ColumnsEQ(t.C("referral_id"), r.C("id")), sql.P(func(b *sql.Builder) { b.WriteString(countsStill) })))
	statement, args := query.Query()
	var terms []*termRow
	err = database.Each(ctx, q, statement, args, func(row *stdsql.Rows) error {
		found := &termRow{}
		var referralID, referrerID, referredID int64
		var status string
		var termID, structureID, grantID *int64
		var reason *string
		if err := row.Scan(
			&referralID, &referrerID, &referredID, &found.ReferralStartedAt, &found.endedAt, &status,
			&termID, &structureID, &found.ReferredDate, &found.WindowEndsAt, &found.Term.ClosedAt, &reason, &grantID,
		); err != nil {
			return err
		}
		found.ReferralID, found.ReferrerID, found.ReferredID = int(referralID), int(referrerID), int(referredID)
		found.referrerActive = status == string(commission.PartnerActive)
		if termID != nil {
			found.TermID, found.StructureID = int(*termID), int(*structureID)
			found.Term.ReferredDate = *found.ReferredDate
		}
		if reason != nil {
			found.Term.CloseReason = commission.CloseReason(*reason)
		}
		found.Term.WindowEndsAt, found.Term.Granted = found.WindowEndsAt, grantID != nil
		terms = append(terms, found)
		return nil
	})
	// Sorted here: engines sort whole rows, which takes them as long as reading these.
	slices.SortFunc(terms, func(a, b *termRow) int {
		if a.ReferralID != b.ReferralID { // as nearly all
			return cmp.Compare(a.ReferralID, b.ReferralID)
		}
		return cmp.Or(comparePointers(a.ReferredDate, b.ReferredDate, time.Time.Compare), cmp.Compare(a.TermID, b.TermID))
	})
	return terms, err
}

// OrderField is what the rows of the report can be sorted by.
type OrderField string

const (
	ByReferrer       OrderField = "REFERRER"
	ByReferred       OrderField = "REFERRED"
	ByReferredDate   OrderField = "REFERRED_DATE"
	ByReferralStart  OrderField = "REFERRAL_STARTED_AT"
	ByWindowEnd      OrderField = "WINDOW_ENDS_AT"
	ByBilled         OrderField = "BILLED"
	ByBalance        OrderField = "BALANCE"
	ByUnbilled       OrderField = "UNBILLED"
	ByBelowThreshold OrderField = "BELOW_THRESHOLD"
	ByBasisAmount    OrderField = "BASIS_AMOUNT"
)

// OrderFields lists them.
func OrderFields() []string {
	return []string{
		string(ByReferrer), string(ByReferred), string(ByReferredDate), string(ByReferralStart), string(ByWindowEnd), string(ByBilled),
		string(ByBalance), string(ByUnbilled), string(ByBelowThreshold), string(ByBasisAmount),
	}
}

// Order is how the rows of the report are sorted [P4].
type Order struct {
	Field      OrderField
	Descending bool
}

// LatestFirst is the order of who asks for none.
var LatestFirst = Order{ByReferredDate, true}

// ShownTo tells whether somebody may be told the order: it says what it is of.
func (o Order) ShownTo(role commission.Role) bool {
	return role != commission.PartnerUser || o.Field != ByBasisAmount
}

// compare orders by the field, and rows that are equal in it by referral and term, so that the order is always the same.
// What is absent comes first in ascending order.
func (o Order) compare(a, b *Row) int {
	order := compare(o.Field, a, b)
	if o.Descending {
		order = -order
	}
	return cmp.Or(order, cmp.Compare(a.ReferralID, b.ReferralID), cmp.Compare(a.TermID, b.TermID))
}

// Sorted is the rows in an order.
func (r *Report) Sorted(by Order) []*Row {
	rows := slices.Clone(r.Rows)
	slices.SortFunc(rows, by.compare)
	return rows
}

func compare(field OrderField, a, b *Row) int {
	switch field {
	case ByReferrer:
		return strings.Compare(a.ReferrerName, b.ReferrerName)
	case ByReferred:
		return strings.Compare(a.ReferredName, b.ReferredName)
	case ByReferredDate:
		return comparePointers(a.ReferredDate, b.ReferredDate, time.Time.Compare)
	case ByReferralStart:
		return a.ReferralStartedAt.Compare(b.ReferralStartedAt)
	case ByWindowEnd:
		return comparePointers(a.WindowEndsAt, b.WindowEndsAt, time.Time.Compare)
	case ByBilled:
		return a.Billed.Cmp(b.Billed)
	case ByBalance:
		return comparePointers(a.Balance, b.Balance, decimal.Decimal.Cmp)
	case ByUnbilled:
		return a.Unbilled.Cmp(b.Unbilled)
	case ByBelowThreshold:
		return a.BelowThreshold.Cmp(b.BelowThreshold)
	default:
		return a.BasisAmount.Cmp(b.BasisAmount)
	}
}

func comparePointers[T any](a, b *T, compare func(a, b T) int) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	default:
		return compare(*a, *b)
	}
}
