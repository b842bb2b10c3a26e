package ledger

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/shopspring/decimal"

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
	StructureID       int // 0: none
	ReferrerName      string
	ReferredName      string
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
	Zone              *time.Location
	commission.Amounts
}

// Explain says why the row shows what it does, to whoever it is shown to [P5].
func (r *Row) Explain(ctx context.Context, structure *commission.Structure) (commission.Reason, string) {
	v, _ := viewer.From(ctx)
	facts := commission.RowFacts{
		Currency: r.Currency, Zone: r.Zone, Own: v.Is(commission.PartnerUser), Referrer: r.ReferrerName, Referred: r.ReferredName,
		Days: commission.Period{From: r.Days.From, To: r.Days.To}, Structure: structure, Term: r.Term, StartedAt: r.ReferralStartedAt, EndedAt: r.EndedAt, State: r.State,
		Amounts: r.Amounts, Conversions: r.Conversions, BasisAmount: r.BasisAmount,
	}
	if r.Threshold != nil {
		facts.Threshold = &commission.Threshold{Target: r.Threshold.Target, Progress: r.Threshold.Progress}
	}
	return facts.Explain()
}

// hideBasis takes from a row what its referrer is not shown, whoever asks for it: how many conversions it was, and of
// which amount [R2].
func (r *Row) hideBasis() { r.Conversions, r.BasisAmount, r.Threshold = 0, decimal.Zero, nil }

// Threshold is the way of a term to its minimum earnings, as of now [C3].
type Threshold struct {
	TermID   int
	Zone     *time.Location
	Target   decimal.Decimal
	Progress decimal.Decimal
}

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
	Currency commission.Currency
	Zone     commission.Zone
	Rows     []*Row
	Totals   Totals
}

// Report computes the referral report [P1 to P4], for the rows that the viewer sees. It takes three
// statements for any number of rows and reads no conversion.
func (l *Ledger) Report(ctx context.Context, network *ent.Network, days Range, filter Filter) (*Report, error) {
	if err := days.Check(); err != nil {
		return nil, err
	}
	zone, err := network.TimeZone.Location()
	if err != nil {
		return nil, err
	}
	structures, err := structuresOf(ctx, l.DB, network.ID)
	if err != nil {
		return nil, err
	}
	sums, err := l.sums(ctx, network.ID, days, filter)
	if err != nil {
		return nil, err
	}
	currency := network.Currency
	zero := currency.Round(decimal.Zero)
	report := &Report{
		Currency: currency, Zone: network.TimeZone,
		Totals: Totals{Billed: zero, Balance: zero, Unbilled: zero, BelowThreshold: zero},
	}
	now := commission.Moment(l.Now())
	v, _ := viewer.From(ctx)
	var referral int
	var through commission.Sums // of the referral's terms up to this one [C3]
	words := strings.ToLower(strings.TrimSpace(filter.Search))
	err = l.eachTerm(ctx, network.ID, filter, func(t *termRow) {
		if t.ReferralID != referral {
			referral, through = t.ReferralID, commission.Sums{}
		}
		row := &t.Row
		row.Days, row.Currency, row.Zone, row.EndedAt = days, currency, zone, t.endedAt
		row.Status = commission.ReferralActive
		if t.endedAt != nil {
			row.Status = commission.ReferralInactive
		}
		if t.TermID == 0 {
			row.State, row.BasisAmount = commission.Tracked, zero
			row.Amounts = commission.NothingEarned(currency, row.Status)
		} else {
			if !t.Term.Granted { // what was granted counts for no threshold
				through = through.Plus(t.total)
			}
			structure := structures[t.StructureID]
			threshold := structure.ThresholdOf(through)
			reached := threshold.Reached()
			if threshold != nil {
				row.Threshold = &Threshold{TermID: t.TermID, Zone: zone, Target: currency.Exact(threshold.Target), Progress: currency.Exact(threshold.Progress)}
			}
			row.State = t.Term.State(now, t.referrerActive, reached)
			counted := sums[t.TermID]
			all := counted.all()
			row.Conversions, row.BasisAmount = all.Conversions, currency.Exact(all.Of(structure.Basis()))
			row.Amounts = structure.Amounts(currency, counted.RowSums, reached, row.Status)
			if filter.Type != "" && structure.Commission.Type() != filter.Type {
				return
			}
		}
		if words != "" && !strings.Contains(strings.ToLower(row.ReferrerName+"\n"+row.ReferredName), words) {
			return
		}
		if (t.TermID == 0 && filter.Type != "") || (len(filter.States) > 0 && !slices.Contains(filter.States, row.State)) {
			return
		}
		if v.Is(commission.PartnerUser) {
			row.hideBasis()
		}
		report.add(row)
	})
	return report, err
}

