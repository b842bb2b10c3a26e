package commission

import (
	"slices"

	"github.com/shopspring/decimal"
)

// RowSums is what one row of the report is computed from, all of it within the report's range.
type RowSums struct {
	Unbilled Sums   // on no invoice yet, and not forfeited
	Lines    []Sums // on invoices, one for each line that has a part of its days in the range
	Hidden   []Sums // the same, on invoices that the viewer does not see: to it they are unbilled [I6]
}

// All is everything the row's term counted in the range.
func (r RowSums) All() Sums {
	all := r.Unbilled
	for _, line := range slices.Concat(r.Lines, r.Hidden) {
		all = all.Plus(line)
	}
	return all
}

// Amounts are the money columns of one row of the report, in the currency's minor unit [P1].
type Amounts struct {
	Billed         decimal.Decimal
	Balance        *decimal.Decimal // nil: not calculated, the Referral Status is INACTIVE [P3]
	Unbilled       decimal.Decimal
	BelowThreshold decimal.Decimal
}

// Amounts computes a row: each line is its rate times its basis, rounded; what is on no invoice yet is
// rounded once [C7]. It is unbilled where the threshold is reached and below threshold before [C3].
func (s Structure) Amounts(currency Currency, sums RowSums, reached bool, status ReferralStatus) Amounts {
	amounts := NothingEarned(currency, status)
	for _, line := range sums.Lines {
		amounts.Billed = plus(amounts.Billed, currency.Round(s.Earned(line)))
	}
	open := currency.Round(s.Earned(sums.Unbilled))
	if reached {
		amounts.Unbilled = open
	} else {
		amounts.BelowThreshold = open
	}
	for _, line := range sums.Hidden {
		amounts.Unbilled = plus(amounts.Unbilled, currency.Round(s.Earned(line)))
	}
	if amounts.Balance != nil {
		*amounts.Balance = plus(amounts.Billed, amounts.Unbilled)
	}
	return amounts
}

// plus adds two amounts in a minor unit, of which one is nearly always zero.
func plus(a, b decimal.Decimal) decimal.Decimal {
	switch {
	case a.IsZero():
		return b
	case b.IsZero():
		return a
	default:
		return a.Add(b)
	}
}

// NothingEarned is a row in which nothing was earned: that of a referral which is tracked only [A7].
func NothingEarned(currency Currency, status ReferralStatus) Amounts {
	zero := currency.Round(decimal.Zero)
	amounts := Amounts{Billed: zero, Unbilled: zero, BelowThreshold: zero}
	if status == ReferralActive {
		balance := zero
		amounts.Balance = &balance
	}
	return amounts
}
