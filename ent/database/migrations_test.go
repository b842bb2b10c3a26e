package database_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/generated/migrate"
)

var write = flag.String("write", "", "the migration file to write, such as 00001_initial.sql: what the schema says beyond all the others")

func TestMigrations_makeWhatTheSchemaSays(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		if *write != "" {
			writeMigration(t, location, *write)
			return
		}
		db := databasetest.Open(t, location)
		if missing := difference(t, db); missing != "" {
			t.Errorf("a migrated database differs from the schema; ent/migrations says how a migration is made. What is missing:\n%s", missing)
		}
		want := []string{"migration", "term_month"} // which ent knows nothing of: its key is of several columns
		if db.Family() == "mysql" {
			want = append(want, "migration_lease")
		}
		for _, table := range migrate.Tables {
			want = append(want, table.Name)
		}
		slices.Sort(want)
		if got := tables(t, db); !slices.Equal(got, want) {
			t.Errorf("the tables of a migrated database are %v, want %v", got, want)
		}
	})
}

func TestMigrate_appliesEachMigrationOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		ctx := context.Background()
		db := opened(t, location)
		if err := db.Check(ctx); !errors.Is(err, database.ErrSchema) || !strings.Contains(err.Error(), "referrals migrate") {
			t.Fatalf("an empty database: %v; want to be told to migrate", err)
		}
		files, err := os.ReadDir(filepath.Join("..", "migrations", db.Family()))
		if err != nil {
			t.Fatal(err)
		}
		applied, err := db.Migrate(ctx)
		if err != nil || len(applied) != len(files) || applied[0] != files[0].Name() {
			t.Fatalf("the first Migrate applied %v, %v; want all %d files", applied, err, len(files))
		}
		if err := db.Check(ctx); err != nil {
			t.Errorf("a migrated database: %v", err)
		}
		if applied, err := db.Migrate(ctx); err != nil || len(applied) != 0 {
			t.Errorf("the second Migrate applied %v, %v; want nothing", applied, err)
		}
		if _, err := db.Network.Query().Count(system()); err != nil {
			t.Errorf("after migrating: %v", err)
		}
	})
}

func TestMigrate_byManyAtOnceAppliesEachMigrationOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		var counts [4]int
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range counts {
			db := opened(t, location)
			all.Go(func() {
				<-start
				applied, err := db.Migrate(t.Context())
				if err != nil {
					t.Error(err)
				}
				if err := db.Check(t.Context()); err != nil {
					t.Error(err)
				}
				counts[i] = len(applied)
			})
		}
		close(start)
		all.Wait()
		slices.Sort(counts[:])
		if counts[2] != 0 || counts[3] == 0 {
			t.Errorf("four at once applied %v migrations; want all by one and none by the others", counts)
		}
	})
}

// writeMigration writes the file anew: what the schema says beyond all the other migrations.
func writeMigration(t *testing.T, location, name string) {
	t.Helper()
	db := opened(t, location)
	folder := filepath.Join("..", "migrations", db.Family())
	others := fstest.MapFS{db.Family(): &fstest.MapFile{Mode: fs.ModeDir}}
	files, err := filepath.Glob(filepath.Join(folder, "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if base := filepath.Base(file); base != name {
			others[path.Join(db.Family(), base)] = &fstest.MapFile{Data: content}
		}
	}
	if _, err := db.MigrateBy(context.Background(), others); err != nil {
		t.Fatal(err)
	}
	statements := difference(t, db)
	for _, pragma := range []string{"PRAGMA foreign_keys = off;\n", "PRAGMA foreign_keys = on;\n"} { // Migrate sees to that
		statements = strings.ReplaceAll(statements, pragma, "")
	}
	file := filepath.Join(folder, name)
	if err := os.WriteFile(file, []byte(strings.TrimPrefix(statements, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("wrote %s: read it before you commit it", file)
}

// difference is the SQL that would make the database what the schema says.
func difference(t *testing.T, db *database.Database) string {
	t.Helper()
	var missing bytes.Buffer
	err := db.Schema.WriteTo(context.Background(), &missing, migrate.WithDropColumn(true), migrate.WithDropIndex(true))
	if err != nil {
		t.Fatal(err)
	}
	var laidOut strings.Builder
	for statement := range strings.Lines(missing.String()) {
		laidOut.WriteString(layOut(statement))
	}
	return laidOut.String()
}

// layOut writes a statement with one column, key or clause a line.
func layOut(statement string) string {
	statement = strings.TrimSpace(statement)
	listed := 0 // how deep the list is that is laid out
	switch {
	case strings.HasPrefix(statement, "CREATE TABLE"):
		listed = 1
	case strings.HasPrefix(statement, "ALTER TABLE"):
		statement = strings.Replace(statement, "` ", "`\n    ", 1)
	default:
		return statement + "\n"
	}
	var out strings.Builder
	depth, quoted := 0, false
	for _, c := range statement {
		closes := c == ')' && !quoted && depth == listed
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if closes {
			out.WriteString("\n")
		}
		out.WriteRune(c)
		switch {
		case quoted || depth != listed:
		case c == '(':
			out.WriteString("\n    ")
		case c == ',':
			out.WriteString("\n   ")
		}
	}
	return "\n" + out.String() + "\n"
}

func tables(t *testing.T, db *database.Database) []string {
	t.Helper()
	query := map[string]string{
		"sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
		"mysql":  "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
	}[db.Family()]
	var names []string
	err := database.Each(context.Background(), db, query, nil, func(row *sql.Rows) error {
		var name string
		err := row.Scan(&name)
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}
