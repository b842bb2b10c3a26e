package database_test

import (
	"context"
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
		db := migrated(t, location)
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

func TestGate_ofOneNetworkDoesNotHoldUpAnother(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db := migrated(t, location)
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
