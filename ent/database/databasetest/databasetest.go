// Package databasetest gives tests an empty database of every engine that the project promises: an
// SQLite file, and a MariaDB server of their own that lives in a temporary folder, listens on loopback
// and ends with the tests. TEST_DATABASE_URL names an existing server to use in its place.
package databasetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/go-sql-driver/mysql" // makes and drops the tests' databases
)

// Main runs a package's tests and stops the server that they started, after whatever else they leave behind.
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	for _, cleanUp := range after {
		cleanUp()
	}
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

// Each runs a test once for every engine, on an empty database that it opens by its URL.
func Each(t *testing.T, test func(t *testing.T, location string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("MariaDB", func(t *testing.T) { test(t, MySQL(t)) })
}

// SQLite is the URL of a file that does not exist yet.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "referrals.db")
}

var shared struct {
	once     sync.Once
	location *url.URL
	err      error
	stop     func()
	count    atomic.Int64
}

// MySQL is the URL of a new, empty database on the tests' server.
func MySQL(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		if given := os.Getenv("TEST_DATABASE_URL"); given != "" {
			shared.location, shared.err = url.Parse(given)
			return
		}
		folder, err := os.MkdirTemp("", "referrals-mariadb-") //nolint:usetesting // it outlives the test
		if err != nil {
			shared.err = err
			return
		}
		shared.location, shared.stop, shared.err = StartMariaDB(folder, "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0")
	})
	if shared.err != nil {
		t.Fatalf("no MariaDB for the tests: %v", shared.err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), shared.count.Add(1))
	at := *shared.location
	Create(t, &at, name)
	t.Cleanup(func() { execute(t, &at, "DROP DATABASE "+name) })
	created := at
	created.Path = "/" + name
	return created.String()
}

// Create creates a database on a server.
func Create(t testing.TB, at *url.URL, name string) {
	t.Helper()
	execute(t, at, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
}

func execute(t testing.TB, at *url.URL, statement string) {
	t.Helper()
	password, _ := at.User.Password()
	server, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(%s)/", at.User.Username(), password, at.Host))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	if _, err := server.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
