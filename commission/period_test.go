package commission_test

import (
	"testing"

	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

// [I1]
func TestLastPeriod_isOverAtTheEndOfTheDay(t *testing.T) {
	for _, c := range []struct {
		frequency         commission.BillingFrequency
		through, from, to string
	}{
		{commission.Weekly, "2026-06-28", "2026-06-22", "2026-06-28"}, // a Sunday: its week is over
		{commission.Weekly, "2026-06-27", "2026-06-15", "2026-06-21"}, // a Saturday: it is not
		{commission.Weekly, "2026-01-04", "2025-12-29", "2026-01-04"}, // a week of two years
		{commission.Bimonthly, "2026-06-15", "2026-06-01", "2026-06-15"},
		{commission.Bimonthly, "2026-06-14", "2026-05-16", "2026-05-31"},
		{commission.Bimonthly, "2026-02-28", "2026-02-16", "2026-02-28"},
		{commission.Bimonthly, "2026-02-27", "2026-02-01", "2026-02-15"},
		{commission.Monthly, "2028-02-29", "2028-02-01", "2028-02-29"},
		{commission.Monthly, "2028-02-28", "2028-01-01", "2028-01-31"},
		{commission.Monthly, "2026-01-15", "2025-12-01", "2025-12-31"},
		{commission.TwoMonths, "2026-02-28", "2026-01-01", "2026-02-28"},
		{commission.TwoMonths, "2026-03-31", "2026-01-01", "2026-02-28"},
		{commission.TwoMonths, "2026-01-01", "2025-11-01", "2025-12-31"},
		{commission.Quarterly, "2026-06-30", "2026-04-01", "2026-06-30"},
		{commission.Quarterly, "2026-06-29", "2026-01-01", "2026-03-31"},
	} {
		period, due := c.frequency.LastPeriod(date(c.through))
		if !due || period.From.String() != c.from || period.To.String() != c.to {
			t.Errorf("%s through %s: %s to %s, want %s to %s", c.frequency, c.through, period.From, period.To, c.from, c.to)
		}
	}
	if _, due := commission.Manual.LastPeriod(date("2026-06-30")); due {
		t.Error("MANUAL has a period of its own")
	}
}

// [I1] Day after day, the periods of a frequency follow each other without a gap and without an overlap.
func TestLastPeriod_coversEveryDayOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frequency := rapid.SampledFrom([]commission.BillingFrequency{
			commission.Weekly, commission.Bimonthly, commission.Monthly, commission.TwoMonths, commission.Quarterly,
		}).Draw(t, "frequency")
		through := commission.Date(rapid.Int32Range(10_000, 40_000).Draw(t, "through"))
		before, _ := frequency.LastPeriod(through)
		after, _ := frequency.LastPeriod(through + 1)
		if before.To > through || before.From > before.To {
			t.Fatalf("%s through %s is %v", frequency, through, before)
		}
		if after != before && after.From != before.To+1 {
			t.Fatalf("%s: %s to %s is followed by %s to %s", frequency, before.From, before.To, after.From, after.To)
		}
	})
}
