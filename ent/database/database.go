// Package database opens the database that everything is stored in, brings its tables up to date and
// runs transactions on it. It is the one place that knows which engine it is.
package database

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"

	ent "partner.example/referrals/ent/generated"
	_ "partner.example/referrals/ent/generated/runtime" // the privacy policies
)

// Database is one open database. Its Client reads; whatever writes more than one row does so in Transact.
type Database struct {
	*ent.Client
	dialect     string
	pool        *sql.DB
	retries     atomic.Int64
	turn        atomic.Uint32 // of passing gates
	plain       bool          // says nothing that MySQL would not understand
	persistence time.Duration
	nodes       *nodes        // nil: SQLite
	statements  statements    // those that are asked often
	writing     chan struct{} // SQLite has one writer at a time: waiting here is fair, waiting in the engine is not
}

const (
	connections        = 32
	sqliteConnections  = 8
	filePatience       = 30 * time.Second // for others that have the file of SQLite
	connectionLifetime = 5 * time.Minute
	connectTimeout     = 2 * time.Second // to one node: the next one may be there
)

// Open opens the database at a URL: sqlite:PATH or mysql://user:password@host:port/name. Of a cluster whose nodes are
// all alike it names several, host:port,host:port. It does not connect yet.
func Open(location string, given ...Option) (*Database, error) {
	var o options
	for _, option := range given {
		option(&o)
	}
	scheme, rest, _ := strings.Cut(location, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(rest, o)
	case "mysql":
		return openMySQL(location, o)
	default:
		return nil, errors.New("the database must be sqlite:PATH or mysql://user:password@host:port/name")
	}
}

func openSQLite(path string, o options) (*Database, error) {
	if path == "" {
		return nil, errors.New("the database sqlite: needs the path of a file, such as sqlite:referrals.db")
	}
	parameters := url.Values{
		"_pragma": {
			"foreign_keys(1)", "journal_mode(WAL)", "synchronous(NORMAL)", fmt.Sprintf("busy_timeout(%d)", filePatience.Milliseconds()), "cache_size(-8192)",
		},
		"_txlock":              {"immediate"},
		"_time_integer_format": {"unix_micro"},
		"_inttotime":           {"1"},
	}
	connector, err := sqlite.NewConnector("file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + parameters.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	pool := o.openDB(shared{connector})
	pool.SetMaxOpenConns(sqliteConnections)
	pool.SetMaxIdleConns(2)
	if err := o.watch(pool); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return newDatabase(dialect.SQLite, pool, make(chan struct{}, 1)), nil
}

// shared makes connections to a file that others may be opening at the same moment. The first connection turns a new
// file to a write-ahead log, and for who else is doing that SQLite does not wait, whatever its busy_timeout.
type shared struct{ driver.Connector }

// Connect connects.
func (s shared) Connect(ctx context.Context) (driver.Conn, error) {
	waiting, cancel := context.WithTimeout(ctx, filePatience)
	defer cancel()
	for {
		connection, err := s.Connector.Connect(waiting)
		if err == nil || !givesWay(err) {
			return connection, err
		}
		select {
		case <-waiting.Done():
			return nil, err
		case <-time.After(connectPause):
		}
	}
}

func openMySQL(location string, o options) (*Database, error) {
	at, hosts, err := splitHosts(location)
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.User = at.User.Username()
	config.Passwd, _ = at.User.Password()
	config.Net, config.Timeout = "tcp", connectTimeout
	config.DBName = strings.Trim(at.Path, "/")
	config.ParseTime, config.Loc = true, time.UTC
	config.InterpolateParams = true // one round trip a statement
	config.ClientFoundRows = true   // an UPDATE counts the rows it matched, as SQLite does
	config.Collation = "utf8mb4_bin"
	config.Params = map[string]string{"sql_mode": "'TRADITIONAL'", "time_zone": "'+00:00'"}
	config.ReadTimeout, config.WriteTimeout = o.patience, o.patience
	config.Logger = driverLog{}
	err = config.Apply(mysql.TimeTruncate(time.Microsecond)) // before the server rounds, or does not
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", at.Redacted(), err)
	}
	nodes := &nodes{}
	for _, host := range hosts {
		one := config.Clone()
		one.Addr = host
		connector, err := mysql.NewConnector(one)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", at.Redacted(), err)
		}
		nodes.each = append(nodes.each, connector)
	}
	pool := o.openDB(&waiting{Connector: bounded{nodes, o.patience}})
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxLifetime(connectionLifetime)
	if err := o.watch(pool); err != nil {
		return nil, fmt.Errorf("open %s: %w", at.Redacted(), err)
	}
	db := newDatabase(dialect.MySQL, pool, nil)
	db.nodes, db.plain = nodes, o.plain
	return db, nil
}

