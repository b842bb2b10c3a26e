package billing

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/viewer"
)

// Schedule runs billing by itself: after midnight in a network's zone, through the day that is over then [I2]. Any
// number of servers may have one on the same database.
//
// That nothing is billed twice or lost is none of its business: every run sees to that, behind the gate. It only
// keeps servers from doing the same work at once. Who begins a run writes its name on the network, and each step of
// the run moves the network's beat. A beat that stands still for as long as the others' patience means that the
// server is gone: one of them takes the run over, and the first, should it only have slept, finds another name there
// and stops. Patience is measured by each server for itself, so it does not matter how far clocks differ.
type Schedule struct {
	*Billing

	Server   string        // names this server among those on the database; no two are named the same
	Patience time.Duration // for how long the run of another server may stand still
	AtOnce   int           // how many networks are billed at once

	mutex sync.Mutex
	seen  map[int]sighting // of networks that are due: what the last looks saw
}

// sighting is what a server remembers of a network that is due.
type sighting struct {
	beat     int
	since    time.Time // the beat stands still
	failures int       // of runs of its own, one after the other
	until    time.Time // the network is left alone, after a failure
}

// Turn is one run of billing for a network, and what came of it.
type Turn struct {
	NetworkID int
	Through   commission.Date
	From      string // the server whose run stood still and was taken over; "": none
	Made      int    // invoices, also where Err cut the run off
	Took      time.Duration
	Err       error
}

// ErrTakenOver stops a run whose network another server took over.
var ErrTakenOver = errors.New("another server took the run over: this one stood still for too long")

// After a failure a network is left alone for Patience, for twice that after the next, and so on.
const (
	longestRest   = time.Hour
	mostDoublings = 12
)

// Look runs billing for all networks where it is due and no other server is at it. Each turn is told of when it is
// over. What goes wrong with one network does not touch the others; the error is that of the look itself.
func (s *Schedule) Look(ctx context.Context, tell func(Turn)) error {
	ctx = viewer.AsSystem(ctx, "scheduled billing")
	due, err := s.due(ctx)
	if err != nil {
		return err
	}
	s.forget(due)
	rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] }) //nolint:gosec // any order will do: servers that look at once begin with others
	var turns sync.WaitGroup
	room := make(chan struct{}, max(s.AtOnce, 1))
	for _, network := range due {
		if ctx.Err() != nil {
			break
		}
		if !s.free(network) {
			continue
		}
		room <- struct{}{}
		turns.Go(func() {
			defer func() { <-room }()
			if turn := s.turn(ctx, network); turn != nil {
				tell(*turn)
			}
		})
	}
	turns.Wait()
	return ctx.Err()
}

// dueNetwork is a network that is not billed through the day that is over.
type dueNetwork struct {
	id      int
	through commission.Date // the day that is over
	by      string          // the server that is at it; "": none
	beat    int
}

// standing is how far the networks of one zone are.
type standing struct {
	zone      commission.Zone
	billed    *commission.Date // nil: billing never ran
	yesterday commission.Date  // the last day that is over in the zone
	networks  int
}

// due tells whether billing has to run. A network that is ahead by more than clocks differ was billed by one that was
// wrong: it is brought back, or it would wait for that day.
func (st standing) due() bool {
	return st.billed == nil || *st.billed < st.yesterday || *st.billed > st.yesterday+1
}

