package graph

import (
	"crypto/rand"
	"encoding/binary"
	"iter"
	"time"
	"unique"

	"github.com/hashicorp/golang-lru/v2/expirable"

	"partner.example/referrals/commission/ledger"
)

// orders keeps for some minutes in which order a report was shown whose pages are being turned: amounts change
// while conversions come in, and a page must go on where the last one ended. An order holds no more than
// the keys of rows, which mean something only within a report that the viewer was given. Where it is gone, or
// was another server's, the pages go on in the order of the moment.
type orders struct {
	kept *expirable.LRU[string, unique.Handle[string]] // packed, and the same ones once
}

const (
	keptOrders = 64
	keptFor    = 10 * time.Minute
)

func newOrders() *orders {
	return &orders{kept: expirable.NewLRU[string, unique.Handle[string]](keptOrders, nil, keptFor)}
}

// keep remembers the order of rows and names it.
func (o *orders) keep(rows []ledger.RowKey) string {
	name := rand.Text()
	o.kept.Add(name, unique.Make(pack(rows)))
	return name
}

// pack writes keys down in a fraction of their memory: each as what it has more than the one before, which is little where
// rows are equal in what they are sorted by.
func pack(keys []ledger.RowKey) string {
	packed := make([]byte, 0, 3*len(keys)) //nolint:mnd // about
	var last ledger.RowKey
	for _, key := range keys {
		packed = binary.AppendVarint(packed, int64(key.ReferralID-last.ReferralID))
		packed = binary.AppendVarint(packed, int64(key.TermID-last.TermID))
		last = key
	}
	return string(packed)
}

// unpack is the keys that were packed.
func unpack(packed string) iter.Seq[ledger.RowKey] {
	return func(yield func(ledger.RowKey) bool) {
		rest := []byte(packed)
		next := func(last int) int {
			more, size := binary.Varint(rest)
			rest = rest[size:]
			return last + int(more)
		}
		for key := (ledger.RowKey{}); len(rest) > 0; {
			if key = (ledger.RowKey{ReferralID: next(key.ReferralID), TermID: next(key.TermID)}); !yield(key) {
				return
			}
		}
	}
}

// resume puts rows into the order of that name, rows that it does not know last, and tells how many come up to
// a place in it: that of a row which may have left the filter since. false where there is no such place.
func (o *orders) resume(name string, at ledger.RowKey, rows []ledger.RowKey) (resumed []ledger.RowKey, upTo int, found bool) {
	left := make(map[ledger.RowKey]bool, len(rows))
	for _, key := range rows {
		left[key] = true
	}
	resumed = make([]ledger.RowKey, 0, len(rows))
	var kept string
	if order, known := o.kept.Get(name); known {
		kept = order.Value()
	}
	for key := range unpack(kept) {
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
