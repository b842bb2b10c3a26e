package commission_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

// tried is what one referral would have cost over days of February and March, in New York: 10.00 of payout and 16.00
// of revenue a day.
func tried(s commission.Structure, past commission.Past, from, to string, revive bool) string {
	zone := newYork.MustLocation()
	days := commission.Period{From: commission.DateOf(at(from+"T12:00:00Z"), zone), To: commission.DateOf(at(to+"T12:00:00Z"), zone)}
	trial := commission.Trial{Structure: s, Days: days, Zone: zone, Revive: revive}
	var earned, tracked commission.Sums
	earning, terms := trial.EarningDays(past), trial.TermDays(past)
	for day := days.From; day <= days.To; day++ {
		if !earning.Has(day) {
			continue
		}
		earned = earned.Plus(brought("16", "10"))
		if !terms.Has(day) {
			tracked = tracked.Plus(brought("16", "10"))
		}
	}
	return commission.Format(usd.Round(trial.Cost(past, usd, earned, tracked)))
}

func TestTrial_saysWhatDaysWouldHaveCost(t *testing.T) { // [S7]
	tenPercent := percent("10", commission.Payout)
	since := func(from string) commission.Past {
		return commission.Past{Referral: commission.Referral{Interval: commission.Interval{From: at(from)}}}
	}
	old := since("2025-01-01T10:00:00-05:00")
	young := since("2026-02-10T10:00:00-05:00")
	ended, reassigned, paused, expired, approved, known := old, old, old, old, young, old
	ended.Until = until("2026-02-10T10:00:00-05:00")
	reassigned.Until, reassigned.Through = ended.Until, new(commission.NewDate(2026, 2, 9))
	paused.Pauses = []commission.Interval{{From: at("2026-02-05T10:00:00-05:00"), Until: until("2026-02-10T10:00:00-05:00")}}
	expired.Terms = []commission.Term{{ReferredDate: old.From, WindowEndsAt: until("2025-06-01T10:00:00-04:00")}}
	approved.FirstApproval = true
	known.Terms = []commission.Term{{ReferredDate: old.From}}
	known.Counted = brought("0", "1000")
	suspended := approved
	suspended.Pauses = []commission.Interval{{From: at("2026-01-01T10:00:00-05:00"), Until: until("2026-02-10T10:00:00.000001-05:00")}}

	for _, c := range []struct {
		name      string
		structure commission.Structure
		past      commission.Past
		revive    bool
		want      string
	}{
		{"all 28 days of February", tenPercent, old, false, "28.00"},
		{"another basis", percent("50", commission.Profit), old, false, "84.00"},
		{"from the day on which it started, that included", tenPercent, young, false, "19.00"},
		{"to the day on which it ended, that included", tenPercent, ended, false, "10.00"},
		{"to the day before another began", tenPercent, reassigned, false, "9.00"},
		{"but the days on which the referrer was never ACTIVE", tenPercent, paused, false, "24.00"},
		{"for a duration from the first day", lasting(1, commission.Week, tenPercent), old, false, "7.00"},
		{"for a duration from the start", lasting(1, commission.Week, tenPercent), young, false, "8.00"},
		{"nothing where it had expired", tenPercent, expired, false, "0.00"},
		{"unless it is revived", tenPercent, expired, true, "28.00"},
		{"nothing below the minimum", from("280.01", tenPercent), old, false, "0.00"},
		{"all of it at the minimum", from("280", tenPercent), old, false, "28.00"},
		{"all of it where its terms have reached the minimum", from("1000", tenPercent), known, false, "28.00"},
		{"and those alone, where they ran", from("1000.01", tenPercent), known, false, "0.00"},
		{"a fee for the first approval", flat("50"), approved, false, "50.00"},
		{"no fee where the partner was approved before", flat("50"), young, false, "0.00"},
		{"no fee where it started before the days", flat("50"), old, false, "0.00"},
		{"no fee where the referrer was not ACTIVE then", flat("50"), suspended, false, "0.00"},
		{"a fee that waits", from("190.01", flat("50")), approved, false, "0.00"},
		{"a fee that waited", from("190", flat("50")), approved, false, "50.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := tried(c.structure, c.past, "2026-02-01", "2026-02-28", c.revive); got != c.want {
				t.Errorf("it would have cost %s, want %s", got, c.want)
			}
		})
	}
}

// A day counts where the referral would have earned at some moment of it.
func TestTrial_countsTheDaysOnWhichItWouldHaveEarned(t *testing.T) { // [S7], [T1], [T6]
	zone := newYork.MustLocation()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPast(t)
		referrals := p.referrals(t)
		if len(referrals) == 0 {
			return
		}
		past := commission.Past{Referral: referrals[0]}
		first := commission.DateOf(time.UnixMicro(p.drawMoment(t)), zone)
		s := percent("10", commission.Payout)
		if rapid.Bool().Draw(t, "has a duration") {
			s = lasting(rapid.IntRange(1, 40).Draw(t, "days"), commission.Day, s)
		}
		trial := commission.Trial{Structure: s, Days: commission.Period{From: first, To: first + 40}, Zone: zone, Revive: true}
		begin := trial.Days.From.Start(zone)
		if past.From.After(begin) {
			begin = past.From
		}
		end := s.WindowEndsAt(begin, zone)
		days := trial.EarningDays(past)
		for day := first - 2; day <= first+42; day++ {
			earns := false
			for moment := day.Start(zone); moment.Before((day + 1).Start(zone)); moment = moment.Add(time.Hour) { // histories are drawn by the hour
				if moment.Before(begin) || !past.Covers(moment) || (end != nil && !moment.Before(*end)) {
					continue
				}
				running := true
				for _, pause := range past.Pauses {
					running = running && !pause.Covers(moment)
				}
				earns = earns || running
			}
			inRange := day >= trial.Days.From && day <= trial.Days.To
			if got := days.Has(day); got != (earns && inRange) {
				// Two pauses may cover a day together, and a pause what the referral's first or last day has of it: such days count.
				if !got || len(past.Pauses) == 0 {
					t.Fatalf("%s counts: %t, want %t", day, got, earns && inRange)
				}
			}
		}
	})
}