func (r *Report) add(row *Row) {
	r.Rows = append(r.Rows, row)
	r.Totals.Rows++
	r.Totals.Conversions += row.Conversions
	r.Totals.Billed = r.Totals.Billed.Add(row.Billed)
	if row.Balance != nil {
		r.Totals.Balance = r.Totals.Balance.Add(*row.Balance)
	}
	r.Totals.Unbilled = r.Totals.Unbilled.Add(row.Unbilled)
	r.Totals.BelowThreshold = r.Totals.BelowThreshold.Add(row.BelowThreshold)
}

// termRow is a row on its way, with what its state is computed from.
type termRow struct {
	Row
	endedAt        *time.Time
	referrerActive bool
	total          commission.Sums
}

// structuresOf is all of a network's: there are few, and each is on many rows.
func structuresOf(ctx context.Context, q database.Querier, networkID int) (map[int]commission.Structure, error) {
	structures := map[int]commission.Structure{}
	err := database.Each(ctx, q, `
		SELECT id, type, amount, rate, basis, minimum_earnings, duration_value, duration_unit
		FROM commission_structure WHERE network_id = ?`, []any{networkID}, func(row *stdsql.Rows) error {
		var s ent.CommissionStructure
		var amount, rate, minimum stdsql.NullInt64
		if err := row.Scan(&s.ID, &s.Type, &amount, &rate, &s.Basis, &minimum, &s.DurationValue, &s.DurationUnit); err != nil {
			return err
		}
		s.Amount, s.Rate, s.MinimumEarnings = optional(amount), optional(rate), optional(minimum)
		structures[s.ID] = StructureOf(&s)
		return nil
	})
	return structures, err
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

// sums reads what each term counted in the range: unbilled, forfeited, and by invoice line.
func (l *Ledger) sums(ctx context.Context, networkID int, days Range, filter Filter) (map[int]termSumsInRange, error) {
	query := `
		SELECT term_id, line_id, SUM(conversions), SUM(revenue), SUM(payout), SUM(fee)
		FROM accrual WHERE network_id = ? AND day BETWEEN ? AND ? GROUP BY term_id, line_id`
	args := []any{networkID, int32(days.From), int32(days.To)}
	if filter.ReferrerID != 0 { // one referrer's own report reads its own rows alone
		query = `
			SELECT a.term_id, a.line_id, SUM(a.conversions), SUM(a.revenue), SUM(a.payout), SUM(a.fee)
			FROM referral r JOIN referral_term t ON t.referral_id = r.id JOIN accrual a ON a.term_id = t.id
			WHERE r.network_id = ? AND a.day BETWEEN ? AND ? AND r.referrer_id = ? GROUP BY a.term_id, a.line_id`
		args = append(args, filter.ReferrerID)
	}
	hidden, err := l.hiddenLines(ctx)
	if err != nil {
		return nil, err
	}
	sums := map[int]termSumsInRange{}
	return sums, database.Each(ctx, l.DB, query, args, func(row *stdsql.Rows) error {
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
		case hidden[lineID]:
			counted.Hidden = append(counted.Hidden, part)
		default:
			counted.Lines = append(counted.Lines, part)
		}
		sums[termID] = counted
		return nil
	})
}

