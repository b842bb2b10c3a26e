package commission

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // for machines that bring no zones of their own
)

// Zone is the IANA name of a reporting time zone, such as America/New_York.
type Zone string

var locations sync.Map // Zone to *time.Location: loading one costs more than all that is done with it

// Location is the zone's rules.
func (z Zone) Location() (*time.Location, error) {
	if known, ok := locations.Load(z); ok {
		return known.(*time.Location), nil //nolint:forcetypeassert // only locations are stored
	}
	if z.ofTheMachine() {
		return nil, Refuse(BadUserInput, "timeZone", "must be an IANA time zone such as America/New_York")
	}
	location, err := time.LoadLocation(string(z))
	if err != nil {
		return nil, Refuse(BadUserInput, "timeZone", "must be an IANA time zone such as America/New_York")
	}
	locations.Store(z, location)
	return location, nil
}

// ofTheMachine tells the names that mean something to Go or to the tz database of some machines, and are
// no places: the machine's own zone, and zones that count leap seconds.
func (z Zone) ofTheMachine() bool {
	switch z {
	case "", "Local", "localtime", "posixrules":
		return true
	}
	return strings.HasPrefix(string(z), "posix/") || strings.HasPrefix(string(z), "right/")
}

// MustLocation is Location for zones that were checked when they were stored.
func (z Zone) MustLocation() *time.Location {
	location, err := z.Location()
	if err != nil {
		panic("unchecked time zone " + string(z))
	}
	return location
}
