package ledger

import "sync"

// addresses remembers the ids of rows of sums, since recording adds to the same ones all the time. What it says is to be
// held against the row itself when that is written (database.Tx.AddTo): the row may have become an invoice line's since,
// or be gone with what a database lost that another one took over from. So nothing need be told to forget.
//
// It keeps what was asked for last: as soon as many others were, it forgets what was not.
type addresses struct {
	mu            sync.Mutex
	recent, older map[cell]int
}

// addressesKept is how many of each table it keeps at least, and half of how many at most: some 2 MB.
const addressesKept = 20_000

// find is the ids that it knows of cells.
func (p *addresses) find(of cells) map[cell]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := make(map[cell]int, len(of))
	for at := range of {
		id, known := p.recent[at]
		if !known {
			if id, known = p.older[at]; known {
				p.keep(at, id)
			}
		}
		if known {
			ids[at] = id
		}
	}
	return ids
}

func (p *addresses) add(ids map[cell]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at, id := range ids {
		p.keep(at, id)
	}
}

func (p *addresses) keep(at cell, id int) {
	if p.recent == nil || len(p.recent) >= addressesKept {
		p.recent, p.older = map[cell]int{}, p.recent
	}
	p.recent[at] = id
}

// forget forgets everything.
func (p *addresses) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recent, p.older = nil, nil
}
