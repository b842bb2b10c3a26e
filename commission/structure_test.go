package commission_test

import (
	"math/big"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

// fields are the paths of problems, in the order in which they are told.
func fields(problems commission.Problems) []string {
	var all []string
	for _, problem := range problems {
		all = append(all, problem.Field)
	}
	return all
}

func TestStructureCheck_namesEveryFieldThatIsWrong(t *testing.T) { // [S5]
	const (
		amount  = "commission.flatFee.amount"
		rate    = "commission.percentage.rate"
		basis   = "commission.percentage.basis"
		minimum = "minimumEarnings"
		value   = "duration.value"
		unit    = "duration.unit"
	)
	ten := percent("10", commission.Payout)
	for _, c := range []struct {
		name      string
		structure commission.Structure
		currency  commission.Currency
		want      []string
	}{
		{"the smallest fee", flat("0.01"), "USD", nil},
		{"a fee with zeros behind the minor unit", flat("50.0000"), "USD", nil},
		{"the largest fee", flat("1000000000"), "USD", nil},
		{"a fee above it", flat("1000000000.01"), "USD", []string{amount}},
		{"no fee", flat("0"), "USD", []string{amount}},
		{"a fee below zero", flat("-0.01"), "USD", []string{amount}},
		{"half a cent", flat("50.005"), "USD", []string{amount}},
		{"one yen", flat("1"), "JPY", nil},
		{"half a yen", flat("1.5"), "JPY", []string{amount}},
		{"a fils", flat("0.001"), "KWD", nil},
		{"half a fils", flat("0.0005"), "KWD", []string{amount}},

		{"a fee with a duration", lasting(1, commission.Month, flat("50")), "USD", []string{"duration"}},
		{"a fee with a minimum", from("100", flat("50")), "USD", nil},

		{"the smallest rate", percent("0.0001", commission.Payout), "USD", nil},
		{"a rate of five decimals", percent("0.00001", commission.Payout), "USD", []string{rate}},
		{"a rate with zeros behind the fourth decimal", percent("33.33330000", commission.Payout), "USD", nil},
		{"everything", percent("100", commission.Payout), "USD", nil},
		{"more than everything", percent("100.0001", commission.Payout), "USD", []string{rate}},
		{"nothing", percent("0", commission.Payout), "USD", []string{rate}},
		{"less than nothing", percent("-10", commission.Payout), "USD", []string{rate}},
		{"of profit", percent("10", commission.Profit), "USD", nil},
		{"of revenue", percent("10", commission.Revenue), "USD", nil},
		{"of nothing known", percent("10", "CLICKS"), "USD", []string{basis}},
		{"of nothing", percent("10", ""), "USD", []string{basis}},

		{"the smallest minimum", from("0.01", ten), "USD", nil},
		{"a minimum of zero", from("0", ten), "USD", []string{minimum}},
		{"a minimum below zero", from("-1", ten), "USD", []string{minimum}},

		{"a day", lasting(1, commission.Day, ten), "USD", nil},
		{"ten years of days", lasting(3652, commission.Day, ten), "USD", nil},
		{"a day more", lasting(3653, commission.Day, ten), "USD", []string{value}},
		{"ten years of weeks", lasting(521, commission.Week, ten), "USD", nil},
		{"a week more", lasting(522, commission.Week, ten), "USD", []string{value}},
		{"ten years of months", lasting(120, commission.Month, ten), "USD", nil},
		{"a month more", lasting(121, commission.Month, ten), "USD", []string{value}},
		{"ten years", lasting(10, commission.Year, ten), "USD", nil},
		{"a year more", lasting(11, commission.Year, ten), "USD", []string{value}},
		{"no duration at all", lasting(0, commission.Month, ten), "USD", []string{value}},
		{"a duration that runs backwards", lasting(-1, commission.Month, ten), "USD", []string{value}},
		{"a duration of no unit", lasting(1, "FORTNIGHT", ten), "USD", []string{unit}},

		{"neither a fee nor a percentage", commission.Structure{}, "USD", []string{"commission"}},
		{
			"everything wrong at once",
			from("0", lasting(0, commission.Month, percent("0", ""))), "USD",
			[]string{rate, basis, minimum, value},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			problems := c.structure.Check(c.currency)
			if got := fields(problems); !slices.Equal(got, c.want) {
				t.Errorf("wrong are %q, want %q", got, c.want)
			}
			for _, problem := range problems {
				if problem.Code != commission.BadUserInput || problem.Message == "" {
					t.Errorf("%s is refused with %s %q", problem.Field, problem.Code, problem.Message)
				}
			}
		})
	}
}

