package database_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	ent "partner.example/referrals/ent/generated"
)

// Engines find the month of a day as the program does, of every day of some years and of the ends of others.
func TestMonthOf_isTheMonthOfTheDay(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		var days []commission.Date
		for day := commission.NewDate(2023, time.December, 1); day < commission.NewDate(2029, time.February, 1); day++ {
			days = append(days, day)
		}
		for year := 1970; year <= 9999; year += 3 {
			days = append(days, commission.NewDate(year, time.January, 1), commission.NewDate(year, time.March, 1)-1, commission.NewDate(year, time.December, 31))
		}
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			rows := tx.Rows("earning_day", "network_id", "partner_id", "day", "conversions", "revenue", "payout")
			for _, day := range days {
				rows.Add(partner.NetworkID, partner.ID, int32(day), 0, 0, 0)
			}
			return tx.InsertOrAdd(ctx, rows, []string{"partner_id", "day", "slot"}, []string{"conversions"})
		})
		if err != nil {
			t.Fatal(err)
		}
		err = database.Each(t.Context(), db, "SELECT e.day, "+db.MonthOf("e.day")+" FROM earning_day e", nil, func(row *sql.Rows) error {
			var day commission.Date
			var month commission.CalendarMonth
			err := row.Scan(&day, &month)
			if month != day.Month() {
				t.Errorf("%s is in the month %d, %s; want %s", day, month, month, day.Month())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// sumsByMonth is the migration that brought them, and before it all others.
const sumsByMonth = "00010_sums_by_month.sql"

// untilMonths is the migrations up to that one, or those before it.
func untilMonths(t *testing.T, family string, included bool) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	names, err := filepath.Glob(filepath.Join("..", "migrations", family, "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if base := filepath.Base(name); base < sumsByMonth || (included && base == sumsByMonth) {
			all[path.Join(family, base)] = &fstest.MapFile{Data: content}
		}
	}
	return all
}

// beforeMonths makes a database of the version before, in which terms have counted something.
func beforeMonths(t *testing.T, db *database.Database) (sums map[string]int64) {
	t.Helper()
	if _, err := db.MigrateBy(t.Context(), untilMonths(t, db.Family(), false)); err != nil {
		t.Fatal(err)
	}
	networkID := newNetwork(t, db)
	referrer, referred := newPartner(t, db, networkID, "referrer"), newPartner(t, db, networkID, "referred")
	const terms = 5
	sums = map[string]int64{}
	err := change(db, func(ctx context.Context, tx *database.Tx) error {
		structure := tx.CommissionStructure.Create().SetNetworkID(networkID).SetCanonical("a fee").SetType(commission.TypeFlatFee).SetCreatedAt(aDay).SaveX(ctx)
		referral := tx.Referral.Create().SetNetworkID(networkID).SetReferrerID(referrer.ID).SetReferredID(referred.ID).SetSource(commission.SourceManual).SetStartedAt(aDay).SaveX(ctx)
		var ids []int
		for range terms {
			ids = append(ids, tx.ReferralTerm.Create().SetNetworkID(networkID).SetReferralID(referral.ID).SetStructureID(structure.ID).SetReferredDate(aDay).SaveX(ctx).ID)
		}
		rows := tx.Rows("accrual", "network_id", "term_id", "day", "slot", "line_id", "conversions", "revenue", "payout", "fee")
		first := commission.NewDate(2025, time.November, 20)
		for i := range 500 {
			network, term, day, line := networkID+i%2, ids[i%terms], first+commission.Date(i/terms), i%3-1
			rows.Add(network, term, int32(day), line, line, 1, i, 2*i, 0)
			sums[fmt.Sprint(network, day.Month(), term, line)] += int64(i)
		}
		return tx.Insert(ctx, rows)
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

func wantMonths(t *testing.T, db *database.Database, want map[string]int64) {
	t.Helper()
	got := map[string]int64{}
	err := database.Each(t.Context(), db, "SELECT network_id, month, term_id, line_id, conversions, revenue, payout FROM term_month", nil, func(row *sql.Rows) error {
		var network, term, line int
		var month commission.CalendarMonth
		var conversions, revenue, payout int64
		err := row.Scan(&network, &month, &term, &line, &conversions, &revenue, &payout)
		got[fmt.Sprint(network, month, term, line)] = revenue
		if payout != 2*revenue || conversions < 1 {
			t.Errorf("%d conversions of %d and %d", conversions, revenue, payout)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		t.Errorf("the months are\n%v\nwant\n%v", got, want)
	}
}

func TestMigrate_sumsByMonthWhatTheVersionBeforeCounted(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		db := opened(t, location)
		want := beforeMonths(t, db)
		if applied, err := db.MigrateBy(t.Context(), untilMonths(t, db.Family(), true)); err != nil || len(applied) != 1 {
			t.Fatalf("%v, %v", applied, err)
		}
		wantMonths(t, db, want)
	})
}

// A server that dies in this migration leaves some of its statements done, and of a change of a table perhaps no note.
func TestMigrate_sumsByMonthOnceWhereverItWasInterrupted(t *testing.T) {
	for _, left := range []struct{ noted, done int }{{0, 1}, {1, 2}, {2, 2}, {3, 3}} {
		databasetest.EachServer(t, func(t *testing.T, location string) {
			db := opened(t, location)
			want := beforeMonths(t, db)
			all := untilMonths(t, db.Family(), true)
			file := all[path.Join(db.Family(), sumsByMonth)].Data
			var text strings.Builder
			for line := range strings.Lines(string(file)) {
				if !strings.HasPrefix(line, "--") {
					text.WriteString(line)
				}
			}
			for _, statement := range strings.SplitAfter(text.String(), ";\n")[:left.done] {
				execute(t, db, strings.TrimSuffix(strings.TrimSpace(statement), ";"))
			}
			execute(t, db, "INSERT INTO migration (version, name, checksum, statements, applied_at) VALUES (10, ?, ?, ?, NULL)",
				sumsByMonth, fmt.Sprintf("%x", sha256.Sum256(file)), left.noted)
			if applied, err := db.MigrateBy(t.Context(), all); err != nil || len(applied) != 1 {
				t.Fatalf("%+v: %v, %v", left, applied, err)
			}
			wantMonths(t, db, want)
		})
	}
}
