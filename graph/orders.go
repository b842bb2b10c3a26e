package graph

import (
	"crypto/rand"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"

	"partner.example/referrals/commission/ledger"
)

// orders keeps for some minutes in which order a report was shown whose pages are being turned: amounts change
// while conversions come in, and a page must go on where the last one ended. An order holds no more than
// the keys of rows, which mean something only within a report that the viewer was given. Where it is gone, or
// was another server's, the pages go on in the order of the moment.
type orders struct {
	kept *expirable.LRU[string, []ledger.RowKey]
}

const (
	keptOrders = 64
	keptFor    = 10 * time.Minute
)

func newOrders() *orders {
	return &orders{kept: expirable.NewLRU[string, []ledger.RowKey](keptOrders, nil, keptFor)}
}

// keep remembers the order of rows and names it.
func (o *orders) keep(rows []ledger.RowKey) string {
	name := rand.Text()
	o.kept.Add(name, rows)
	return name
}

// resume puts rows into the order of that name, rows that it does not know last, and tells how many come up to
// a place in it: that of a row which may have left the filter since. false where there is no such place.
func (o *orders) resume(name string, at ledger.RowKey, rows []ledger.RowKey) (resumed []ledger.RowKey, upTo int, found bool) {
	left := make(map[ledger.RowKey]bool, len(rows))
	for _, key := range rows {
		left[key] = true
	}
	resumed = make([]ledger.RowKey, 0, len(rows))
	kept, _ := o.kept.Get(name)
	for _, key := range kept {
		if left[key] {
			resumed = append(resumed, key)
			delete(left, key)
		}
		if key == at {
			upTo, found = len(resumed), true
		}
	}
	for _, key := range rows {
		if left[key] {
			if resumed = append(resumed, key); key == at {
				upTo, found = len(resumed), true
			}
		}
	}
	return resumed, upTo, found
}
