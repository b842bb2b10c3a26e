package commission_test

import (
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
)

// What every test here says in one word. Moments are written with their offset, so that no test
// depends on the zone arithmetic that it tests.

const (
	newYork = commission.Zone("America/New_York")
	usd     = commission.Currency("USD")
)

func at(text string) time.Time {
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return moment
}

func until(text string) *time.Time { return new(at(text)) }

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func percent(rate string, basis commission.Basis) commission.Structure {
	return commission.Structure{Commission: commission.Percentage{Rate: dec(rate), Basis: basis}}
}

func flat(fee string) commission.Structure {
	return commission.Structure{Commission: commission.FlatFee{Amount: dec(fee)}}
}

func lasting(value int, unit commission.DurationUnit, s commission.Structure) commission.Structure {
	s.Duration = &commission.Duration{Value: value, Unit: unit}
	return s
}

func from(minimum string, s commission.Structure) commission.Structure {
	s.MinimumEarnings = new(dec(minimum))
	return s
}

func payout(amount string) commission.Sums { return brought("0", amount) }

func brought(revenue, payout string) commission.Sums {
	return commission.Sums{Conversions: 1, Revenue: dec(revenue), Payout: dec(payout)}
}
