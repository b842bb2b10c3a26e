package ledger

import "sync"

// addresses remembers the ids of rows of sums, since recording adds to the same ones all the time. What gives a row to an
// invoice line, a void or nobody shuts the network's gate, which counts: what was learned before is then not told any more.
//
// Nothing depends on that. Whoever writes by an id holds what the row is against it (database.Tx.AddTo): so it is right also
// where a database takes over that lost what the last one did, and with it a count.
type addresses struct {
	mu            sync.Mutex
	recent, older map[cell]address
}

type address struct {
	id   int
	shut int64 // how often the gate had been when this was so
}

// addressesKept is how many of each table it keeps at least, and half of how many at most: some 3 MB.
const addressesKept = 20_000

// find fills in the ids that it knows.
func (a *addresses) find(t tally, shut int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, at := range t.at {
		found, known := a.recent[at]
		if !known {
			if found, known = a.older[at]; known {
				a.keep(at, found)
			}
		}
		if known && found.shut == shut {
			t.ids[i], t.told[i] = found.id, true
		}
	}
}

// add remembers the ids that it did not tell.
func (a *addresses) add(t tally, shut int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, at := range t.at {
		if !t.told[i] {
			a.keep(at, address{t.ids[i], shut})
		}
	}
}

// keep forgets what was asked for before as many others were.
func (a *addresses) keep(at cell, found address) {
	if a.recent == nil || len(a.recent) >= addressesKept {
		a.recent, a.older = map[cell]address{}, a.recent
	}
	a.recent[at] = found
}

// forget forgets everything.
func (a *addresses) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.recent, a.older = nil, nil
}
