package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/viewer"
)

// firstRelease makes of an empty database what the first release left there: its tables, its note of having made them,
// and a small network's start of the year.
func firstRelease(t *testing.T, location string) {
	t.Helper()
	db, err := database.Open(location)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	family, begin := "mysql", "SET FOREIGN_KEY_CHECKS = 0"
	if db.Embedded() {
		family, begin = "sqlite", "PRAGMA defer_foreign_keys = ON"
	}
	var text strings.Builder
	for _, file := range []string{
		filepath.Join("..", "ent", "migrations", family, "00001_initial.sql"),
		filepath.Join("testdata", "first_release_"+family+".sql"),
	} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(content)
	}
	text.WriteString(`
CREATE TABLE goose_db_version (id integer PRIMARY KEY, version_id integer NOT NULL, is_applied integer NOT NULL, tstamp datetime);
INSERT INTO goose_db_version VALUES (1, 0, 1, NULL), (2, 1, 1, NULL);
`)
	err = db.Transact(viewer.AsSystem(t.Context(), "test"), func(ctx context.Context, tx *database.Tx) error {
		for statement := range strings.SplitSeq(begin+";\n"+text.String()+"SET FOREIGN_KEY_CHECKS = 1", ";\n") {
			if strings.TrimSpace(statement) == "" || (db.Embedded() && strings.HasPrefix(statement, "SET")) {
				continue
			}
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				t.Errorf("%.300s", statement)
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMigrate_bringsADatabaseOfTheFirstReleaseUpToDate(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, location string) {
		firstRelease(t, location)
		p := &product{T: t, database: location, network: "TmV0d29yazox", zone: time.UTC, clock: "2026-02-06T10:00:00Z", tokens: map[account]string{}}
		t.Cleanup(p.Stop)
		said, log, err := p.command("migrate", "--status")
		if err == nil || !strings.HasPrefix(said, "applied     00001_initial.sql\npending     00002_") || !strings.Contains(log, "run 'referrals migrate'") {
			t.Errorf("before: %v\n%s\n%s", err, said, log)
		}
		if !strings.HasPrefix(location, "sqlite:") { // a file is migrated by whoever opens it
			if said, log, err := p.command("verify"); err == nil || !strings.Contains(log, "run 'referrals migrate' with the same --database") {
				t.Errorf("verify: %v\n%s%s", err, said, log)
			}
		}
		if said := p.Command("migrate"); strings.Contains(said, "00001") || !strings.HasPrefix(said, "00002_") {
			t.Errorf("migrate applied\n%s", said)
		}
		if said := p.Command("migrate", "--status"); strings.Contains(said, "pending") {
			t.Errorf("after:\n%s", said)
		}
		if got := p.Verify(); got != "4" {
			t.Errorf("%s conversions, want 4", got)
		}
		p.At("2026-02-06T10:00:00Z")
		p.Reports("2026-01-01", "2026-12-31",
			"Cobalt Compass > Brisk Dune, 10% of payout for 1 year, from 50.00 earned: SUPERSEDED 11.03, billed 11.03, unbilled 0.00, waiting -10.03",
			"Cobalt Compass > Brisk Dune, 5% of profit: EARNING 3.50")
		p.Stop()
		p.onDatabase(func(db *database.Database) error { // as a program of the future leaves it
			_, err := db.ExecContext(t.Context(), "INSERT INTO migration (version, name, checksum, statements, applied_at) VALUES (99, '00099_what_is_to_come.sql', '', 1, 'then')")
			return err
		})
		if said, log, err := p.command("serve", "--listen", "127.0.0.1:0"); err == nil || !strings.Contains(log, "the database is newer and has 00099_what_is_to_come.sql: run a newer program") {
			t.Errorf("serve on a newer database: %v\n%s%s", err, said, log)
		}
	})
}