// splitHosts takes the hosts out of a URL that may name several.
func splitHosts(location string) (at *url.URL, hosts []string, err error) {
	rest := strings.TrimPrefix(location, "mysql://")
	authority, path, _ := strings.Cut(rest, "/")
	user, list := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, list = authority[:i+1], authority[i+1:]
	}
	at, err = url.Parse("mysql://" + user + "hosts/" + path)
	for host := range strings.SplitSeq(list, ",") {
		one, wrong := url.Parse("mysql://" + host)
		if err != nil || wrong != nil || one.Hostname() == "" || one.Host != host || rest == location || strings.Trim(at.Path, "/") == "" {
			return nil, nil, errors.New("the database must be mysql://user:password@host:port/name, or host:port,host:port for the nodes of a cluster")
		}
		hosts = append(hosts, net.JoinHostPort(one.Hostname(), cmp.Or(one.Port(), "3306")))
	}
	return at, hosts, nil
}

// bounded makes connections on which no statement runs longer than some time; 0: as long as it needs. A server goes on
// with a statement whose client has left: this has it stop by itself.
type bounded struct {
	driver.Connector
	statement time.Duration
}

// Connect connects. MariaDB and MySQL call the limit by different names, and only one of them knows it in writes.
func (b bounded) Connect(ctx context.Context) (driver.Conn, error) {
	connection, err := b.Connector.Connect(ctx)
	if err != nil || b.statement == 0 {
		return connection, err
	}
	execer := connection.(driver.ExecerContext) //nolint:forcetypeassert // the driver's is one
	_, err = execer.ExecContext(ctx, fmt.Sprintf("SET max_statement_time = %.3f", b.statement.Seconds()), nil)
	const unknownVariable = 1193
	if server := (*mysql.MySQLError)(nil); errors.As(err, &server) && server.Number == unknownVariable {
		_, err = execer.ExecContext(ctx, fmt.Sprintf("SET max_execution_time = %d", b.statement.Milliseconds()), nil)
	}
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	return connection, nil
}

func newDatabase(name string, pool *sql.DB, writing chan struct{}) *Database {
	client := ent.NewClient(ent.Driver(entsql.OpenDB(name, pool)))
	d := &Database{Client: client, dialect: name, pool: pool, persistence: persistence, writing: writing}
	d.turn.Store(rand.Uint32()) //nolint:gosec // servers that begin at once are to begin apart
	return d
}

// driverLog takes what the driver has to say, which is why a connection broke.
type driverLog struct{}

// Print logs it.
func (driverLog) Print(said ...any) {
	slog.Warn("a connection to the database", "driver", strings.TrimSpace(fmt.Sprintln(said...)))
}

// Close closes the database.
func (d *Database) Close() error { return d.pool.Close() }

// Embedded tells whether the database is a file of this machine, which its only server may migrate.
func (d *Database) Embedded() bool { return d.dialect == dialect.SQLite }

// Dialect is how the engine wants its SQL written, for ent's SQL builder.
func (d *Database) Dialect() string { return d.dialect }

// extended tells whether the engine knows INSERT .. RETURNING, and VALUES as a table: so do SQLite and MariaDB.
func (d *Database) extended() bool { return d.nodes == nil || (d.nodes.extended.Load() && !d.plain) }

// Engine names the engine and its version, as it says itself.
func (d *Database) Engine(ctx context.Context) (string, error) {
	query, name := "SELECT VERSION()", "MySQL"
	if d.dialect == dialect.SQLite {
		query, name = "SELECT sqlite_version()", "SQLite"
	}
	var version string
	if err := d.pool.QueryRowContext(ctx, query).Scan(&version); err != nil {
		return "", fmt.Errorf("ask for the version: %w", err)
	}
	if strings.Contains(version, "MariaDB") {
		name = "MariaDB"
	}
	return name + " " + version, nil
}

// Ping tells whether the database answers.
func (d *Database) Ping(ctx context.Context) error { return d.pool.PingContext(ctx) }
