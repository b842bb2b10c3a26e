// Package databasetest gives tests an empty database of every engine that they are to pass on: an SQLite file, and
// servers of their own that live in temporary folders, listen on loopback and end with the tests.
//
// TEST_ENGINES names the engines: sqlite, mariadb, mysql, galera, tidb; without it they are sqlite and mariadb.
// TEST_DATABASE_URL names an existing server to use in the place of MariaDB.
package databasetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"partner.example/referrals/ent/database"
)

// Open opens a database and makes its tables. It is closed with the test.
func Open(t testing.TB, location string) *database.Database {
	t.Helper()
	db, err := database.Open(location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// engine is a kind of database.
type engine struct {
	name  string // of its tests
	start func(folder string) (*cluster, error)

	once   sync.Once
	server *cluster
	err    error
}

// The servers, by what TEST_ENGINES calls them.
var servers = map[string]*engine{
	"mariadb": {name: "MariaDB", start: startMariaDB},
	"mysql":   {name: "MySQL", start: startMySQL},
	"galera":  {name: "Galera", start: startGalera},
	"tidb":    {name: "TiDB", start: startTiDB},
}

const embedded = "sqlite"

// chosen is the engines of TEST_ENGINES.
func chosen(t testing.TB) []string {
	t.Helper()
	given := os.Getenv("TEST_ENGINES")
	if given == "" {
		given = "sqlite,mariadb"
	}
	names := strings.Split(given, ",")
	for _, name := range names {
		if name != embedded && servers[name] == nil {
			t.Fatalf("TEST_ENGINES names %q: the engines are sqlite, mariadb, mysql, galera, tidb", name)
		}
	}
	return names
}

// Main runs a package's tests and stops the servers that they started, after whatever else they leave behind.
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	for _, cleanUp := range after {
		cleanUp()
	}
	for _, e := range servers {
		if e.server != nil {
			e.server.Stop()
		}
	}
	os.Exit(code)
}

// Each runs a test once for every engine, on an empty database that it opens by its URL.
func Each(t *testing.T, test func(t *testing.T, location string)) {
	t.Helper()
	if slices.Contains(chosen(t), embedded) {
		t.Run("SQLite", func(t *testing.T) { test(t, SQLite(t)) })
	}
	eachServer(t, test)
}

// EachServer is Each for what only servers have: many writers at once, and locks that are waited for.
func EachServer(t *testing.T, test func(t *testing.T, location string)) {
	t.Helper()
	if slices.Contains(chosen(t), embedded) {
		t.Run("SQLite", func(t *testing.T) { Skip(t) })
	}
	eachServer(t, test)
}

func eachServer(t *testing.T, test func(t *testing.T, location string)) {
	t.Helper()
	for _, name := range chosen(t) {
		if e := servers[name]; e != nil {
			t.Run(e.name, func(t *testing.T) {
				if _, out := listed(t); out {
					Skip(t)
				}
				test(t, e.database(t))
			})
		}
	}
}

// Among tells whether tests are to pass on an engine, by what TEST_ENGINES calls it.
func Among(t testing.TB, engine string) bool {
	t.Helper()
	return slices.Contains(chosen(t), engine)
}

// SQLite is the URL of a file that does not exist yet.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "referrals.db")
}

// MySQL is the URL of a new, empty database on the first server among the engines; where there is none, on MariaDB.
func MySQL(t testing.TB) string {
	t.Helper()
	for _, name := range chosen(t) {
		if e := servers[name]; e != nil {
			return e.database(t)
		}
	}
	return servers["mariadb"].database(t)
}

// From is the URL of a database whose cluster is asked in another order: first the node that stands there.
func From(node int, location string) string {
	head, path, _ := strings.Cut(location[len("mysql://"):], "/")
	user, list, _ := strings.Cut(head, "@")
	hosts := strings.Split(list, ",")
	node %= len(hosts)
	return "mysql://" + user + "@" + strings.Join(slices.Concat(hosts[node:], hosts[:node]), ",") + "/" + path
}

// Node is the URL of a database at the node that it names first, for tools that know no more than one.
func Node(t testing.TB, location string) *url.URL {
	t.Helper()
	head, path, _ := strings.Cut(strings.TrimPrefix(location, "mysql://"), "/")
	first, _, _ := strings.Cut(head, ",")
	at, err := url.Parse("mysql://" + first + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Create creates a database on a server.
func Create(t testing.TB, at *url.URL, name string) {
	t.Helper()
	server, err := existing(at.String())
	if err != nil {
		t.Fatal(err)
	}
	server.create(t, name)
}

func (s *cluster) create(t testing.TB, name string) {
	t.Helper()
	s.execute(t, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
	for _, host := range s.Hosts[1:] { // a node that is asked does not wait for it
		s.knows(t, host, name)
	}
}

// knows waits until a node has a database, which was made at another one. One that was killed has it later.
func (s *cluster) knows(t testing.TB, host, name string) {
	t.Helper()
	node, err := sql.Open("mysql", s.user+"@tcp("+host+")/"+name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = node.Close() }()
	const unknownDatabase = 1049
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(pause) {
		refused := (*mysql.MySQLError)(nil)
		if err = node.PingContext(context.Background()); !errors.As(err, &refused) || refused.Number != unknownDatabase {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", host, err)
		}
	}
}

const pause = 20 * time.Millisecond

var databases atomic.Int64

// database is the URL of a new, empty database on the engine's server, which is started for the first one.
func (e *engine) database(t testing.TB) string {
	t.Helper()
	e.once.Do(func() {
		if given := os.Getenv("TEST_DATABASE_URL"); given != "" && e.name == "MariaDB" {
			e.server, e.err = existing(given)
			return
		}
		folder, err := os.MkdirTemp("", "referrals-"+strings.ToLower(e.name)+"-") //nolint:usetesting // it outlives the test
		if err != nil {
			e.err = err
			return
		}
		e.server, e.err = e.start(folder)
	})
	if e.err != nil {
		t.Fatalf("no %s for the tests: %v", e.name, e.err)
	}
	return e.server.Database(t)
}

// Database is the URL of a new, empty database on the server. Of a cluster it begins with another node each time.
func (s *cluster) Database(t testing.TB) string {
	t.Helper()
	n := databases.Add(1)
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), n)
	s.create(t, name)
	t.Cleanup(func() { s.execute(t, "DROP DATABASE "+name) })
	return From(int(n), "mysql://"+s.user+"@"+strings.Join(s.Hosts, ",")+"/"+name)
}

func (s *cluster) execute(t testing.TB, statement string) {
	t.Helper()
	var err error
	for _, host := range s.Hosts { // of a cluster, one may have been killed by the test
		var server *sql.DB
		if server, err = sql.Open("mysql", s.user+"@tcp("+host+")/"); err != nil {
			t.Fatal(err)
		}
		_, err = server.ExecContext(context.Background(), statement)
		_ = server.Close()
		if err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", statement, err)
}
