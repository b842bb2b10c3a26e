package ledger

// addresses remembers the ids of rows of sums, since recording adds to the same ones all the time. What gives a row to an
// invoice line, a void or nobody shuts the network's gate, which counts: what was learned before is then not told any more.
//
// Nothing depends on that. Whoever writes by an id holds what the row is against it (database.Tx.AddTo): so it is right also
// where a database takes over that lost what the last one did, and with it a count.
type addresses struct{ memory[cell, address] }

type address struct {
	id   int
	shut int64 // how often the gate had been when this was so
}

// find fills in the ids that it knows, and tells how many.
func (a *addresses) find(t tally, shut int64) (told int) {
	a.Lock()
	defer a.Unlock()
	for i, at := range t.at {
		if found, known := a.get(at); known && found.shut == shut {
			t.ids[i], t.told[i] = found.id, true
			told++
		}
	}
	return told
}

// add remembers the ids that it did not tell.
func (a *addresses) add(t tally, shut int64) {
	a.Lock()
	defer a.Unlock()
	for i, at := range t.at {
		if !t.told[i] {
			a.keep(at, address{t.ids[i], shut})
		}
	}
}
