package ledger

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

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
	return cmp.Or(order, a.key().compare(b.key()))
}

// Sorted is all rows of a report in an order: that of compare, by numbers that stand for what it compares, since a hundred
// thousand amounts take long to compare.
func (l *Ledger) Sorted(ctx context.Context, report *Report, by Order) ([]RowKey, error) {
	rank, err := report.ranks(ctx, l.DB, by.Field)
	if err != nil {
		return nil, err
	}
	type ranked struct {
		rank int64
		row  int32 // which one: they are in the order of their keys
	}
	rows := make([]ranked, 0, len(report.rows))
	var zero []int32 // most amounts
	for i, at := range report.rows {
		switch rank, row := rank(report.of(at)), int32(i); {
		case rank == 0:
			zero = append(zero, row)
		case by.Descending:
			rows = append(rows, ranked{^rank, row})
		default:
			rows = append(rows, ranked{rank, row})
		}
	}
	slices.SortFunc(rows, func(a, b ranked) int {
		if a.rank != b.rank { // as nearly all
			return cmp.Compare(a.rank, b.rank)
		}
		return cmp.Compare(a.row, b.row)
	})
	keys := make([]RowKey, 0, len(report.rows))
	add := func(row int32) { keys = append(keys, report.of(report.rows[row]).key()) }
	for _, row := range rows {
		if row.rank >= 0 {
			for _, row := range zero {
				add(row)
			}
			zero = nil
		}
		add(row.row)
	}
	for _, row := range zero {
		add(row)
	}
	return keys, nil
}

// ranks gives each row a number that is less than another row's where it comes before it in ascending order.
func (r *Report) ranks(ctx context.Context, q database.Querier, field OrderField) (func(termRow) int64, error) {
	amount := func(of func(*shown) int64) func(termRow) int64 {
		return func(t termRow) int64 {
			counted := r.sumsOf(t)
			if counted == nil {
				return 0
			}
			return of(&counted.shown)
		}
	}
	switch field {
	case ByReferrer, ByReferred:
		parties, err := r.allParties(ctx, q)
		names := rankNames(parties)
		if field == ByReferrer {
			return func(t termRow) int64 { return names[t.referrerID] }, err
		}
		return func(t termRow) int64 { return names[t.referredID] }, err
	case ByReferredDate:
		return func(t termRow) int64 { return int64(t.referredDate) }, nil
	case ByReferralStart:
		return func(t termRow) int64 { return int64(t.startedAt) }, nil
	case ByWindowEnd:
		return func(t termRow) int64 { return int64(t.windowEndsAt) }, nil
	case ByBilled:
		return amount(func(s *shown) int64 { return s.billed }), nil
	case ByBalance:
		balance := amount(func(s *shown) int64 { return s.balance })
		return func(t termRow) int64 {
			if t.status() == commission.ReferralInactive { // it has none
				return math.MinInt64
			}
			return balance(t)
		}, nil
	case ByUnbilled:
		return amount(func(s *shown) int64 { return s.unbilled }), nil
	case ByBelowThreshold:
		return amount(func(s *shown) int64 { return s.belowThreshold }), nil
	default:
		return func(t termRow) int64 {
			counted := r.sumsOf(t)
			if counted == nil || r.asked.own != nil {
				return 0
			}
			return rankOf(r.basis(t, r.sums.all(counted)))
		}, nil
	}
}

// rankOf is the amount in millionths. What has more of them than sums can be stored is as good as any other such.
func rankOf(amount decimal.Decimal) int64 {
	micros, err := commission.ToMicros(amount)
	switch {
	case err == nil:
		return micros
	case amount.IsNegative():
		return math.MinInt64 + 1 // more than none
	default:
		return math.MaxInt64
	}
}

// rankNames gives partners numbers in the order of their names: the same to those of one name.
func rankNames(parties map[int]party) map[int]int64 {
	ids := slices.SortedFunc(maps.Keys(parties), func(a, b int) int { return strings.Compare(parties[a].name, parties[b].name) })
	ranks := make(map[int]int64, len(ids))
	rank := int64(0)
	for i, id := range ids {
		if i > 0 && parties[id].name != parties[ids[i-1]].name {
			rank++
		}
		ranks[id] = rank
	}
	return ranks
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
