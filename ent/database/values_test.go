package database_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
)

// reading is a way to read rows by their values.
type reading func(ctx context.Context, q database.Querier, query string, args []any, use func(*database.Values)) error

// often reads by a statement that stays prepared.
func often(ctx context.Context, q database.Querier, query string, args []any, use func(*database.Values)) error {
	return database.EachValues(ctx, database.Often(q), query, args, use)
}

// eachReading tests all ways, outside of a transaction and within.
func eachReading(t *testing.T, test func(t *testing.T, db *database.Database, partner *ent.Partner, read reading)) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		for name, way := range map[string]reading{"each": database.EachValues, "often": often, "sweep": database.Sweep} {
			t.Run(name, func(t *testing.T) { test(t, db, partner, way) })
			t.Run(name+" in a snapshot", func(t *testing.T) {
				test(t, db, partner, func(ctx context.Context, _ database.Querier, query string, args []any, use func(*database.Values)) error {
					return db.Snapshot(ctx, func(ctx context.Context, q database.Querier) error { return way(ctx, q, query, args, use) })
				})
			})
			t.Run(name+" in a transaction", func(t *testing.T) {
				test(t, db, partner, func(ctx context.Context, _ database.Querier, query string, args []any, use func(*database.Values)) error {
					return db.Transact(ctx, func(ctx context.Context, tx *database.Tx) error { return way(ctx, tx, query, args, use) })
				})
			})
		}
	})
}

func TestValues_areWhatIsStored(t *testing.T) {
	moments := []time.Time{
		time.Date(1000, time.January, 1, 0, 0, 0, 0, time.UTC),
		time.Date(1969, time.December, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(2026, time.June, 15, 0, 0, 0, 0, time.UTC),
		time.Date(2026, time.June, 15, 10, 20, 30, 1_000, time.UTC),
		time.Date(9999, time.December, 31, 23, 59, 59, 999_999_000, time.UTC),
	}
	eachReading(t, func(t *testing.T, db *database.Database, partner *ent.Partner, read reading) {
		var want []string
		first := one[int](t, db, "SELECT COALESCE(MAX(id), 0) FROM conversion")
		for i, text := range []string{"plain", "it's \\", "naïve 日本 \U0001f600", "a\x00b", "?"} {
			saved := newConversion(db.Client, partner, fmt.Sprint(first, "-", i)).SetReason(text).SetOccurredAt(moments[i]).SaveX(system())
			want = append(want, fmt.Sprint(saved.ID, " ", text, " ", moments[i], " true null -9223372036854775808 0"))
		}
		var got []string
		err := read(t.Context(), db, `
			SELECT id, reason, occurred_at, adjusts_id, -9223372036854775808, (SELECT SUM(passes) FROM gate WHERE network_id = ? AND stripe < ?)
			FROM conversion WHERE id > ? ORDER BY id`, []any{partner.NetworkID, int32(4), first}, func(row *database.Values) {
			at, some := row.Moment(2)
			adjusts := "null"
			if !row.IsNull(3) || row.Int(3) != 0 || row.Text(3) != "" {
				adjusts = "something"
			}
			if none, some := row.Moment(3); some || !none.IsZero() {
				adjusts = "a moment"
			}
			got = append(got, fmt.Sprint(row.Int(0), " ", row.Text(1), " ", at, " ", some, " ", adjusts, " ", row.Int(4), " ", row.Int(5)))
		})
		if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestValues_thatAreSomethingElseAreAnError(t *testing.T) {
	asks := map[string]func(*database.Values){
		"the column reason is no whole number": func(row *database.Values) { row.Int(1) },
		"the column id is no text":             func(row *database.Values) { row.Text(0) },
		"the column reason is no moment":       func(row *database.Values) { row.Moment(1) },
		"the column at is no whole number":     func(row *database.Values) { row.Int(2) },
	}
	eachReading(t, func(t *testing.T, db *database.Database, partner *ent.Partner, read reading) {
		newConversion(db.Client, partner, t.Name()+"1").ExecX(system())
		newConversion(db.Client, partner, t.Name()+"2").ExecX(system())
		for want, ask := range asks {
			rows := 0
			err := read(t.Context(), db, "SELECT id, reason, occurred_at AS at FROM conversion", nil, func(row *database.Values) {
				rows++
				ask(row)
			})
			if err == nil || !strings.Contains(err.Error(), want) || rows != 1 {
				t.Errorf("%v after %d rows, want %s", err, rows, want)
			}
		}
	})
}

func TestValues_endWithTheirContextAndFreeTheirConnection(t *testing.T) {
	eachReading(t, func(t *testing.T, db *database.Database, _ *ent.Partner, read reading) {
		for range 50 { // more often than there are connections; of a million rows, on the way to whose end it is noticed
			ctx, cancel := context.WithCancel(t.Context())
			rows := 0
			err := read(ctx, db, "SELECT a.stripe FROM gate a, gate b, gate c, gate d, gate e", nil, func(*database.Values) {
				rows++
				cancel()
			})
			if rows == 0 || !errors.Is(err, context.Canceled) {
				t.Fatalf("%v after %d rows, want it cancelled", err, rows)
			}
		}
		if err := read(t.Context(), db, "SELECT nothing FROM nowhere", nil, func(*database.Values) { t.Error("a row") }); err == nil {
			t.Error("it found what there is not")
		}
	})
}

func TestValues_ofWhoPanicsFreeTheirConnection(t *testing.T) {
	eachReading(t, func(t *testing.T, db *database.Database, _ *ent.Partner, read reading) {
		for range 50 { // more often than there are connections
			func() {
				defer func() {
					if said := fmt.Sprint(recover()); !strings.HasPrefix(said, "oh") {
						t.Errorf("it panicked with %s, want oh", said)
					}
				}()
				_ = read(t.Context(), db, "SELECT 1", nil, func(*database.Values) { panic("oh") })
				t.Error("it did not panic")
			}()
		}
	})
}

func TestSweep_findsAnotherConnection(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		through, statements := databasetest.Counted(t, location)
		db := databasetest.Open(t, through)
		lost := one[int](t, db, "SELECT CONNECTION_ID()")
		statements.Cut()
		rows := 0
		err := database.Sweep(t.Context(), db, "SELECT CONNECTION_ID()", nil, func(row *database.Values) {
			if rows++; row.Int(0) == lost {
				t.Error("it is the lost one")
			}
		})
		if err != nil || rows != 1 {
			t.Errorf("%d rows, %v", rows, err)
		}
	})
}

func TestSweep_endsWithItsConnection(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db, other := databasetest.Open(t, location), opened(t, location)
		err := db.Snapshot(t.Context(), func(ctx context.Context, q database.Querier) error {
			execute(t, other, fmt.Sprint("KILL ", one[int](t, q, "SELECT CONNECTION_ID()")))
			for { // the server takes a moment to do so
				if err := database.Sweep(ctx, q, "SELECT COUNT(*) FROM gate", nil, func(*database.Values) {}); err != nil {
					return err
				}
			}
		})
		if !database.IsUnavailable(err) {
			t.Errorf("%v, want unavailable", err)
		}
	})
}

