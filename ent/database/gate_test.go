package database_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
)

// awhile is how long a test gives others the chance to do what they must not do.
const awhile = 100 * time.Millisecond

func TestGate_letsManyPassAtOnce(t *testing.T) {
	const recorders, many = 16, 4 // of 16 that each pick one of 15 stripes, practically always more are inside
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		network := newNetwork(t, db)
		inside, release := make(chan struct{}, recorders), make(chan struct{})
		var all sync.WaitGroup
		for range recorders {
			all.Go(func() {
				err := change(db, func(ctx context.Context, tx *database.Tx) error {
					if err := tx.Pass(ctx, network); err != nil {
						return err
					}
					inside <- struct{}{}
					<-release
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		for i := range many {
			select {
			case <-inside:
			case <-time.After(patience):
				t.Errorf("%d are inside at once, want %d and more", i, many)
			}
		}
		close(release)
		all.Wait()
		if got := one[int](t, db, "SELECT SUM(passes) FROM gate"); got != recorders {
			t.Errorf("%d passed, want %d", got, recorders)
		}
	})
}

func TestGate_heldWaitsForThoseInsideAndKeepsOthersOut(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		var events []string
		var mutex sync.Mutex
		note := func(event string) {
			mutex.Lock()
			defer mutex.Unlock()
			events = append(events, event)
		}
		var all sync.WaitGroup
		// through goes through the gate, and stays inside until the next ones had the chance to come in.
		through := func(name string, lock func(tx *database.Tx, ctx context.Context, networkID int) error, next func()) {
			left := make(chan struct{})
			all.Go(func() {
				err := change(db, func(ctx context.Context, tx *database.Tx) error {
					if err := lock(tx, ctx, partner.NetworkID); err != nil {
						return err
					}
					note(name + " enters")
					if next != nil {
						next()
						time.Sleep(awhile)
					}
					note(name + " leaves")
					close(left)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
			if next != nil {
				<-left
			}
		}
		through("a recorder", (*database.Tx).Pass, func() {
			through("a change", (*database.Tx).Hold, nil)
		})
		all.Wait()
		through("a change", (*database.Tx).Hold, func() {
			through("another change", (*database.Tx).Hold, nil)
		})
		all.Wait()
		through("a change", (*database.Tx).Hold, func() {
			through("a recorder", (*database.Tx).Pass, nil)
		})
		all.Wait()
		want := []string{
			"a recorder enters", "a recorder leaves", "a change enters", "a change leaves",
			"a change enters", "a change leaves", "another change enters", "another change leaves",
			"a change enters", "a change leaves", "a recorder enters", "a recorder leaves",
		}
		if !slices.Equal(events, want) {
			t.Errorf("%q, want %q", events, want)
		}
	})
}

// Whoever shuts the gate for a while has its turn beside others who pass without end, also where they are on another node
// of a cluster: there nobody waits at a row, and of two the one whose commit comes first undoes the other.
func TestGate_isShutBesideThoseWhoPassWithoutEnd(t *testing.T) {
	const recorders, turns = 8, 3
	databasetest.EachServer(t, func(t *testing.T, location string) {
		here, there := databasetest.Open(t, location), opened(t, databasetest.From(1, location))
		network := newNetwork(t, here)
		recording, end := context.WithCancel(system())
		passed := make(chan struct{})
		var all sync.WaitGroup
		for range recorders {
			all.Go(func() {
				for recording.Err() == nil {
					err := here.Transact(recording, func(ctx context.Context, tx *database.Tx) error { return tx.Pass(ctx, network) })
					if err != nil && recording.Err() == nil {
						t.Error(err)
					}
					select {
					case passed <- struct{}{}:
					default:
					}
				}
			})
		}
		for turn := range turns {
			<-passed
			err := change(there, func(ctx context.Context, tx *database.Tx) error {
				if err := tx.Hold(ctx, network); err != nil {
					return err
				}
				time.Sleep(4 * awhile)
				return nil
			})
			if err != nil {
				t.Errorf("turn %d: %v", turn, err)
			}
		}
		end()
		all.Wait()
		t.Logf("%d passed; who shut the gate was undone %d times, they were %d times", one[int](t, here, "SELECT SUM(passes) FROM gate"), there.Retries(), here.Retries())
	})
}

// A reservation holds for as long as it must: until its transaction ends, in whatever way, and not for long after its server
// is gone; a moment far ahead is of a clock that is wrong.
func TestGate_isReservedNoLongerThanNeeded(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db, other := databasetest.Open(t, location), opened(t, location)
		other.PersistFor(time.Millisecond)
		network := newNetwork(t, db)
		passes := func() error {
			return change(other, func(ctx context.Context, tx *database.Tx) error { return tx.Pass(ctx, network) })
		}
		refused := errors.New("it may not be")
		attempts := 0
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			if attempts++; attempts <= 3 {
				return cmp.Or(tx.Hold(ctx, network), database.ErrRetry)
			}
			if err := passes(); !errors.Is(err, database.ErrGaveWay) {
				t.Errorf("beside one that was undone %d times another one passes: %v", attempts-1, err)
			}
			return cmp.Or(tx.Hold(ctx, network), refused)
		})
		if !errors.Is(err, refused) {
			t.Errorf("%v, want %v", err, refused)
		}
		if err := passes(); err != nil {
			t.Errorf("after it: %v", err)
		}
		for ahead, waits := range map[time.Duration]bool{-time.Second: false, 30 * time.Second: true, time.Hour: false} {
			if _, err := db.ExecContext(system(), "UPDATE gate SET reserved_until = ? WHERE network_id = ? AND stripe = 0", time.Now().UTC().Add(ahead), network); err != nil {
				t.Fatal(err)
			}
			if err := passes(); errors.Is(err, database.ErrGaveWay) != waits {
				t.Errorf("reserved until %s from now: %v", ahead, err)
			}
		}
	})
}

func TestGate_ofOneNetworkDoesNotHoldUpAnother(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		one, other := newNetwork(t, db), newNetwork(t, db)
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			if err := tx.Hold(ctx, one); err != nil {
				return err
			}
			waiting, cancel := context.WithTimeout(system(), patience)
			defer cancel()
			return db.Transact(waiting, func(ctx context.Context, tx *database.Tx) error { return tx.Hold(ctx, other) })
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestGate_thatWasNotMadeIsAnErrorAndNoOpenDoor(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, _ *ent.Partner) {
		for name, lock := range map[string]func(tx *database.Tx, ctx context.Context, networkID int) error{
			"Pass": (*database.Tx).Pass, "Hold": (*database.Tx).Hold,
		} {
			err := change(db, func(ctx context.Context, tx *database.Tx) error { return lock(tx, ctx, 999_999) })
			if err == nil {
				t.Errorf("%s: a network without a gate is let through", name)
			}
		}
	})
}
