package database_test

import (
	"context"
	"database/sql"
	"testing"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
)

// A server's defaults are its operator's business: what the transactions need is set by us.
func TestTransact_hasTheIsolationThatItNeeds(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		settings := map[string]string{}
		err := change(db, func(ctx context.Context, tx *database.Tx) error {
			return database.Each(ctx, tx, `SHOW SESSION VARIABLES WHERE Variable_name IN
				('tx_isolation', 'transaction_isolation', 'innodb_snapshot_isolation', 'wsrep_sync_wait', 'tidb_txn_mode')`, nil, func(row *sql.Rows) error {
				var name, value string
				err := row.Scan(&name, &value)
				settings[name] = value
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		level := false
		for name, want := range map[string]string{
			"tx_isolation": "READ-COMMITTED", "transaction_isolation": "READ-COMMITTED",
			"innodb_snapshot_isolation": "OFF", "wsrep_sync_wait": "1", "tidb_txn_mode": "pessimistic",
		} {
			got, has := settings[name]
			if has && got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
			level = level || (has && want == "READ-COMMITTED")
		}
		if !level {
			t.Errorf("%v name no level", settings)
		}
	})
}
