package commission_test

import (
	"archive/zip"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"partner.example/referrals/commission"
)

// everyZone is the names in the tz database that the program carries. Go does not tell them, so they are
// read from the source of time/tzdata: wherever this package compiles, that is there, and it is the very
// data that is compiled in.
var everyZone = sync.OnceValues(func() ([]commission.Zone, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "tzdata", "zzipdata.go")
	file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
	if err != nil {
		return nil, err
	}
	data := ""
	ast.Inspect(file, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, unquoted := strconv.Unquote(literal.Value)
			data, err = data+text, errors.Join(err, unquoted)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(strings.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	var names []commission.Zone
	for _, file := range archive.File {
		if !file.FileInfo().IsDir() {
			names = append(names, commission.Zone(file.Name))
		}
	}
	return names, nil
})

// inEveryZone runs a test in each zone of the database, as the program loads it.
func inEveryZone(t *testing.T, test func(t *testing.T, c calendar)) {
	t.Helper()
	names, err := everyZone()
	if err != nil {
		t.Fatalf("cannot read the names of the zones: %v", err)
	}
	if len(names) < 400 {
		t.Fatalf("found %d zones only", len(names))
	}
	for _, name := range names {
		location, err := name.Location()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		test(t, calendarOf(location))
	}
}

// calendar is a zone as the reference reads it: the stretches of time over which its clocks ran evenly,
// from 1969 to 2045, in seconds. What a clock on the wall shows is written as the UTC time that reads
// the same.
type calendar struct {
	zone    *time.Location
	stretch []evenly
}

type evenly struct{ from, until, offset int64 }

var (
	firstSecond = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)
	lastSecond  = time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC)
)

func calendarOf(zone *time.Location) calendar {
	c := calendar{zone: zone}
	for from := firstSecond; from.Before(lastSecond); {
		_, end := from.In(zone).ZoneBounds()
		if end.IsZero() || end.After(lastSecond) {
			end = lastSecond
		}
		if !end.After(from) { // Go 1.26 answers so on the last day of a leap year, from 2040 on
			end = from.Add(time.Hour)
		}
		_, offset := from.In(zone).Zone()
		c.stretch = append(c.stretch, evenly{from.Unix(), end.Unix(), int64(offset)})
		from = end
	}
	return c
}

// startOf is the first second at which the calendar shows a day, given as its midnight, or a later one.
func (c calendar) startOf(midnight int64) int64 {
	for _, s := range c.stretch {
		if start := max(s.from, midnight-s.offset); start < s.until {
			return start
		}
	}
	panic("a day beyond the calendar")
}

// second is when a clock on the wall shows a time: the first of two, and where it is skipped the time
// that the clock would have shown, had it not been set forward [T4].
func (c calendar) second(shown int64) int64 {
	for i, s := range c.stretch {
		switch at := shown - s.offset; {
		case at >= s.from && at < s.until:
			return at
		case at < s.from: // the stretch begins later than that: the time was skipped on the way into it
			return shown - c.stretch[i-1].offset
		}
	}
	panic("a time beyond the calendar")
}

// offset is the one in force at a second.
func (c calendar) offset(at int64) int64 {
	for _, s := range c.stretch {
		if s.from <= at && at < s.until {
			return s.offset
		}
	}
	panic("a time beyond the calendar")
}

// changes calls see with each moment in which the clocks were set, and the offsets before and after it,
// within the years that matter.
func (c calendar) changes(see func(at, before, after int64)) {
	for i := 1; i < len(c.stretch); i++ {
		at := c.stretch[i].from
		if year := time.Unix(at, 0).UTC().Year(); year >= 1970 && year < 2042 {
			see(at, c.stretch[i-1].offset, c.stretch[i].offset)
		}
	}
}

func TestZone_isAPlaceOfTheDatabase(t *testing.T) {
	for _, name := range []commission.Zone{"America/New_York", "UTC", "Asia/Kathmandu", "Pacific/Apia"} {
		location, err := name.Location()
		if err != nil || location.String() != string(name) {
			t.Errorf("%s is the location %v, %v", name, location, err)
		}
		if again := name.MustLocation(); again != location {
			t.Errorf("%s is loaded twice", name)
		}
	}
}

func TestZone_isNothingElse(t *testing.T) {
	for _, name := range []commission.Zone{
		"", "Local", "Mars/Olympus", "EDT", "+02:00", "../etc/passwd", "/etc/localtime",
		// Machines that have a tz database of their own have these in it: the machine's own zone, and zones
		// that count leap seconds, in which no day begins at midnight.
		"localtime", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin", "right/UTC",
	} {
		_, err := name.Location()
		if commission.CodeOf(err) != commission.BadUserInput {
			t.Errorf("zone %q is answered with %v, want a refusal", name, err)
		}
	}
}

func TestZone_thatWasNotCheckedPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustLocation of an unknown zone does not panic")
		}
	}()
	commission.Zone("Mars/Olympus").MustLocation()
}
