package commission_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

func days(n int) commission.Duration { return commission.Duration{Value: n, Unit: commission.Day} }

func weeks(n int) commission.Duration { return commission.Duration{Value: n, Unit: commission.Week} }

func months(n int) commission.Duration { return commission.Duration{Value: n, Unit: commission.Month} }

func years(n int) commission.Duration { return commission.Duration{Value: n, Unit: commission.Year} }

// after checks durations in a zone; the offsets with which ends are written say which side of a change of
// the clocks is meant.
func after(t *testing.T, zone commission.Zone, cases []durationCase) {
	t.Helper()
	for _, c := range cases {
		got := c.duration.After(at(c.start), zone.MustLocation())
		if !got.Equal(at(c.want)) {
			t.Errorf("%s: %s from %s is %s, want %s", zone, c.duration, c.start, got.In(zone.MustLocation()).Format(time.RFC3339Nano), c.want)
		}
		if got.Location() != time.UTC {
			t.Errorf("%s: %s from %s is not told in UTC", zone, c.duration, c.start)
		}
	}
}

type durationCase struct {
	start    string
	duration commission.Duration
	want     string
}

func TestDurationAfter_clampsToTheMonthsEnd(t *testing.T) { // [T4], N3
	after(t, newYork, []durationCase{
		{"2026-01-31T10:00:00-05:00", months(1), "2026-02-28T10:00:00-05:00"},
		{"2028-01-31T10:00:00-05:00", months(1), "2028-02-29T10:00:00-05:00"},
		{"2026-01-29T10:00:00-05:00", months(1), "2026-02-28T10:00:00-05:00"},
		{"2028-01-29T10:00:00-05:00", months(1), "2028-02-29T10:00:00-05:00"},
		{"2026-01-31T10:00:00-05:00", months(2), "2026-03-31T10:00:00-04:00"},
		{"2026-08-31T10:00:00-04:00", months(1), "2026-09-30T10:00:00-04:00"},
		{"2026-11-30T10:00:00-05:00", months(3), "2027-02-28T10:00:00-05:00"},
		{"2026-01-31T23:59:59.999999-05:00", months(1), "2026-02-28T23:59:59.999999-05:00"},
	})
}

func TestDurationAfter_goesByTheNetworksCalendarNotByUTC(t *testing.T) { // [T4]
	// The evening of 30 January in New York is 31 January in UTC, and of 28 February 1 March.
	after(t, newYork, []durationCase{{"2027-01-31T01:00:00Z", months(1), "2027-03-01T01:00:00Z"}})
	after(t, "Asia/Tokyo", []durationCase{{"2026-02-27T20:00:00Z", months(1), "2026-03-27T20:00:00Z"}})
}

func TestDurationAfter_knowsLeapYears(t *testing.T) { // [T4]
	after(t, "UTC", []durationCase{
		{"2028-02-29T12:00:00Z", years(1), "2029-02-28T12:00:00Z"},
		{"2028-02-29T12:00:00Z", years(4), "2032-02-29T12:00:00Z"},
		{"2027-02-28T12:00:00Z", years(1), "2028-02-28T12:00:00Z"},
		{"2028-02-28T12:00:00Z", days(1), "2028-02-29T12:00:00Z"},
		{"2027-02-28T12:00:00Z", days(1), "2027-03-01T12:00:00Z"},
		{"2028-02-22T12:00:00Z", weeks(1), "2028-02-29T12:00:00Z"},
		{"2026-03-01T12:00:00Z", days(3652), "2036-02-29T12:00:00Z"},
		{"2026-03-01T12:00:00Z", weeks(521), "2036-02-24T12:00:00Z"},
		{"2026-03-01T12:00:00Z", months(120), "2036-03-01T12:00:00Z"},
		{"2026-03-01T12:00:00Z", years(10), "2036-03-01T12:00:00Z"},
	})
}

func TestDurationAfter_keepsTheTimeOfDayOverDaysOf23And25Hours(t *testing.T) { // [T4], [T5]
	after(t, newYork, []durationCase{
		{"2026-03-07T10:00:00-05:00", days(1), "2026-03-08T10:00:00-04:00"},
		{"2026-10-31T10:00:00-04:00", days(1), "2026-11-01T10:00:00-05:00"},
		{"2026-03-01T00:00:00-05:00", weeks(2), "2026-03-15T00:00:00-04:00"},
	})
}

