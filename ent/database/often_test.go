package database_test

import (
	"context"
	"database/sql"
	"strconv"
	"sync"
	"testing"
	"time"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
)

func TestOften_isAnsweredAsWhatIsAskedOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		type row struct {
			id     int
			name   string
			at     time.Time
			ended  sql.NullTime
			number sql.NullInt64
			there  bool
		}
		ask := func(q database.Querier) (found row, err error) {
			err = database.Each(t.Context(), q, `
				SELECT id, name, created_at, approved_at, referred_by_id, id IN (SELECT id FROM partner WHERE network_id = ?)
				FROM partner WHERE id = ?`, []any{partner.NetworkID, partner.ID}, func(of *sql.Rows) error {
				return of.Scan(&found.id, &found.name, &found.at, &found.ended, &found.number, &found.there)
			})
			return found, err
		}
		want, err := ask(db)
		if err != nil || want.id != partner.ID || !want.there {
			t.Fatalf("%+v, %v", want, err)
		}
		var all sync.WaitGroup
		for range 64 { // more than there are connections
			all.Go(func() {
				if got, err := ask(database.Often(db)); err != nil || got != want {
					t.Errorf("%+v, %v; want %+v", got, err, want)
				}
			})
		}
		all.Wait()
		err = change(db, func(_ context.Context, tx *database.Tx) error {
			if got, err := ask(database.Often(tx)); err != nil || got != want {
				t.Errorf("in a transaction: %+v, %v; want %+v", got, err, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A server has room for so many prepared statements. What is asked in more texts than stay prepared is answered as well.
func TestOften_keepsFewTextsPrepared(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		const texts = 100
		for n := range texts {
			err := database.Each(t.Context(), database.Often(db), "SELECT ? + "+strconv.Itoa(n), []any{1}, func(row *sql.Rows) error {
				var got int
				err := row.Scan(&got)
				if got != n+1 {
					t.Errorf("%d, want %d", got, n+1)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if kept := db.Prepared(); kept >= texts || (db.Embedded() && kept > 0) {
			t.Errorf("%d of %d texts stay prepared", kept, texts)
		}
	})
}

// Other clients of a server may have used up what it lets all of them prepare.
func TestOften_asksWhereNothingMayBePrepared(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		if !db.Embedded() {
			most := ""
			err := database.Each(t.Context(), db, "SELECT @@GLOBAL.max_prepared_stmt_count", nil, func(row *sql.Rows) error { return row.Scan(&most) })
			if err != nil {
				t.Fatal(err)
			}
			allow := func(ctx context.Context, count string) {
				if _, err := db.ExecContext(ctx, "SET GLOBAL max_prepared_stmt_count = "+count); err != nil {
					t.Fatal(err)
				}
			}
			allow(t.Context(), "0")
			defer allow(context.WithoutCancel(t.Context()), most)
		}
		for name, ask := range map[string]func(use func(*database.Values)) error{
			"often": func(use func(*database.Values)) error {
				return database.EachValues(t.Context(), database.Often(db), "SELECT 1 + ?", []any{1}, use)
			},
			"thousands of rows": func(use func(*database.Values)) error {
				return database.Sweep(t.Context(), db, "SELECT 1 + ?", []any{1}, use)
			},
		} {
			got := 0
			if err := ask(func(row *database.Values) { got = row.Int(0) }); err != nil || got != 2 {
				t.Errorf("%s: %d, %v", name, got, err)
			}
		}
	})
}
