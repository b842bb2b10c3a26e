package graph

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"

	"partner.example/referrals/commission/ledger"
)

// orders keeps for some minutes in which order a report was shown whose pages are being turned: amounts change
// while conversions come in, and a page must go on where the last one ended. An order holds no more than
// the keys of rows, which mean something only within a report that the viewer was given. Where it is gone, or
// was another server's, the pages go on in the order of the moment.
type orders struct {
	kept *expirable.LRU[string, []rowKey]
}

const (
	keptOrders = 64
	keptFor    = 10 * time.Minute
)

func newOrders() *orders {
	return &orders{kept: expirable.NewLRU[string, []rowKey](keptOrders, nil, keptFor)}
}

// keep remembers the order of rows and names it.
func (o *orders) keep(rows []*ledger.Row) string {
	keys := make([]rowKey, len(rows))
	for i, row := range rows {
		keys[i] = keyOf(row)
	}
	name := rand.Text()
	o.kept.Add(name, keys)
	return name
}

// resume puts rows into the order of that name, rows that it does not know last, and tells how many come up to
// a place in it: that of a row which may have left the filter since. false where there is no such place.
func (o *orders) resume(name string, at rowKey, rows []*ledger.Row) (resumed []*ledger.Row, upTo int, found bool) {
	byKey := make(map[rowKey]*ledger.Row, len(rows))
	keys, _ := o.kept.Get(name)
	keys = slices.Clone(keys)
	for _, key := range keys {
		byKey[key] = nil
	}
	for _, row := range rows {
		key := keyOf(row)
		if _, known := byKey[key]; !known {
			keys = append(keys, key)
		}
		byKey[key] = row
	}
	resumed = make([]*ledger.Row, 0, len(rows))
	for _, key := range keys {
		if row := byKey[key]; row != nil {
			resumed = append(resumed, row)
		}
		if key == at {
			upTo, found = len(resumed), true
		}
	}
	return resumed, upTo, found
}
