package database_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
)

// aRow is the least that a row takes which addRows adds: "(1, 100, 0), ".
const aRow = 13

func TestInsert_takesMoreRowsThanOneStatementHolds(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		const full = database.StatementSize / aRow
		next := 100
		for _, count := range []int{0, 1, full, full + 1} {
			before := one[int](t, db, "SELECT COUNT(*) FROM gate")
			stripes := make([]int, count)
			for i := range stripes {
				stripes[i], next = next, next+1
			}
			err := change(db, func(ctx context.Context, tx *database.Tx) error {
				return addRows(ctx, tx, partner.NetworkID, stripes...)
			})
			if err != nil {
				t.Fatalf("%d rows: %v", count, err)
			}
			if got := one[int](t, db, "SELECT COUNT(*) FROM gate") - before; got != count {
				t.Errorf("%d rows were inserted, want %d", got, count)
			}
		}
		if got := one[int](t, db, "SELECT COUNT(DISTINCT stripe) FROM gate"); got != one[int](t, db, "SELECT COUNT(*) FROM gate") {
			t.Error("some rows hold another one's values")
		}
	})
}

func TestInsert_isAllOrNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		before := one[int](t, db, "SELECT COUNT(*) FROM gate")
		stripes := make([]int, database.StatementSize/aRow+1)
		for i := range stripes {
			stripes[i] = i + 100
		}
		stripes[len(stripes)-1] = 100 // in the last statement
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			return addRows(ctx, tx, partner.NetworkID, stripes...)
		})
		if !database.IsDuplicate(err) {
			t.Errorf("%v, want a duplicate", err)
		}
		if got := one[int](t, db, "SELECT COUNT(*) FROM gate"); got != before {
			t.Errorf("%d rows are left of it", got-before)
		}
	})
}

func TestInsert_takesTheLongestTexts(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		columns := []string{
			"network_id", "external_id", "partner_id", "occurred_at", "recorded_at", "revenue", "payout",
			"adjusts_id", "adjustment_number", "reason", "day", "accrual_id", "earning_day_id",
		}
		const count = 3000
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			rows := tx.Rows("conversion", columns...)
			for i := range count {
				rows.Add(partner.NetworkID, fmt.Sprintf("%0255d", i), partner.ID, aDay, aDay, 0, 0, nil, nil, strings.Repeat("\U0001f600", 1000), 0, nil, 1)
			}
			return tx.Insert(ctx, rows)
		})
		if err != nil {
			t.Fatalf("%.200s", err)
		}
		if got := db.Conversion.Query().CountX(system()); got != count {
			t.Errorf("%d rows, want %d", got, count)
		}
	})
}

func TestInsertOrAdd_takesMoreRowsThanOneStatementHolds(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		const count = database.StatementSize / aRow
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			rows := tx.Rows("gate", "network_id", "stripe", "passes")
			for i := range 2 * count { // every row twice, also within one statement
				rows.Add(partner.NetworkID, i/2, i%2+1)
			}
			return tx.InsertOrAdd(ctx, rows, []string{"network_id", "stripe"}, []string{"passes"})
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := one[int](t, db, "SELECT COUNT(*) FROM gate"); got != count {
			t.Errorf("%d rows, want %d", got, count)
		}
		if got := one[int](t, db, "SELECT COUNT(*) FROM gate WHERE passes = 3"); got != count {
			t.Errorf("%d rows hold the sum, want %d", got, count)
		}
	})
}

func TestFind_takesMoreKeysThanOneStatementHolds(t *testing.T) {
	eachTongue(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		const full = database.KeysSize / len("(1, 1000), ")
		var there []int
		for i := range 2*full + 1 {
			if i < 5 || i > 2*full-5 || (i > full-5 && i < full+5) { // about where statements begin and end
				there = append(there, i+1000)
			}
		}
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			if err := addRows(ctx, tx, partner.NetworkID, there...); err != nil {
				return err
			}
			if err := addRows(ctx, tx, newNetworkIn(ctx, tx), there...); err != nil {
				return err
			}
			keys := tx.Keys("gate", "network_id", "stripe")
			for i := range 2*full + 1 {
				keys.Add(partner.NetworkID, i+1000)
			}
			found := keysFound{}
			if err := tx.Find(ctx, keys, found.note); err != nil {
				return err
			}
			found.are(ctx, t, tx, partner.NetworkID, there)
			return tx.Find(ctx, tx.Keys("gate", "network_id", "stripe"), func(*sql.Rows) error {
				t.Error("a row was found by no key")
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestInsertOrAddAndFind_tellsOfRowsThatWereThereAndOthers(t *testing.T) {
	eachTongue(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		const count = database.StatementSize / aRow
		stripes := make([]int, count)
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			rows, keys := tx.Rows("gate", "network_id", "stripe", "passes"), tx.Keys("gate", "network_id", "stripe")
			var before []int
			for i := range stripes {
				stripes[i] = i + 100
				if i%3 == 0 {
					before = append(before, stripes[i])
				}
				rows.Add(partner.NetworkID, stripes[i], 7)
				keys.Add(partner.NetworkID, stripes[i])
			}
			if err := addRows(ctx, tx, partner.NetworkID, before...); err != nil {
				return err
			}
			found := keysFound{}
			if err := tx.InsertOrAddAndFind(ctx, rows, keys, []string{"passes"}, found.note); err != nil {
				return err
			}
			found.are(ctx, t, tx, partner.NetworkID, stripes)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := one[int](t, db, "SELECT COUNT(*) FROM gate WHERE stripe >= 100 AND passes = 7"); got != count {
			t.Errorf("%d rows hold the sum, want %d", got, count)
		}
	})
}

func TestInsertOrAddAndFind_failsByARowThatIsRefused(t *testing.T) {
	eachTongue(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			rows := tx.Rows("earning_day", "network_id", "partner_id", "day", "slot", "line_id", "conversions", "revenue", "payout")
			keys := tx.Keys("earning_day", "partner_id", "day", "slot")
			for _, partnerID := range []int{partner.ID, 4711} { // there is no such partner
				rows.Add(partner.NetworkID, partnerID, 1, 0, 0, 1, 1, 1)
				keys.Add(partnerID, 1, 0)
			}
			return tx.InsertOrAddAndFind(ctx, rows, keys, []string{"conversions", "revenue", "payout"}, func(*sql.Rows) error { return nil })
		})
		if err == nil {
			t.Error("a day of nobody was made")
		}
		if got := db.EarningDay.Query().CountX(system()); got != 0 {
			t.Errorf("%d rows are left of it", got)
		}
	})
}