// breaking are the rows of a connection that breaks after the first one.
type breaking struct{ read, closed int }

func (*breaking) Columns() []string { return []string{"id"} }

func (b *breaking) Next(into []driver.Value) error {
	if b.read++; b.read > 1 {
		return driver.ErrBadConn
	}
	into[0] = int64(7)
	return nil
}

func (b *breaking) Close() error { b.closed++; return nil }

// By driver.ErrBadConn database/sql knows that a statement did nothing, and runs it again.
func TestSweep_doesNotUseRowsTwice(t *testing.T) {
	rows, used := &breaking{}, 0
	_, err := database.Swept(rows, func(row *database.Values) { used += row.Int(0) })
	if used != 7 || rows.closed != 1 {
		t.Errorf("it used %d and closed the rows %d times, want 7 and once", used, rows.closed)
	}
	if errors.Is(err, driver.ErrBadConn) || !database.IsUnavailable(err) {
		t.Errorf("%v, want unavailable, and not to be asked again", err)
	}
}

func TestSweep_isOneStatementToWhoTraces(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		told := tracetest.NewSpanRecorder()
		provider := trace.NewTracerProvider(trace.WithSpanProcessor(told))
		db, err := database.Open(location, database.Traced(provider))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		ctx, span := provider.Tracer("test").Start(t.Context(), "test")
		err = database.Sweep(ctx, db, "SELECT ? + 1", []any{4711}, func(row *database.Values) { row.Int(0) })
		span.End()
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, ended := range told.Ended() {
			for _, about := range ended.Attributes() {
				if about.Key == "db.query.text" {
					said = append(said, about.Value.AsString())
				}
			}
		}
		if len(said) != 1 || said[0] != "SELECT ? + 1" {
			t.Errorf("the trace tells %q", said)
		}
	})
}
