package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/viewer"
)

func TestMain(m *testing.M) { databasetest.Main(m) }

// A report of whole months reads their rows as they lie, one after the other, and no others.
func TestReport_sweepsMonthsByTheirPrimaryKey(t *testing.T) {
	sweeps := map[string]string{"SQLite": "USING PRIMARY KEY (network_id=? AND month>? AND month<?)", "MariaDB": "PRIMARY", "MySQL": "PRIMARY", "Galera": "PRIMARY", "TiDB": "TableRangeScan"}
	databasetest.Each(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		june := commission.NewDate(2026, 6, 1)
		const months, terms, networks = 36, 100, 2
		err := db.Transact(viewer.AsSystem(t.Context(), "test"), func(ctx context.Context, tx *database.Tx) error {
			rows := tx.Rows("term_month", "network_id", "month", "term_id", "line_id", "conversions", "revenue", "payout", "fee")
			for i := range networks * months * terms {
				rows.Add(1+i%networks, int32(june.Month())-int32(i/networks%months), 1+i/networks/months, i%3, 1, 1, 1, 0)
			}
			return tx.Insert(ctx, rows)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, since := range []commission.Date{june, june.AddMonths(-2), june.AddMonths(-11)} {
			query, args := ledger.Range{From: since, To: june.AddMonths(1) - 1}.Statement(1)
			plan := planOf(t, db, query, args)
			if _, engine, _ := strings.Cut(t.Name(), "/"); !strings.Contains(plan, sweeps[engine]) || strings.Contains(plan, "term_id_month") || strings.Contains(query, "accrual") {
				t.Errorf("%s\nis read as\n%s", query, plan)
			}
		}
	})
}

// What a threshold is measured on is found by the referral, also by engines that know nothing of the rows yet: nearly all terms
// are of no grant.
func TestMeasures_findTermsByTheirReferral(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		if plan := planOf(t, databasetest.Open(t, location), ledger.Measuring, []any{1}); strings.Contains(plan, "referralterm_grant_id") {
			t.Errorf("%s\nis read as\n%s", ledger.Measuring, plan)
		}
	})
}

// planOf is how the engine says that it answers a query.
func planOf(t *testing.T, db *database.Database, query string, args []any) string {
	t.Helper()
	explain := "EXPLAIN "
	if db.Embedded() {
		explain = "EXPLAIN QUERY PLAN "
	}
	rows, err := db.QueryContext(t.Context(), explain+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for rows.Next() {
		values, places := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			t.Fatal(err)
		}
		for i, column := range columns {
			if column != "possible_keys" {
				_, _ = fmt.Fprintf(&plan, "%s: %s; ", column, values[i].String)
			}
		}
		plan.WriteString("\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
