package commission_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"partner.example/referrals/commission"
)

func date(text string) commission.Date {
	d, refusal := commission.ParseDate(text)
	if refusal != nil {
		panic(refusal)
	}
	return d
}

func TestParseDate_readsWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := commission.Date(rapid.Int32Range(0, int32(commission.NewDate(9999, time.December, 31))).Draw(t, "day"))
		again, refusal := commission.ParseDate(d.String())
		if refusal != nil || again != d {
			t.Fatalf("%s is read as %s, %v", d, again, refusal)
		}
		if year, month, day := d.Civil(); commission.NewDate(year, month, day) != d {
			t.Fatalf("%s is not the date of its year, month and day", d)
		}
		midnight := time.Unix(int64(d)*86400, 0).UTC()
		if d.String() != midnight.Format("2006-01-02") || d.Weekday() != midnight.Weekday() {
			t.Fatalf("day %d is %s, a %s", int32(d), d, d.Weekday())
		}
	})
}

func TestParseDate_refusesWhatIsNoDate(t *testing.T) {
	for _, text := range []string{
		"", " 2026-06-30", "2026-06-30 ", "2026-6-30", "26-06-30", "30.06.2026", "2026/06/30", "20260630",
		"2026-02-29", "2026-13-01", "2026-00-10", "2026-06-31", "2026-06-30T00:00:00Z",
		"1969-12-31", "0000-01-01", "10000-01-01", "-2026-06-30", "tomorrow",
	} {
		if d, refusal := commission.ParseDate(text); refusal == nil || refusal.Code != commission.BadUserInput {
			t.Errorf("%q is read as %s, %v", text, d, refusal)
		}
	}
}

func TestCalendarMonth_isThatOfItsDaysAndOfNoOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := commission.Date(rapid.Int32Range(-1, int32(commission.NewDate(9999, time.December, 31))).Draw(t, "day"))
		m := d.Month()
		if d < m.First() || d >= (m+1).First() || (m.First()-1).Month() != m-1 || m.String() != d.String()[:len("2006-01")] {
			t.Fatalf("%s is in the month %s, from %s to before %s", d, m, m.First(), (m + 1).First())
		}
	})
}

func TestDateAddMonths_clampsToTheMonthsEnd(t *testing.T) { // [T4]
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{
		{"2026-01-31", 1, "2026-02-28"},
		{"2026-01-30", 1, "2026-02-28"},
		{"2026-01-29", 1, "2026-02-28"},
		{"2026-01-28", 1, "2026-02-28"},
		{"2028-01-31", 1, "2028-02-29"},
		{"2028-01-30", 1, "2028-02-29"},
		{"2028-01-29", 1, "2028-02-29"},
		{"2026-03-31", 1, "2026-04-30"},
		{"2026-02-28", 1, "2026-03-28"},
		{"2026-10-31", 4, "2027-02-28"},
		{"2026-12-31", 2, "2027-02-28"},
		{"2028-02-29", 12, "2029-02-28"},
		{"2028-02-29", 48, "2032-02-29"},
		{"2026-01-31", 120, "2036-01-31"},
		{"2026-03-31", -1, "2026-02-28"},
		{"2026-01-15", -1, "2025-12-15"},
		{"2026-05-31", 0, "2026-05-31"},
	} {
		if got := date(c.from).AddMonths(c.months); got != date(c.want) {
			t.Errorf("%s + %d months is %s, want %s", c.from, c.months, got, c.want)
		}
	}
}

func TestDateOf_isTheDayOnTheWall(t *testing.T) { // [T5]
	for _, c := range []struct {
		zone commission.Zone
		at   string
		want string
	}{
		{"America/New_York", "2026-06-30T03:59:59.999999Z", "2026-06-29"},
		{"America/New_York", "2026-06-30T04:00:00Z", "2026-06-30"},
		{"America/New_York", "2026-01-30T04:59:59.999999Z", "2026-01-29"},
		{"Asia/Kathmandu", "2026-06-29T18:15:00Z", "2026-06-30"},
		{"Pacific/Kiritimati", "2026-06-29T10:00:00Z", "2026-06-30"},
		{"Pacific/Apia", "2011-12-30T09:59:59.999999Z", "2011-12-29"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"},
	} {
		if got := commission.DateOf(at(c.at), c.zone.MustLocation()); got != date(c.want) {
			t.Errorf("at %s in %s it is %s, want %s", c.at, c.zone, got, c.want)
		}
	}
}

func TestDateStart_isTheFirstMomentOfTheDay(t *testing.T) { // [T5]
	for _, c := range []struct {
		name string
		zone commission.Zone
		day  string
		want string
	}{
		{"a day of 23 hours", "America/New_York", "2026-03-08", "2026-03-08T05:00:00Z"},
		{"the day after it", "America/New_York", "2026-03-09", "2026-03-09T04:00:00Z"},
		{"a day of 25 hours", "America/New_York", "2026-11-01", "2026-11-01T04:00:00Z"},
		{"the day after it", "America/New_York", "2026-11-02", "2026-11-02T05:00:00Z"},
		{"a day that begins at one o'clock", "Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"},
		{"a day that begins at one o'clock", "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"},
		{"a day whose eve has its last hour twice", "America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"},
		{"a day that has its first hour twice", "America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"},
		{"a day that was interrupted by its eve", "America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z"},
		{"a day that was skipped", "Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},
		{"the day after it", "Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
	} {
		if got := date(c.day).Start(c.zone.MustLocation()); !got.Equal(at(c.want)) {
			t.Errorf("%s, %s in %s, starts at %s, want %s", c.name, c.day, c.zone, got.UTC(), c.want)
		}
	}
}

func TestDateStart_agreesWithDateOfInEveryZone(t *testing.T) { // [T5]
	inEveryZone(t, func(t *testing.T, c calendar) {
		check := func(day commission.Date) {
			start := day.Start(c.zone)
			if want := c.startOf(int64(day) * 86400); start.Unix() != want || start.Nanosecond() != 0 {
				t.Errorf("%s: %s starts at %s, want %s", c.zone, day, start.UTC(), time.Unix(want, 0).UTC())
			}
			// It is later than the day where the zone skipped that whole.
			shown := commission.DateOf(start, c.zone)
			if shown < day || (shown > day && c.startOf(int64(day+1)*86400) != start.Unix()) {
				t.Errorf("%s: the start of %s shows %s", c.zone, day, shown)
			}
			if eve := commission.DateOf(start.Add(-commission.Micro), c.zone); eve >= day {
				t.Errorf("%s: just before the start of %s it is %s", c.zone, day, eve)
			}
		}
		for year := 1971; year < 2042; year++ { // an ordinary day in each year, for the zones that set no clocks
			check(commission.NewDate(year, time.July, 20))
		}
		c.changes(func(at, _, _ int64) {
			for day := commission.DateOf(time.Unix(at, 0), c.zone) - 2; day <= commission.DateOf(time.Unix(at, 0), c.zone)+2; day++ {
				check(day)
			}
		})
	})
}