func TestDurationAfter_readsASkippedTimeWithTheOffsetFromBefore(t *testing.T) { // [T4]
	after(t, newYork, []durationCase{
		{"2026-03-07T01:59:59.999999-05:00", days(1), "2026-03-08T01:59:59.999999-05:00"},
		{"2026-03-07T02:00:00-05:00", days(1), "2026-03-08T03:00:00-04:00"},
		{"2026-02-08T02:30:00-05:00", months(1), "2026-03-08T03:30:00-04:00"},
		{"2026-03-07T03:00:00-05:00", days(1), "2026-03-08T03:00:00-04:00"},
	})
	// Where clocks are set forward at midnight it is the first hour of the day that is skipped.
	after(t, "Africa/Cairo", []durationCase{
		{"2026-04-23T00:00:00+02:00", days(1), "2026-04-24T01:00:00+03:00"},
		{"2026-04-17T00:30:00+02:00", weeks(1), "2026-04-24T01:30:00+03:00"},
	})
	after(t, "America/Sao_Paulo", []durationCase{
		{"2018-10-04T00:00:00-03:00", months(1), "2018-11-04T01:00:00-02:00"},
		{"2017-11-04T00:59:59-02:00", years(1), "2018-11-04T01:59:59-02:00"},
	})
	// Lord Howe's clocks move by half an hour only.
	after(t, "Australia/Lord_Howe", []durationCase{
		{"2026-10-03T02:15:00+10:30", days(1), "2026-10-04T02:45:00+11:00"},
	})
}

func TestDurationAfter_takesTheFirstOfATimeThatComesTwice(t *testing.T) { // [T4]
	after(t, newYork, []durationCase{
		{"2026-10-31T00:59:59-04:00", days(1), "2026-11-01T00:59:59-04:00"},
		{"2026-10-31T01:00:00-04:00", days(1), "2026-11-01T01:00:00-04:00"},
		{"2026-10-31T01:30:00-04:00", days(1), "2026-11-01T01:30:00-04:00"},
		{"2026-10-31T02:00:00-04:00", days(1), "2026-11-01T02:00:00-05:00"},
		// One that starts in the second of the two ends by the clock all the same.
		{"2026-11-01T01:30:00-05:00", days(1), "2026-11-02T01:30:00-05:00"},
	})
	after(t, "America/Sao_Paulo", []durationCase{
		{"2018-02-16T23:30:00-02:00", days(1), "2018-02-17T23:30:00-02:00"},
	})
	after(t, "Africa/Cairo", []durationCase{
		{"2026-10-28T23:30:00+03:00", days(1), "2026-10-29T23:30:00+03:00"},
	})
	after(t, "Europe/London", []durationCase{ // where the offset after is none at all
		{"2026-09-25T01:30:00+01:00", months(1), "2026-10-25T01:30:00+01:00"},
	})
}

func TestDurationAfter_movesOnFromADayThatWasSkipped(t *testing.T) { // [T4]
	after(t, "Pacific/Apia", []durationCase{ // 30 December 2011 never was
		{"2011-12-29T10:00:00-10:00", days(1), "2011-12-31T10:00:00+14:00"},
		{"2011-12-29T10:00:00-10:00", days(2), "2011-12-31T10:00:00+14:00"},
		{"2011-11-30T00:00:00-10:00", months(1), "2011-12-31T00:00:00+14:00"},
		{"2011-12-23T18:00:00-10:00", weeks(1), "2011-12-31T18:00:00+14:00"},
	})
}

