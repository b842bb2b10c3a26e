package database_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

func TestTransact_keepsAllOrNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		refused := errors.New("refused")
		twoRows := func(end func() error) func(ctx context.Context, tx *database.Tx) error {
			return func(ctx context.Context, tx *database.Tx) error {
				newConversion(tx.Client, partner, "by ent").ExecX(ctx)
				if err := addTo(ctx, tx, partner.NetworkID); err != nil {
					return err
				}
				return end()
			}
		}
		stored := func() int {
			return db.Conversion.Query().CountX(system()) + one[int](t, db, "SELECT SUM(passes) FROM gate")
		}
		if err := db.Transact(system(), twoRows(func() error { return refused })); !errors.Is(err, refused) {
			t.Errorf("Transact returned %v, want what work returned", err)
		}
		if got := stored(); got != 0 {
			t.Errorf("%d changes are left of what was refused", got)
		}
		func() {
			defer func() {
				if recover() != "panicked" {
					t.Error("the panic did not reach the caller")
				}
			}()
			_ = db.Transact(system(), twoRows(func() error { panic("panicked") }))
		}()
		if got := stored(); got != 0 {
			t.Errorf("%d changes are left of what panicked", got)
		}
		if err := db.Transact(database.Refusing(system(), refused), twoRows(func() error { return nil })); !errors.Is(err, refused) {
			t.Errorf("Transact in a context that refuses returned %v", err)
		}
		if got := stored(); got != 0 {
			t.Errorf("%d changes are left where the context refuses", got)
		}
		if err := db.Transact(system(), twoRows(func() error { return nil })); err != nil {
			t.Error(err)
		}
		if got := stored(); got != 2 {
			t.Errorf("%d changes are kept, want 2", got)
		}
	})
}