// standings asks how far the networks are: one row of an index for each zone and day.
func (b *Billing) standings(ctx context.Context) ([]standing, error) {
	var all []standing
	now := b.Now()
	err := database.Each(ctx, b.DB, "SELECT time_zone, billed_through, COUNT(*) FROM network GROUP BY time_zone, billed_through", nil, func(row *stdsql.Rows) error {
		var st standing
		if err := row.Scan(&st.zone, &st.billed, &st.networks); err != nil {
			return err
		}
		zone, err := st.zone.Location()
		st.yesterday = commission.DateOf(now, zone) - 1
		all = append(all, st)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ask how far billing is: %w", err)
	}
	return all, nil
}

// Lag is how far scheduled billing is behind.
type Lag struct {
	Networks int // that are not billed through the day that is over in their zone
	Days     int // by how many the furthest of them is behind
}

// Lag tells how far scheduled billing is behind; a network for which it never ran is behind by a day. It is for the
// program itself.
func (b *Billing) Lag(ctx context.Context) (Lag, error) {
	all, err := b.standings(ctx)
	var lag Lag
	for _, st := range all {
		if !st.due() {
			continue
		}
		lag.Networks += st.networks
		days := 1
		if st.billed != nil {
			days = int(st.yesterday - *st.billed)
		}
		lag.Days = max(lag.Days, days)
	}
	return lag, err
}

// due finds the networks where billing has to run. Mostly there are none, which the standings tell.
func (s *Schedule) due(ctx context.Context) ([]dueNetwork, error) {
	standings, err := s.standings(ctx)
	if err != nil {
		return nil, err
	}
	through := map[commission.Zone]commission.Date{}
	var zones []commission.Zone
	for _, st := range standings {
		if _, known := through[st.zone]; st.due() && !known {
			through[st.zone] = st.yesterday
			zones = append(zones, st.zone)
		}
	}
	var due []dueNetwork
	err = database.EachIn(ctx, s.DB, "SELECT id, time_zone, billed_through, billing_by, billing_beat FROM network WHERE time_zone IN (%s)", nil, zones,
		func(row *stdsql.Rows) error {
			var network dueNetwork
			var st standing
			if err := row.Scan(&network.id, &st.zone, &st.billed, &network.by, &network.beat); err != nil {
				return err
			}
			st.yesterday = through[st.zone]
			if network.through = st.yesterday; st.due() {
				due = append(due, network)
			}
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("find where billing is due: %w", err)
	}
	return due, nil
}

// forget forgets the networks that are not due any more.
func (s *Schedule) forget(due []dueNetwork) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	seen := make(map[int]sighting, len(due))
	for _, network := range due {
		if last, known := s.seen[network.id]; known {
			seen[network.id] = last
		}
	}
	s.seen = seen
}

// free tells whether the run of a network may be begun, or taken over.
func (s *Schedule) free(network dueNetwork) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := s.Now()
	last, known := s.seen[network.id]
	if !known || last.beat != network.beat {
		last.beat, last.since = network.beat, now
		s.seen[network.id] = last
	}
	if now.Before(last.until) {
		return false
	}
	mine := network.by == "" || network.by == s.Server // its own name, left there by an answer that was lost
	return mine || now.Sub(last.since) >= s.Patience
}

// turn takes a network, bills it, and gives it back; nil: another server was faster.
func (s *Schedule) turn(ctx context.Context, network dueNetwork) *Turn {
	turn := &Turn{NetworkID: network.id, Through: network.through}
	if network.by != s.Server {
		turn.From = network.by
	}
	began := s.Now()
	taken, err := s.take(ctx, network)
	switch {
	case err != nil:
		turn.Err = err
	case !taken:
		return nil
	default:
		made, err := s.Bill(ctx, network.id, Run{Through: network.through, by: s.Server}, nil)
		turn.Made, turn.Err = len(made), s.give(ctx, network, err)
	}
	turn.Took = s.Now().Sub(began)
	s.rest(network.id, turn.Err)
	return turn
}

// take writes the server's name on a network, if it still is as it was seen.
func (s *Schedule) take(ctx context.Context, network dueNetwork) (bool, error) {
	return s.write(ctx, "UPDATE network SET billing_by = ?, billing_beat = billing_beat + 1 WHERE id = ? AND billing_by = ? AND billing_beat = ?",
		s.Server, network.id, network.by, network.beat)
}

// giving is for how long a server tries to take its name off a network, also when it is told to stop: the others
// would have to be patient otherwise.
const giving = 5 * time.Second

// give takes the server's name off a network and, where the run was not cut off, says how far it is billed.
func (s *Schedule) give(ctx context.Context, network dueNetwork, cutOff error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giving)
	defer cancel()
	if cutOff != nil {
		_, err := s.write(ctx, "UPDATE network SET billing_by = '', billing_beat = billing_beat + 1 WHERE id = ? AND billing_by = ?", network.id, s.Server)
		return errors.Join(cutOff, err)
	}
	still, err := s.write(ctx, "UPDATE network SET billing_by = '', billing_beat = billing_beat + 1, billed_through = ? WHERE id = ? AND billing_by = ?",
		int32(network.through), network.id, s.Server)
	if err == nil && !still {
		return ErrTakenOver
	}
	return err
}

// write changes one network; false: it was not as the statement wants it.
func (s *Schedule) write(ctx context.Context, statement string, args ...any) (changed bool, err error) {
	err = s.DB.Transact(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		changed, err = affects(ctx, tx, statement, args...)
		return err
	})
	return changed, err
}

func affects(ctx context.Context, tx *database.Tx, statement string, args ...any) (bool, error) {
	rows, err := tx.Affect(ctx, statement, args...)
	if err != nil {
		return false, fmt.Errorf("note whose billing run it is: %w", err)
	}
	return rows > 0, nil
}

// beat tells the others that the run of a server goes on, if it still is that server's.
func (w *work) beat(ctx context.Context, server string) error {
	still, err := affects(ctx, w.tx, "UPDATE network SET billing_beat = billing_beat + 1 WHERE id = ? AND billing_by = ?", w.network.ID, server)
	if err == nil && !still {
		return ErrTakenOver
	}
	return err
}

// rest leaves a network alone for a while after a failure.
func (s *Schedule) rest(networkID int, failure error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if failure == nil {
		delete(s.seen, networkID)
		return
	}
	last := s.seen[networkID]
	last.until = s.Now().Add(min(s.Patience<<last.failures, longestRest))
	last.failures = min(last.failures+1, mostDoublings)
	s.seen[networkID] = last
}