// written is a decimal that may be written in several ways.
func written(texts ...string) *rapid.Generator[decimal.Decimal] {
	return rapid.Map(rapid.SampledFrom(texts), dec)
}

// drawStructure makes up structures from so few values that two of them are often the same: a new one
// where like is nil, else one of which some part is drawn anew.
func drawStructure(t *rapid.T, like *commission.Structure) commission.Structure {
	amount := written("1", "10", "10.0", "10.00", "0.1", "0.10")
	anew := func() bool { return like == nil || rapid.Bool().Draw(t, "anew") }
	var s commission.Structure
	if like != nil {
		s = *like
	}
	if anew() {
		s.Commission = rapid.OneOf(
			rapid.Map(amount, func(fee decimal.Decimal) commission.Commission { return commission.FlatFee{Amount: fee} }),
			rapid.Map(amount, func(rate decimal.Decimal) commission.Commission {
				return commission.Percentage{Rate: rate, Basis: commission.Payout}
			}),
			rapid.Map(amount, func(rate decimal.Decimal) commission.Commission {
				return commission.Percentage{Rate: rate, Basis: commission.Profit}
			}),
		).Draw(t, "commission")
	}
	if anew() {
		s.MinimumEarnings = rapid.Ptr(amount, true).Draw(t, "minimum")
	}
	if anew() {
		duration := rapid.SampledFrom([]commission.Duration{days(1), days(2), months(1), months(2)})
		s.Duration = rapid.Ptr(duration, true).Draw(t, "duration")
	}
	return s
}

// paySame compares two structures part by part.
func paySame(a, b commission.Structure) bool {
	same := func(a, b decimal.Decimal) bool { return a.Rat().Cmp(b.Rat()) == 0 }
	switch a := a.Commission.(type) {
	case commission.FlatFee:
		if b, ok := b.Commission.(commission.FlatFee); !ok || !same(a.Amount, b.Amount) {
			return false
		}
	case commission.Percentage:
		if b, ok := b.Commission.(commission.Percentage); !ok || !same(a.Rate, b.Rate) || a.Basis != b.Basis {
			return false
		}
	}
	if (a.MinimumEarnings == nil) != (b.MinimumEarnings == nil) || (a.Duration == nil) != (b.Duration == nil) {
		return false
	}
	return (a.MinimumEarnings == nil || same(*a.MinimumEarnings, *b.MinimumEarnings)) &&
		(a.Duration == nil || *a.Duration == *b.Duration)
}

func TestStructureKey_isTheSameForWhatPaysTheSameAlone(t *testing.T) { // [S6]
	rapid.Check(t, func(t *rapid.T) {
		a := drawStructure(t, nil)
		b := drawStructure(t, &a)
		if got, want := a.Key() == b.Key(), paySame(a, b); got != want {
			t.Fatalf("%q and %q are the same: %t, want %t", a.Key(), b.Key(), got, want)
		}
	})
}

func TestStructureKey_doesNotCareHowANumberIsWritten(t *testing.T) { // [S6]
	ten := from("10", percent("10", commission.Payout))
	for _, same := range []decimal.Decimal{dec("10.00"), dec("10.0000"), decimal.New(1, 1), decimal.New(1000, -2)} {
		s := commission.Structure{Commission: commission.Percentage{Rate: same, Basis: commission.Payout}, MinimumEarnings: &same}
		if s.Key() != ten.Key() {
			t.Errorf("%q is another key than %q", s.Key(), ten.Key())
		}
	}
	if a, b := flat("50.00").Key(), flat("50").Key(); a != b {
		t.Errorf("%q is another key than %q", a, b)
	}
}

