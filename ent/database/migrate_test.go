package database_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
)

// files are migrations of both families.
func files(named map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, content := range named {
		for _, family := range []string{"sqlite", "mysql"} {
			all[family+"/"+name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return all
}

var twoThings = map[string]string{
	"00001_first.sql":  "-- the first\nCREATE TABLE thing (\n    id bigint NOT NULL PRIMARY KEY\n);\nINSERT INTO thing (id) VALUES (1);\n",
	"00002_second.sql": "CREATE TABLE other (id bigint NOT NULL PRIMARY KEY);\nINSERT INTO other (id) VALUES (7);\nCREATE INDEX other_id ON other (id);\n",
}

func TestMigrate_refusesTablesThatTheProgramDoesNotKnow(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		db := opened(t, location)
		if applied, err := db.MigrateBy(t.Context(), files(twoThings)); err != nil || len(applied) != 2 {
			t.Fatalf("%v, %v", applied, err)
		}
		older := maps.Clone(twoThings)
		delete(older, "00002_second.sql")
		changed := maps.Clone(twoThings)
		changed["00001_first.sql"] += "-- and a word\n"
		newer := maps.Clone(twoThings)
		newer["00003_third.sql"] = "CREATE TABLE third (id bigint NOT NULL PRIMARY KEY);\n"
		for name, c := range map[string]struct {
			known map[string]string
			says  string
		}{
			"older":   {older, "the database is newer and has 00002_second.sql: run a newer program"},
			"changed": {changed, "was migrated by another 00001_first.sql"},
			"newer":   {newer, "the database is older and lacks 00003_third.sql: run 'referrals migrate'"},
		} {
			if err := db.CheckBy(t.Context(), files(c.known)); !errors.Is(err, database.ErrSchema) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("a program that is %s is told %v; want %q", name, err, c.says)
			}
			if name == "newer" {
				continue
			}
			if applied, err := db.MigrateBy(t.Context(), files(c.known)); !errors.Is(err, database.ErrSchema) || applied != nil {
				t.Errorf("a program that is %s migrates %v, %v; want it refused", name, applied, err)
			}
		}
		if applied, err := db.MigrateBy(t.Context(), files(newer)); err != nil || !slices.Equal(applied, []string{"00003_third.sql"}) {
			t.Errorf("%v, %v", applied, err)
		}
	})
}

// SQLite changes tables within a transaction: a migration is there or it is not.
func TestMigrate_ofAFileIsAllOrNothing(t *testing.T) {
	db := opened(t, databasetest.SQLite(t))
	broken := maps.Clone(twoThings)
	broken["00002_second.sql"] += "CREATE INDEX other_id ON nowhere (id);\n"
	if applied, err := db.MigrateBy(t.Context(), files(broken)); err == nil || applied != nil {
		t.Errorf("%v, %v; want an error and nothing applied", applied, err)
	}
	if left := tables(t, db); len(left) != 0 {
		t.Errorf("%v are left of it", left)
	}
	orphan := maps.Clone(twoThings)
	orphan["00002_second.sql"] += "CREATE TABLE child (parent bigint REFERENCES other (id));\nINSERT INTO child (parent) VALUES (8);\n"
	if _, err := db.MigrateBy(t.Context(), files(orphan)); err == nil {
		t.Error("a row refers to one that is not there")
	}
	if applied, err := db.MigrateBy(t.Context(), files(twoThings)); err != nil || len(applied) != 2 {
		t.Errorf("%v, %v; want both, once they are right", applied, err)
	}
	if got := one[int](t, db, "PRAGMA foreign_keys"); got != 1 {
		t.Error("foreign keys are off after migrating")
	}
}

// A server commits at each change of a table. A process that dies in a migration leaves some statements done, and of the
// last one perhaps no note.
func TestMigrate_ofAServerGoesOnWhereItWasInterrupted(t *testing.T) {
	second := twoThings["00002_second.sql"]
	statements := strings.Split(strings.TrimSpace(second), "\n")
	for _, left := range []struct{ noted, done int }{{0, 0}, {0, 1}, {1, 1}, {2, 2}, {2, 3}, {3, 3}} {
		databasetest.EachServer(t, func(t *testing.T, location string) {
			db := opened(t, location)
			first := maps.Clone(twoThings)
			delete(first, "00002_second.sql")
			if _, err := db.MigrateBy(t.Context(), files(first)); err != nil {
				t.Fatal(err)
			}
			for _, statement := range statements[:left.done] {
				execute(t, db, strings.TrimSuffix(statement, ";"))
			}
			execute(t, db, "INSERT INTO migration (version, name, checksum, statements, applied_at) VALUES (2, '00002_second.sql', ?, ?, NULL)",
				fmt.Sprintf("%x", sha256.Sum256([]byte(second))), left.noted)
			if err := db.CheckBy(t.Context(), files(twoThings)); !errors.Is(err, database.ErrSchema) || !strings.Contains(err.Error(), "00002_second.sql was interrupted") {
				t.Errorf("%v, want to be told that it was interrupted", err)
			}
			if applied, err := db.MigrateBy(t.Context(), files(twoThings)); err != nil || !slices.Equal(applied, []string{"00002_second.sql"}) {
				t.Errorf("%+v: %v, %v", left, applied, err)
			}
			if err := db.CheckBy(t.Context(), files(twoThings)); err != nil {
				t.Error(err)
			}
			if got := one[int](t, db, "SELECT COUNT(*) FROM other"); got != 1 {
				t.Errorf("%+v: %d rows were inserted, want 1", left, got)
			}
		})
	}
}

// A process that holds the lease and dies holds up the others for no longer than the lease lasts.
func TestMigrate_ofAServerWaitsForWhoIsAtWork(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, location string) {
		db := opened(t, location)
		first := maps.Clone(twoThings)
		delete(first, "00002_second.sql")
		if _, err := db.MigrateBy(t.Context(), files(first)); err != nil {
			t.Fatal(err)
		}
		execute(t, db, "UPDATE migration_lease SET holder = 'another', until_at = UTC_TIMESTAMP(6) + INTERVAL 60 SECOND")
		waiting, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if applied, err := db.MigrateBy(waiting, files(twoThings)); err == nil || applied != nil {
			t.Errorf("%v, %v; want to wait for the other one", applied, err)
		}
		execute(t, db, "UPDATE migration_lease SET until_at = UTC_TIMESTAMP(6)") // it died
		if applied, err := db.MigrateBy(t.Context(), files(twoThings)); err != nil || len(applied) != 1 {
			t.Errorf("%v, %v", applied, err)
		}
	})
}

func execute(t *testing.T, db *database.Database, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}
