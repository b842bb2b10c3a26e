package commission

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// Basis is what a percentage is taken of: what the referred partner generated [S5].
type Basis string

const (
	Payout  Basis = "PAYOUT"  // what the referred partner earns
	Profit  Basis = "PROFIT"  // what the network keeps: revenue - payout
	Revenue Basis = "REVENUE" // what the network earns
)

// Values lists every basis.
func (Basis) Values() []string { return []string{string(Payout), string(Profit), string(Revenue)} }

// Type tells the two kinds of commission apart.
type Type string

const (
	TypeFlatFee    Type = "FLAT_FEE"
	TypePercentage Type = "PERCENTAGE"
)

// Values lists every type.
func (Type) Values() []string { return []string{string(TypeFlatFee), string(TypePercentage)} }

// Commission is either a FlatFee or a Percentage.
type Commission interface{ Type() Type }

// FlatFee is earned once, when the referred partner is first approved [C2].
type FlatFee struct {
	Amount decimal.Decimal // > 0, in the network's currency, at most its minor unit
}

// Percentage is earned on what the referred partner generates [C1].
type Percentage struct {
	Rate  decimal.Decimal // percent: 10 is a tenth; 0 < rate <= 100, at most 4 decimals
	Basis Basis
}

// Type tells that this is a flat fee.
func (FlatFee) Type() Type { return TypeFlatFee }

// Type tells that this is a percentage.
func (Percentage) Type() Type { return TypePercentage }

// Structure is how a referral pays. It never changes: an edit makes another one [S5].
type Structure struct {
	Commission      Commission
	MinimumEarnings *decimal.Decimal // nil: none; otherwise > 0 [C3]
	Duration        *Duration        // nil: indefinite
}

const (
	maxRateDecimals = 4
	percent         = 2 // a percentage is its rate shifted by two decimals
)

// Check lists everything that is wrong with a structure for a network of that currency [S5].
func (s Structure) Check(currency Currency) Problems {
	var wrong Problems
	switch c := s.Commission.(type) {
	case FlatFee:
		checkAmount(&wrong, "commission.flatFee.amount", c.Amount, int(currency.Digits()))
		if s.Duration != nil {
			wrong.Add("duration", "a flat fee is earned in one moment and has no duration: leave it out")
		}
	case Percentage:
		if !c.Rate.IsPositive() || c.Rate.GreaterThan(decimal.New(100, 0)) {
			wrong.Add("commission.percentage.rate", "must be more than 0 and at most 100")
		} else if DecimalsOf(c.Rate) > maxRateDecimals {
			wrong.Add("commission.percentage.rate", "must have at most %d decimals", maxRateDecimals)
		}
		if c.Basis != Payout && c.Basis != Profit && c.Basis != Revenue {
			wrong.Add("commission.percentage.basis", "must be PAYOUT, PROFIT or REVENUE")
		}
	default:
		wrong.Add("commission", "must be exactly one of flatFee and percentage")
	}
	if s.MinimumEarnings != nil {
		checkAmount(&wrong, "minimumEarnings", *s.MinimumEarnings, Scale)
	}
	if s.Duration != nil {
		wrong.In("duration", s.Duration.check())
	}
	return wrong
}

func checkAmount(wrong *Problems, field string, amount decimal.Decimal, decimals int) {
	switch {
	case !amount.IsPositive():
		wrong.Add(field, "must be more than 0")
	case amount.GreaterThan(MaxAmount):
		wrong.Add(field, "must be at most %s", MaxAmount)
	case DecimalsOf(amount) > decimals:
		wrong.Add(field, "must have at most %d decimals", decimals)
	}
}

// Key is the same for two structures that pay the same, and for no others. It is how a save finds out
// that it changes nothing [S6].
func (s Structure) Key() string {
	var key strings.Builder
	switch c := s.Commission.(type) {
	case FlatFee:
		fmt.Fprintf(&key, "flat %s", c.Amount)
	case Percentage:
		fmt.Fprintf(&key, "%s%% %s", c.Rate, c.Basis)
	}
	if s.MinimumEarnings != nil {
		fmt.Fprintf(&key, " from %s", *s.MinimumEarnings)
	}
	if s.Duration != nil {
		fmt.Fprintf(&key, " for %d %s", s.Duration.Value, s.Duration.Unit)
	}
	return key.String()
}

// Summary says the structure in words: "10% of payout for 1 month, from 100.00 earned".
func (s Structure) Summary(currency Currency) string {
	var words strings.Builder
	switch c := s.Commission.(type) {
	case FlatFee:
		words.WriteString("flat fee of " + Format(currency.Exact(c.Amount)))
	case Percentage:
		words.WriteString(c.Rate.String() + "% of " + strings.ToLower(string(c.Basis)))
	}
	if s.Duration != nil {
		words.WriteString(" for " + s.Duration.String())
	}
	if s.MinimumEarnings != nil {
		words.WriteString(", from " + Format(currency.Exact(*s.MinimumEarnings)) + " earned")
	}
	return words.String()
}

// Exact is the same structure, its amounts carrying the decimals with which they are written.
func (s Structure) Exact(currency Currency) Structure {
	switch c := s.Commission.(type) {
	case FlatFee:
		s.Commission = FlatFee{Amount: currency.Exact(c.Amount)}
	case Percentage:
		s.Commission = Percentage{Rate: c.Rate.Round(int32(DecimalsOf(c.Rate))), Basis: c.Basis} //nolint:gosec // at most 18
	}
	if s.MinimumEarnings != nil {
		minimum := currency.Exact(*s.MinimumEarnings)
		s.MinimumEarnings = &minimum
	}
	return s
}

// Basis is what the structure measures: a flat fee's threshold goes by payout [C3].
func (s Structure) Basis() Basis {
	if c, ok := s.Commission.(Percentage); ok {
		return c.Basis
	}
	return Payout
}

// Earned is the commission on sums, exact and unrounded: rate x basis, multiplied once [C1], or the
// fee that was earned [C2].
func (s Structure) Earned(sums Sums) decimal.Decimal {
	if c, ok := s.Commission.(Percentage); ok {
		return sums.Of(c.Basis).Mul(c.Rate).Shift(-percent)
	}
	return sums.Fee
}