func TestStructureSummary_saysItInWords(t *testing.T) {
	for _, c := range []struct {
		structure commission.Structure
		currency  commission.Currency
		want      string
	}{
		{from("100", lasting(1, commission.Month, percent("10", commission.Payout))), "USD", "10% of payout for 1 month, from 100.00 earned"},
		{percent("33.33330", commission.Profit), "USD", "33.3333% of profit"},
		{lasting(10, commission.Year, percent("0.0001", commission.Revenue)), "USD", "0.0001% of revenue for 10 years"},
		{from("99.5", percent("100.00", commission.Payout)), "USD", "100% of payout, from 99.50 earned"},
		{flat("50"), "USD", "flat fee of 50.00"},
		{flat("50.00"), "JPY", "flat fee of 50"},
		{flat("50"), "KWD", "flat fee of 50.000"},
		{from("1.25", flat("0.125")), "KWD", "flat fee of 0.125, from 1.250 earned"},
		{from("10000", flat("500")), "JPY", "flat fee of 500, from 10000 earned"},
	} {
		if got := c.structure.Summary(c.currency); got != c.want {
			t.Errorf("the structure is told as %q, want %q", got, c.want)
		}
	}
}

func TestStructureEarned_multipliesTheSumsOnceAndExactly(t *testing.T) { // [C1], [C7]
	rapid.Check(t, func(t *rapid.T) {
		amount, rate := rapid.Int64Range(-1e15, 1e15), rapid.Int64Range(1, 100_0000).Draw(t, "rate")
		revenue, payout := amount.Draw(t, "revenue"), amount.Draw(t, "payout")
		sums := commission.Sums{Revenue: commission.FromMicros(revenue), Payout: commission.FromMicros(payout), Fee: dec("7")}
		for basis, micros := range map[commission.Basis]int64{
			commission.Revenue: revenue, commission.Payout: payout, commission.Profit: revenue - payout,
		} {
			s := commission.Structure{Commission: commission.Percentage{Rate: decimal.New(rate, -4), Basis: basis}}
			want := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(micros), big.NewInt(rate)), tenTo(12))
			if got := s.Earned(sums).Rat(); got.Cmp(want) != 0 {
				t.Fatalf("%s earns %s, want %s", s.Key(), got, want)
			}
		}
		if got := flat("50").Earned(sums); !got.Equal(dec("7")) {
			t.Fatalf("a flat fee earns %s, want the fees in the sums and nothing else", got) // [C2], [C4]
		}
	})
}

func TestStructureBasis_ofAFlatFeeIsPayout(t *testing.T) { // [C3]
	if got := flat("50").Basis(); got != commission.Payout {
		t.Errorf("a flat fee is measured by %s", got)
	}
	if got := percent("10", commission.Revenue).Basis(); got != commission.Revenue {
		t.Errorf("a percentage of revenue is measured by %s", got)
	}
}

func TestThreshold_isReachedAtItsTarget(t *testing.T) { // [C3]
	for _, c := range []struct {
		structure commission.Structure
		sums      commission.Sums
		want      bool
	}{
		{from("100", percent("10", commission.Payout)), payout("99.999999"), false},
		{from("100", percent("10", commission.Payout)), payout("100"), true},
		{from("100", percent("10", commission.Revenue)), brought("100", "0"), true},
		{from("100", percent("10", commission.Revenue)), brought("99.99", "500"), false},
		{from("100", percent("10", commission.Profit)), brought("150", "50"), true},
		{from("100", percent("10", commission.Profit)), brought("150", "50.01"), false},
		{from("100", flat("50")), brought("0", "100"), true},
		{from("100", flat("50")), brought("500", "99"), false},
		{from("100", flat("50")), commission.Sums{Fee: dec("500")}, false}, // a commission is no part of a basis [C4]
		{percent("10", commission.Payout), payout("-1"), true},
	} {
		if got := c.structure.ThresholdOf(c.sums).Reached(); got != c.want {
			t.Errorf("%q with %+v: reached is %t, want %t", c.structure.Key(), c.sums, got, c.want)
		}
	}
	if percent("10", commission.Payout).ThresholdOf(payout("1")) != nil {
		t.Error("a structure without a minimum has a threshold")
	}
	threshold := from("100", percent("10", commission.Profit)).ThresholdOf(brought("50", "20"))
	if !threshold.Target.Equal(dec("100")) || !threshold.Progress.Equal(dec("30")) {
		t.Errorf("the threshold is %+v, want 30 of 100", threshold)
	}
}