func TestTransact_isNotSeenBeforeItsEnd(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		err := db.Transact(system(), func(ctx context.Context, tx *database.Tx) error {
			newConversion(tx.Client, partner, "a").ExecX(ctx)
			if got := tx.Conversion.Query().CountX(ctx); got != 1 {
				t.Errorf("inside, %d rows are seen, want 1", got)
			}
			if got := db.Conversion.Query().CountX(system()); got != 0 {
				t.Errorf("outside, %d rows are seen, want 0", got)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A statement sees what was committed before it began, also within a transaction that began earlier: who
// locked a row reads what it holds now.
func TestTransact_readsWhatIsCommittedByThen(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		network := newNetwork(t, db)
		err := db.Transact(system(), func(ctx context.Context, tx *database.Tx) error {
			before := one[int](t, tx, "SELECT SUM(passes) FROM gate")
			err := db.Transact(ctx, func(ctx context.Context, other *database.Tx) error { return addTo(ctx, other, network) })
			if after := one[int](t, tx, "SELECT SUM(passes) FROM gate"); after != before+1 {
				t.Errorf("%d after another one's commit, want %d", after, before+1)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestTransact_runsAgainWhatGaveWay(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		runs := 0
		err := db.Transact(system(), func(ctx context.Context, tx *database.Tx) error {
			runs++
			newConversion(tx.Client, partner, "a").ExecX(ctx) // the earlier runs have left nothing
			if runs < 4 {
				return errors.Join(errors.New("somebody was faster"), database.ErrRetry)
			}
			return nil
		})
		if err != nil || runs != 4 {
			t.Errorf("%d runs, %v; want 4 and success", runs, err)
		}
	})
}

func TestTransact_givesUpInTheEnd(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, _ *ent.Partner) {
		const persistence = 100 * time.Millisecond
		db.PersistFor(persistence)
		runs := 0
		began := time.Now()
		err := db.Transact(system(), func(context.Context, *database.Tx) error { runs++; return database.ErrRetry })
		if took := time.Since(began); runs < 2 || took < persistence {
			t.Errorf("%d runs in %s", runs, took)
		}
		if !errors.Is(err, database.ErrGaveWay) || !errors.Is(err, database.ErrRetry) || !database.IsUnavailable(err) {
			t.Errorf("%v; want ErrGaveWay with its reason, which is to be tried again later", err)
		}
	})
}

func TestTransact_doesNotRunAgainWhatFailed(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		for name, work := range map[string]func(ctx context.Context, tx *database.Tx) error{
			"a duplicate":     func(ctx context.Context, tx *database.Tx) error { return addRows(ctx, tx, partner.NetworkID, 0) },
			"a wrong request": func(ctx context.Context, tx *database.Tx) error { _, err := tx.ExecContext(ctx, "SELEKT"); return err },
		} {
			runs := 0
			err := db.Transact(system(), func(ctx context.Context, tx *database.Tx) error { runs++; return work(ctx, tx) })
			if err == nil || runs != 1 {
				t.Errorf("%s: %d runs, %v; want one and an error", name, runs, err)
			}
		}
	})
}

func TestTransact_resolvesARealDeadlock(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		network := newNetwork(t, db)
		var runs atomic.Int64
		var firstLocks, all sync.WaitGroup
		firstLocks.Add(2)
		for _, order := range [][2]int{{1, 2}, {2, 1}} {
			all.Go(func() {
				first := true
				err := db.Transact(system(), func(ctx context.Context, tx *database.Tx) error {
					runs.Add(1)
					if err := addToStripe(ctx, tx, network, order[0]); err != nil {
						return err
					}
					if first { // both hold their first row before either wants the other's
						first = false
						firstLocks.Done()
						firstLocks.Wait()
					}
					return addToStripe(ctx, tx, network, order[1])
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if runs.Load() < 3 {
			t.Errorf("%d runs: no deadlock was met", runs.Load())
		}
		if got := one[int](t, db, "SELECT SUM(passes) FROM gate"); got != 4 {
			t.Errorf("the rows hold %d, want 4", got)
		}
	})
}

func TestTransact_waitsForALockThatIsRefused(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		network := newNetwork(t, db)
		locked, release := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			err := db.Transact(system(), func(ctx context.Context, tx *database.Tx) error {
				if err := addToStripe(ctx, tx, network, 1); err != nil {
					return err
				}
				close(locked)
				<-release
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-locked
		runs := 0
		err := db.Transact(system(), func(_ context.Context, tx *database.Tx) error {
			if runs++; runs == 3 {
				close(release)
				all.Wait()
			}
			_, err := asked[int](tx, "SELECT passes FROM gate WHERE network_id = ? AND stripe = 1 FOR UPDATE NOWAIT", network)
			return err
		})
		if err != nil || runs != 3 {
			t.Errorf("%d runs, %v; want 3 and success", runs, err)
		}
	})
}

func TestTransact_endsWhenItsCallerDoes(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		t.Run("before it begins", func(t *testing.T) {
			ctx, cancel := context.WithCancel(system())
			cancel()
			err := db.Transact(ctx, func(context.Context, *database.Tx) error { t.Error("work was run"); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want context.Canceled", err)
			}
		})
		t.Run("between two runs", func(t *testing.T) {
			ctx, cancel := context.WithCancel(system())
			runs := 0
			err := db.Transact(ctx, func(context.Context, *database.Tx) error {
				if runs++; runs == 2 {
					cancel()
				}
				return database.ErrRetry
			})
			if !errors.Is(err, context.Canceled) || runs != 2 {
				t.Errorf("%d runs, %v; want 2 and context.Canceled", runs, err)
			}
		})
		t.Run("while it waits for another one", func(t *testing.T) {
			err := db.Transact(system(), func(ctx context.Context, tx *database.Tx) error {
				if err := tx.Hold(ctx, partner.NetworkID); err != nil {
					return err
				}
				waiting, cancel := context.WithTimeout(system(), 100*time.Millisecond)
				defer cancel()
				began := time.Now()
				err := db.Transact(waiting, func(ctx context.Context, tx *database.Tx) error { return tx.Hold(ctx, partner.NetworkID) })
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, want context.DeadlineExceeded", err)
				}
				if took := time.Since(began); took > patience/2 {
					t.Errorf("it took %s", took)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		t.Run("and leaves nothing", func(t *testing.T) {
			ctx, cancel := context.WithCancel(system())
			err := db.Transact(ctx, func(ctx context.Context, tx *database.Tx) error {
				err := newConversion(tx.Client, partner, "cancelled").Exec(ctx)
				cancel()
				return err
			})
			if err == nil {
				t.Error("a cancelled transaction was committed")
			}
			if got := db.Conversion.Query().CountX(system()); got != 0 {
				t.Errorf("%d rows are left", got)
			}
			newConversion(db.Client, partner, "after").ExecX(system()) // and holds no lock
		})
	})
}

func TestTransact_letsManyWritersInTurnByTurn(t *testing.T) {
	const writers, rounds = 16, 10
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for range rounds { // reads what it then writes, behind a lock
					err := db.Transact(system(), func(ctx context.Context, tx *database.Tx) error {
						if err := tx.Hold(ctx, partner.NetworkID); err != nil {
							return err
						}
						found, err := tx.Partner.Get(ctx, partner.ID)
						if err != nil {
							return err
						}
						return found.Update().SetVersion(found.Version + 1).Exec(ctx)
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if got := db.Partner.GetX(system(), partner.ID).Version; got != partner.Version+writers*rounds {
			t.Errorf("the version is %d, want %d: increments were lost", got, partner.Version+writers*rounds)
		}
	})
}

func addTo(ctx context.Context, tx *database.Tx, networkID int) error {
	return addToStripe(ctx, tx, networkID, 0)
}

func addToStripe(ctx context.Context, tx *database.Tx, networkID, stripe int) error {
	_, err := tx.ExecContext(ctx, "UPDATE gate SET passes = passes + 1 WHERE network_id = ? AND stripe = ?", networkID, stripe)
	return err
}

// addRows adds a row of the gate for each stripe.
func addRows(ctx context.Context, tx *database.Tx, networkID int, stripes ...int) error {
	rows := tx.Rows("gate", "network_id", "stripe", "passes")
	for _, stripe := range stripes {
		rows.Add(networkID, stripe, 0)
	}
	return tx.Insert(ctx, rows)
}
