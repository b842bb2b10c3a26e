package ledger

import (
	"context"
	"iter"
	"slices"
	"sync"
)

// addresses remembers the ids of rows of sums, since recording adds to the same ones all the time, and who is making which.
// What gives a row to an invoice line, a void or nobody shuts the network's gate, which counts: what was learned before is
// then not told any more.
//
// Nothing depends on that. Whoever writes by an id holds what the row is against it (database.Tx.AddTo): so it is right also
// where a database takes over that lost what the last one did, and with it a count.
type addresses struct {
	sync.Mutex
	accruals, earnings memory[cell, address]
}

type address struct {
	id   int    // 0: the row is being looked for and made
	shut int64  // how often the gate had been when this was so
	by   *maker // who makes the row, or made it and may hold it; nil: it is there
}

// maker is one try of a call to record. It holds the rows that it made until it is over: whoever adds to one waits for it.
type maker struct {
	begun, over chan struct{} // closed when it makes nothing any more, and when its transaction is done
	ends        sync.Once
	undone      bool // and nothing that it made is there; known once it is over
}

func newMaker() *maker { return &maker{begun: make(chan struct{}), over: make(chan struct{})} }

func (m *maker) end(undone bool) {
	m.ends.Do(func() {
		m.undone = undone
		close(m.over)
	})
}

func (m *maker) isOver() bool {
	select {
	case <-m.over:
		return true
	default:
		return false
	}
}

// claim fills in the ids that are known, and gives those who made the rows and may hold them still. The others are the
// maker's to find or make, until it tells. Where somebody else is at some of them it waits for that, and has claimed nothing
// meanwhile.
func (a *addresses) claim(ctx context.Context, of tallies, shut int64, by *maker) ([]*maker, error) {
	for {
		held, other := a.lookUp(of, shut, by)
		if other == nil {
			return held, nil
		}
		select {
		case <-other.begun:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// lookUp is claim, or who is to be waited for.
func (a *addresses) lookUp(of tallies, shut int64, by *maker) (held []*maker, other *maker) {
	a.Lock()
	defer a.Unlock()
	for t, remembered := range a.with(of) {
		for i, at := range t.at {
			found, known := remembered.get(at)
			if !known || found.shut != shut {
				continue
			}
			switch by := found.by; {
			case by == nil:
			case found.id == 0:
				return nil, by
			case !by.isOver():
				if !slices.Contains(held, by) {
					held = append(held, by)
				}
			case by.undone:
				continue
			default:
				remembered.keep(at, address{id: found.id, shut: shut})
			}
			t.ids[i], t.told[i] = found.id, true
		}
	}
	for t, remembered := range a.with(of) {
		for i, at := range t.at {
			if !t.told[i] {
				remembered.keep(at, address{shut: shut, by: by})
			}
		}
	}
	return held, nil
}

// tell remembers what the maker found and made of what it claimed, unless it failed.
func (a *addresses) tell(of tallies, shut int64, by *maker, failed bool) {
	a.Lock()
	defer a.Unlock()
	for t, remembered := range a.with(of) {
		for i, at := range t.at {
			switch {
			case t.told[i]:
			case failed || t.ids[i] == 0:
				remembered.drop(at)
			case t.made[i]:
				remembered.keep(at, address{t.ids[i], shut, by})
			default:
				remembered.keep(at, address{id: t.ids[i], shut: shut})
			}
		}
	}
	close(by.begun)
}

func (a *addresses) forget() {
	a.Lock()
	defer a.Unlock()
	a.accruals.forget()
	a.earnings.forget()
}

// with is each of both tallies with what is remembered of its table.
func (a *addresses) with(of tallies) iter.Seq2[tally, *memory[cell, address]] {
	return func(yield func(tally, *memory[cell, address]) bool) {
		_ = yield(of.accruals, &a.accruals) && yield(of.earnings, &a.earnings)
	}
}
