package commission

import (
	"fmt"
	"strings"
	"time"
)

// DurationUnit is a calendar unit in the network's time zone [T4].
type DurationUnit string

const (
	Day   DurationUnit = "DAY"
	Week  DurationUnit = "WEEK"
	Month DurationUnit = "MONTH"
	Year  DurationUnit = "YEAR"
)

// Values lists every unit.
func (DurationUnit) Values() []string {
	return []string{string(Day), string(Week), string(Month), string(Year)}
}

// longest is ten years in each unit, whole units only [S5].
var longest = map[DurationUnit]int{Day: 3652, Week: 521, Month: 120, Year: 10} //nolint:mnd // each is ten years

const (
	daysAWeek   = 7
	monthsAYear = 12
)

// Duration is how long a term earns [S5].
type Duration struct {
	Value int
	Unit  DurationUnit
}

func (d Duration) check() Problems {
	var wrong Problems
	most, known := longest[d.Unit]
	switch {
	case !known:
		wrong.Add("unit", "must be DAY, WEEK, MONTH or YEAR")
	case d.Value <= 0:
		wrong.Add("value", "must be a whole number more than 0")
	case d.Value > most:
		wrong.Add("value", "must be at most %d: ten years are the longest", most)
	}
	return wrong
}

// String is the duration in words: "1 month", "10 years".
func (d Duration) String() string {
	unit := strings.ToLower(string(d.Unit))
	if d.Value != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", d.Value, unit)
}

// After is the moment a duration from start, by the calendar and the clock on the wall of zone: the
// same time of day on the day that is so many days, weeks, months or years on, clamped to the month's
// end [T4]. It is itself no longer part of the duration: ends are exclusive.
func (d Duration) After(start time.Time, zone *time.Location) time.Time {
	local := start.In(zone)
	day := NewDate(local.Date())
	switch d.Unit {
	case Day:
		day += Date(d.Value) //nolint:gosec // ten years at most
	case Week:
		day += Date(d.Value * daysAWeek) //nolint:gosec // ten years at most
	case Month:
		day = day.AddMonths(d.Value)
	case Year:
		day = day.AddMonths(d.Value * monthsAYear)
	}
	year, month, dayOfMonth := day.Civil()
	hour, minute, second := local.Clock()
	return wall(year, month, dayOfMonth, hour, minute, second, local.Nanosecond(), zone).UTC()
}
