package commission

import "github.com/shopspring/decimal"

// Sums is what one or many conversions of a referred partner add up to. Conversions are always summed
// first and multiplied once [C1], so sums are what is stored and what travels.
type Sums struct {
	Conversions int64           // how many; adjustments are not counted, they change the amounts alone
	Revenue     decimal.Decimal // what the network earned
	Payout      decimal.Decimal // what the partner earned
	Fee         decimal.Decimal // flat fees earned by the referrer; no part of any basis [C4]
}

// Plus adds two sums.
func (s Sums) Plus(other Sums) Sums {
	return Sums{
		Conversions: s.Conversions + other.Conversions,
		Revenue:     s.Revenue.Add(other.Revenue),
		Payout:      s.Payout.Add(other.Payout),
		Fee:         s.Fee.Add(other.Fee),
	}
}

// Negated is what takes the sums back.
func (s Sums) Negated() Sums {
	return Sums{Conversions: -s.Conversions, Revenue: s.Revenue.Neg(), Payout: s.Payout.Neg(), Fee: s.Fee.Neg()}
}

// Of is the amount of one basis.
func (s Sums) Of(basis Basis) decimal.Decimal {
	switch basis {
	case Revenue:
		return s.Revenue
	case Profit:
		return s.Revenue.Sub(s.Payout)
	default:
		return s.Payout
	}
}

// Equal compares by value.
func (s Sums) Equal(other Sums) bool {
	return s.Conversions == other.Conversions && s.Revenue.Equal(other.Revenue) &&
		s.Payout.Equal(other.Payout) && s.Fee.Equal(other.Fee)
}

// IsZero tells whether nothing is summed.
func (s Sums) IsZero() bool { return s.Equal(Sums{}) }