// eachTongue is eachEngine, and once more on a server that is told nothing that MySQL would not understand.
func eachTongue(t *testing.T, test func(t *testing.T, db *database.Database, partner *ent.Partner)) {
	t.Helper()
	eachEngine(t, test)
	t.Run("plainly", func(t *testing.T) {
		location := databasetest.MySQL(t)
		databasetest.Open(t, location)
		db, err := database.Open(location, database.Plainly())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		test(t, db, newPartner(t, db, newNetwork(t, db), "first"))
	})
}

// keysFound is the ids of rows of gates that were found, by network and stripe.
type keysFound map[[2]int]int

func (k keysFound) note(row *sql.Rows) error {
	var id int
	var key [2]int
	if err := row.Scan(&id, &key[0], &key[1]); err != nil {
		return err
	}
	if k[key] != 0 {
		return fmt.Errorf("%v was found twice", key)
	}
	k[key] = id
	return nil
}

// are wants the rows of the stripes to have been found, and no others.
func (k keysFound) are(ctx context.Context, t *testing.T, tx *database.Tx, networkID int, stripes []int) {
	t.Helper()
	if len(k) != len(stripes) {
		t.Errorf("%d rows were found, want %d", len(k), len(stripes))
	}
	wanted := map[[2]int]bool{}
	for _, stripe := range stripes {
		wanted[[2]int{networkID, stripe}] = true
	}
	err := database.Each(ctx, tx, "SELECT id, network_id, stripe FROM gate WHERE network_id = ? AND stripe >= 100", []any{networkID}, func(row *sql.Rows) error {
		var id int
		var key [2]int
		if err := row.Scan(&id, &key[0], &key[1]); err != nil {
			return err
		}
		if wanted[key] && k[key] != id {
			return fmt.Errorf("the row of %v is %d, and %d was found", key, id, k[key])
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestEachIn_takesMoreKeysThanOneStatementTakes(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		const full = database.ValuesAStatement
		keys := make([]int, 2*full+1)
		for i := range keys {
			keys[i] = i + 100
		}
		there := slices.Concat(keys[:5], keys[full-5:full+5], keys[2*full-5:]) // about where statements begin and end
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			if err := addRows(ctx, tx, partner.NetworkID, there...); err != nil {
				return err
			}
			return addRows(ctx, tx, newNetworkIn(ctx, tx), there...)
		})
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[int]int, len(keys))
		err = database.EachIn(t.Context(), db, "SELECT stripe FROM gate WHERE network_id = ? AND stripe >= ? AND stripe IN (%s)",
			[]any{partner.NetworkID, 101}, keys, func(row *sql.Rows) error {
				var stripe int
				err := row.Scan(&stripe)
				seen[stripe]++
				return err
			})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range there[1:] {
			if seen[key] != 1 {
				t.Fatalf("the row of %d was seen %d times, want once", key, seen[key])
			}
		}
		if len(seen) != len(there)-1 {
			t.Errorf("%d rows were seen, want %d", len(seen), len(there)-1)
		}
		err = database.EachIn(t.Context(), db, "SELECT stripe FROM gate WHERE stripe IN (%s)", nil, []int(nil), func(*sql.Rows) error {
			t.Error("a row was found by no key")
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestEach_stopsAtTheFirstErrorAndFreesItsConnection(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, _ *ent.Partner) {
		for range 100 { // more often than there are connections
			calls := 0
			err := database.Each(t.Context(), db, "SELECT stripe FROM gate", nil, func(*sql.Rows) error {
				calls++
				return context.Canceled
			})
			if err == nil || calls != 1 {
				t.Fatalf("%d calls, %v; want one and its error", calls, err)
			}
		}
	})
}

// newNetworkIn is another network, without a gate.
func newNetworkIn(ctx context.Context, tx *database.Tx) int {
	return tx.Network.Create().SetName("Other").SetCurrency("USD").SetTimeZone("UTC").SetCreatedAt(aDay).SetChangedAt(aDay).SaveX(ctx).ID
}
