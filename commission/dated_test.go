package commission_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

func TestEffectiveAt_isMidnightOfADayToCome(t *testing.T) { // [S7]
	for _, c := range []struct {
		name string
		zone commission.Zone
		now  string
		day  string
		want string // ""; it is refused
	}{
		{"tomorrow", "America/New_York", "2026-03-07T12:00:00-05:00", "2026-03-08", "2026-03-08T05:00:00Z"},
		{"tomorrow, a microsecond before it", "America/New_York", "2026-03-07T23:59:59.999999-05:00", "2026-03-08", "2026-03-08T05:00:00Z"},
		{"today, from its first moment on", "America/New_York", "2026-03-08T00:00:00-05:00", "2026-03-08", ""},
		{"today in New York, tomorrow in London", "America/New_York", "2026-06-30T20:30:00-04:00", "2026-06-30", ""},
		{"yesterday", "America/New_York", "2026-03-08T12:00:00-04:00", "2026-03-07", ""},
		{"a day that begins at one o'clock", "Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-24", "2026-04-23T22:00:00Z"},
		{"a day that has its first hour twice", "America/Havana", "2026-10-31T12:00:00Z", "2026-11-01", "2026-11-01T04:00:00Z"},
		{"a day that is skipped", "Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-30", "2011-12-30T10:00:00Z"},
		{"a day that has begun, and was interrupted by its eve", "America/St_Johns", "2010-11-06T23:30:00-03:30", "2010-11-07", ""},
		{"ten years from now", "Europe/London", "2026-06-30T12:00:00Z", "2036-06-29", "2036-06-28T23:00:00Z"},
		{"more than ten years from now", "Europe/London", "2026-06-30T12:00:00Z", "2036-06-30", ""},
	} {
		got, refusal := commission.EffectiveAt(date(c.day), at(c.now), c.zone.MustLocation())
		switch {
		case c.want == "" && (refusal == nil || refusal.Code != commission.BadUserInput || refusal.Field != "effectiveOn"):
			t.Errorf("%s: %s, %v; want it refused", c.name, got, refusal)
		case c.want != "" && (refusal != nil || !got.Equal(at(c.want))):
			t.Errorf("%s: %s, %v; want %s", c.name, got, refusal, c.want)
		}
	}
}

// Whatever the zone and the moment: a change takes effect later than it is asked for, and what occurred before counts
// on an earlier day than what occurs from then on.
func TestEffectiveAt_partsTheDays(t *testing.T) { // [S7]
	names, err := everyZone()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(names).Draw(t, "zone").MustLocation()
		now := commission.Moment(time.UnixMicro(rapid.Int64Range(0, 2_200_000_000_000_000).Draw(t, "now")))
		day := commission.DateOf(now, zone) + commission.Date(rapid.Int32Range(-2, 4000).Draw(t, "days ahead"))
		at, refusal := commission.EffectiveAt(day, now, zone)
		if refusal != nil {
			if ahead := day - commission.DateOf(now, zone); ahead > 1 && ahead <= commission.MostDaysAhead {
				t.Errorf("%d days ahead: %s", ahead, refusal)
			}
			return
		}
		if !at.After(now) || commission.DateOf(at, zone) < day || commission.DateOf(at.Add(-commission.Micro), zone) >= day {
			t.Errorf("asked for at %s, %s in %s takes effect at %s", now, day, zone, at)
		}
	})
}