// hiddenLines is the lines of invoices that are hidden from the viewer, if it is their partner [I6].
func (l *Ledger) hiddenLines(ctx context.Context) (map[int]bool, error) {
	v, _ := viewer.From(ctx)
	if !v.Is(commission.PartnerUser) {
		return nil, nil //nolint:nilnil // none are
	}
	hidden := map[int]bool{}
	return hidden, database.Each(ctx, l.DB, `
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

// eachTerm calls use for the terms of all referrals that the viewer sees and the filter leaves, the terms of
// one referral in their order; a referral without terms comes with none.
func (l *Ledger) eachTerm(ctx context.Context, networkID int, filter Filter, use func(*termRow)) error {
	r, t, total := sql.Table("referral").As("r"), sql.Table("referral_term").As("t"), sql.Table("term_total").As("total")
	referrer, referred := sql.Table("partner").As("referrer"), sql.Table("partner").As("referred")
	query := sql.Dialect(l.DB.Dialect()).Select(
		r.C("id"), r.C("referrer_id"), r.C("referred_id"), referrer.C("name"), referred.C("name"), r.C("started_at"), r.C("ended_at"), referrer.C("status"),
		t.C("id"), t.C("structure_id"), t.C("referred_date"), t.C("window_ends_at"), t.C("closed_at"), t.C("close_reason"), t.C("grant_id"),
		total.C("conversions"), total.C("revenue"), total.C("payout"), total.C("fee"),
	).From(r).
		Join(referrer).On(referrer.C("id"), r.C("referrer_id")).
		Join(referred).On(referred.C("id"), r.C("referred_id")).
		LeftJoin(t).OnP(sql.And(sql.ColumnsEQ(t.C("referral_id"), r.C("id")), sql.P(func(b *sql.Builder) { b.WriteString(countsStill) }))).
		LeftJoin(total).On(total.C("term_id"), t.C("id")).
		Where(sql.EQ(r.C("network_id"), networkID)).
		OrderBy(r.C("id"), t.C("referred_date"))
	if err := rule.Referrals.Narrow(ctx, query); err != nil {
		return err
	}
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
	statement, args := query.Query()
	return database.Each(ctx, l.DB, statement, args, func(row *stdsql.Rows) error {
		var found termRow
		var status commission.PartnerStatus
		var termID, structureID, grantID stdsql.NullInt64
		var reason stdsql.NullString
		var conversions, revenue, payout, fee stdsql.NullInt64
		if err := row.Scan(
			&found.ReferralID, &found.ReferrerID, &found.ReferredID, &found.ReferrerName, &found.ReferredName, &found.ReferralStartedAt, &found.endedAt, &status,
			&termID, &structureID, &found.ReferredDate, &found.WindowEndsAt, &found.Term.ClosedAt, &reason, &grantID,
			&conversions, &revenue, &payout, &fee,
		); err != nil {
			return err
		}
		found.TermID, found.StructureID = int(termID.Int64), int(structureID.Int64)
		found.referrerActive = status == commission.PartnerActive
		found.Term.WindowEndsAt, found.Term.CloseReason, found.Term.Granted = found.WindowEndsAt, commission.CloseReason(reason.String), grantID.Valid
		if found.ReferredDate != nil {
			found.Term.ReferredDate = *found.ReferredDate
		}
		found.total = commission.Sums{
			Conversions: conversions.Int64, Revenue: commission.FromMicros(revenue.Int64),
			Payout: commission.FromMicros(payout.Int64), Fee: commission.FromMicros(fee.Int64),
		}
		use(&found)
		return nil
	})
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

// Sorted is the rows ordered by a field, and those that are equal in it by referral and term, so that the order
// is always the same. What is absent comes first in ascending order.
func (r *Report) Sorted(field OrderField, descending bool) []*Row {
	rows := slices.Clone(r.Rows)
	slices.SortFunc(rows, func(a, b *Row) int {
		order := compare(field, a, b)
		if descending {
			order = -order
		}
		return cmp.Or(order, cmp.Compare(a.ReferralID, b.ReferralID), cmp.Compare(a.TermID, b.TermID))
	})
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