func TestDurationAfter_agreesWithTheCalendarInEveryZone(t *testing.T) { // [T4]
	inEveryZone(t, func(t *testing.T, c calendar) {
		// A day that ends at what the clock shows about each change: both its edges, and between them.
		aim := func(end int64) {
			start := c.second(end - 86400)
			if start+c.offset(start) != end-86400 {
				return // no clock showed that start
			}
			got := days(1).After(time.Unix(start, 0), c.zone)
			if want := c.second(end); got.Unix() != want || got.Nanosecond() != 0 {
				t.Errorf("%s: a day from %s ends at %s, want %s", c.zone, time.Unix(start, 0).UTC(), got, time.Unix(want, 0).UTC())
			}
			if got.Unix() <= start {
				t.Errorf("%s: a day from %s ends before it", c.zone, time.Unix(start, 0).UTC())
			}
		}
		c.changes(func(at, before, after int64) {
			for _, edge := range []int64{at + before, at + after} {
				aim(edge - 1)
				aim(edge)
				aim(edge + 1)
			}
			aim(at + (before+after)/2)
		})
	})
}

// drawStart is a moment at which a clock of zone shows a time; drawDuration a length that S5 allows.
func drawStart(t *rapid.T) time.Time {
	return at("1975-01-01T00:00:00Z").Add(time.Duration(rapid.Int64Range(0, 55*366*24*hour).Draw(t, "start")) * time.Microsecond)
}

func drawDuration(t *rapid.T) commission.Duration {
	return rapid.OneOf(
		rapid.Map(rapid.IntRange(1, 3652), days), rapid.Map(rapid.IntRange(1, 521), weeks),
		rapid.Map(rapid.IntRange(1, 120), months), rapid.Map(rapid.IntRange(1, 10), years),
	).Draw(t, "duration")
}

func drawZone(t *rapid.T) *time.Location {
	names, err := everyZone()
	if err != nil {
		t.Fatal(err)
	}
	return rapid.SampledFrom(names).Draw(t, "zone").MustLocation()
}

func TestDurationAfter_endsLaterThanItStarts(t *testing.T) { // [T1]
	rapid.Check(t, func(t *rapid.T) {
		zone, d, start := drawZone(t), drawDuration(t), drawStart(t)
		if end := d.After(start, zone); !end.After(start) {
			t.Fatalf("%s from %s in %s ends at %s", d, start, zone, end)
		}
	})
}

func TestDurationAfter_ofALongerDurationIsLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, d, start := drawZone(t), drawDuration(t), drawStart(t)
		longer := commission.Duration{Value: d.Value + 1, Unit: d.Unit}
		// Not strictly: a day that was skipped whole ends with the next [Pacific/Apia].
		if longer.After(start, zone).Before(d.After(start, zone)) {
			t.Fatalf("%s from %s in %s ends before %s does", longer, start, zone, d)
		}
	})
}

// What starts at the same time of a later day ends no earlier. That is as far as order goes: clamping
// to the month's end ends 31 January 09:00 before 30 January 10:00.
func TestDurationAfter_ofALaterDayIsNotEarlier(t *testing.T) { // [T4]
	rapid.Check(t, func(t *rapid.T) {
		zone, d, start := drawZone(t), drawDuration(t), drawStart(t)
		later := days(rapid.IntRange(1, 800).Draw(t, "days later")).After(start, zone)
		if later.In(zone).Format(time.TimeOnly) != start.In(zone).Format(time.TimeOnly) {
			t.Skip("the later day does not have that time")
		}
		if first, second := d.After(start, zone), d.After(later, zone); second.Before(first) {
			t.Fatalf("%s in %s ends at %s from %s, but at %s from %s", d, zone, first, start, second, later)
		}
	})
}

func TestDurationAfter_keepsTheOrderOfStartsWhereNoClockIsSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, start := drawDuration(t), drawStart(t)
		if d.Unit == commission.Month || d.Unit == commission.Year {
			d = days(d.Value)
		}
		later := start.Add(time.Duration(rapid.Int64Range(1, 1e12).Draw(t, "microseconds later")) * time.Microsecond)
		if got := d.After(later, time.UTC).Sub(d.After(start, time.UTC)); got != later.Sub(start) {
			t.Fatalf("%s moves %s and %s to %s from each other", d, start, later, got)
		}
	})
}

func TestDuration_isToldInWords(t *testing.T) {
	for want, d := range map[string]commission.Duration{
		"1 day": days(1), "2 days": days(2), "1 week": weeks(1), "3 weeks": weeks(3),
		"1 month": months(1), "12 months": months(12), "1 year": years(1), "10 years": years(10),
	} {
		if d.String() != want {
			t.Errorf("%s is told as %q", want, d)
		}
	}
}
