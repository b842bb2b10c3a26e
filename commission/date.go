package commission

import "time"

// Date is a calendar day, counted from 1970-01-01. In which zone it is a day is said by whoever
// holds it: days of this program are days of the network's reporting time zone [T5].
type Date int32

// DateLayout is how dates are written everywhere: 2026-06-30.
const DateLayout = time.DateOnly

const secondsADay = 24 * 60 * 60

// NewDate is the date of a year, month and day; out-of-range days roll over as in time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsADay) //nolint:gosec // years 1 to 9999
}

// DateOf is the calendar day that a clock on the wall of zone shows at t.
func DateOf(t time.Time, zone *time.Location) Date {
	year, month, day := t.In(zone).Date()
	return NewDate(year, month, day)
}

// ParseDate reads 2026-06-30.
func ParseDate(text string) (Date, *Error) {
	t, err := time.Parse(DateLayout, text)
	if err != nil || t.Year() < 1970 {
		return 0, Refuse(BadUserInput, "", "must be a calendar date such as 2026-06-30")
	}
	return NewDate(t.Date()), nil
}

// midnight is the start of the day in UTC, as a carrier of its year, month and day.
func (d Date) midnight() time.Time { return time.Unix(int64(d)*secondsADay, 0).UTC() }

// Civil is the date's year, month and day.
func (d Date) Civil() (year int, month time.Month, day int) { return d.midnight().Date() }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.midnight().Weekday() }

func (d Date) String() string { return d.midnight().Format(DateLayout) }

// Month is the calendar month of the date.
func (d Date) Month() CalendarMonth {
	year, month, _ := d.Civil()
	return CalendarMonth(monthsAYear*year + int(month) - 1) //nolint:gosec // as a Date
}

// Start is the first moment at which the zone's calendar shows this day or, where a zone skipped it
// whole, a later one.
func (d Date) Start(zone *time.Location) time.Time {
	year, month, day := d.Civil()
	return wall(year, month, day, 0, 0, 0, 0, zone)
}

// AddMonths is the same day n months on, clamped to that month's end: 31 January + 1 is 28 or 29
// February.
func (d Date) AddMonths(n int) Date {
	year, month, day := d.Civil()
	first := time.Date(year, month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return NewDate(first.Year(), first.Month(), min(day, last))
}

// CalendarMonth is a month of some year, counted so that the next one is one more: 12 x year + month - 1.
type CalendarMonth int32

// First is the month's first day.
func (m CalendarMonth) First() Date {
	return NewDate(int(m)/monthsAYear, time.Month(m%monthsAYear+1), 1)
}

func (m CalendarMonth) String() string { return m.First().midnight().Format("2006-01") }

// wall is the moment at which a clock on the wall of zone shows the given time. A time that the zone
// skips is read with the offset from before the gap, and of a time that comes twice the first is
// meant, as RFC 5545 (section 3.3.5) has it.
func wall(year int, month time.Month, day, hour, minute, second, nanosecond int, zone *time.Location) time.Time {
	wanted := time.Date(year, month, day, hour, minute, second, nanosecond, time.UTC)
	got := time.Date(year, month, day, hour, minute, second, nanosecond, zone)
	shown := func(t time.Time) time.Time {
		_, offset := t.Zone()
		return t.UTC().Add(time.Duration(offset) * time.Second)
	}
	read := func(inForce time.Time) time.Time { // wanted, read with the offset in force at a moment
		_, offset := inForce.In(zone).Zone()
		return wanted.Add(-time.Duration(offset) * time.Second).In(zone)
	}
	if shown(got).Before(wanted) { // in a gap, and read with the offset from after it
		return read(got)
	}
	if start, _ := got.ZoneBounds(); !start.IsZero() {
		if earlier := read(start.Add(-1)); shown(earlier).Equal(wanted) && earlier.Before(got) {
			return earlier
		}
	}
	return got
}
