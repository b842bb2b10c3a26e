// Package database opens the database that everything is stored in, brings its tables up to date and
// runs transactions on it. It is the one place that knows which engine it is.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver

	ent "partner.example/referrals/ent/generated"
	_ "partner.example/referrals/ent/generated/runtime" // the privacy policies
	"partner.example/referrals/ent/migrations"
)

// Database is one open database. Its Client reads; whatever writes more than one row does so in Transact.
type Database struct {
	*ent.Client
	dialect string
	pool    *sql.DB
	retries atomic.Int64
	writing chan struct{} // SQLite has one writer at a time: waiting here is fair, waiting in the engine is not
}

const (
	connections        = 32
	sqliteConnections  = 8
	connectionLifetime = 5 * time.Minute
)

// Open opens the database at a URL: sqlite:PATH or mysql://user:password@host:port/name. It does not connect yet.
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
			"foreign_keys(1)", "journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(30000)", "cache_size(-8192)",
		},
		"_txlock":              {"immediate"},
		"_time_integer_format": {"unix_micro"},
		"_inttotime":           {"1"},
	}
	pool, err := o.open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?"+parameters.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	pool.SetMaxOpenConns(sqliteConnections)
	pool.SetMaxIdleConns(2)
	if err := o.watch(pool); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return newDatabase(dialect.SQLite, pool, make(chan struct{}, 1)), nil
}

func openMySQL(location string, o options) (*Database, error) {
	at, err := url.Parse(location)
	if err != nil || at.Host == "" || strings.Trim(at.Path, "/") == "" {
		return nil, errors.New("the database must be mysql://user:password@host:port/name")
	}
	config := mysql.NewConfig()
	config.User = at.User.Username()
	config.Passwd, _ = at.User.Password()
	config.Net, config.Addr = "tcp", at.Host
	if at.Port() == "" {
		config.Addr = net.JoinHostPort(at.Hostname(), "3306")
	}
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
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", at.Redacted(), err)
	}
	pool := o.openDB(&waiting{Connector: connector})
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxLifetime(connectionLifetime)
	if err := o.watch(pool); err != nil {
		return nil, fmt.Errorf("open %s: %w", at.Redacted(), err)
	}
	return newDatabase(dialect.MySQL, pool, nil), nil
}

func newDatabase(name string, pool *sql.DB, writing chan struct{}) *Database {
	client := ent.NewClient(ent.Driver(entsql.OpenDB(name, pool)))
	return &Database{Client: client, dialect: name, pool: pool, writing: writing}
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

// Migrate brings the tables up to date and tells which versions it applied.
func (d *Database) Migrate(ctx context.Context) ([]string, error) {
	return d.migrate(ctx, migrations.Files)
}

func (d *Database) migrate(ctx context.Context, all fs.FS) ([]string, error) {
	var applied []string
	err := d.migrating(ctx, all, func(provider *goose.Provider) error {
		results, err := provider.Up(ctx)
		for _, result := range results {
			applied = append(applied, filepath.Base(result.Source.Path))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}

// Pending tells whether there are migrations that were not applied.
func (d *Database) Pending(ctx context.Context) (bool, error) {
	var pending bool
	err := d.migrating(ctx, migrations.Files, func(provider *goose.Provider) (err error) {
		pending, err = provider.HasPending(ctx)
		return err
	})
	return pending, err
}

// ErrSchema says that the tables are not those of this program.
var ErrSchema = errors.New("the tables are not those of this version of the program")

// Ping tells whether the database answers.
func (d *Database) Ping(ctx context.Context) error { return d.pool.PingContext(ctx) }

// Check tells whether the database answers and the tables are those of this program. It locks nothing, and looks for
// the newest migration alone.
func (d *Database) Check(ctx context.Context) error {
	files, err := fs.Glob(migrations.Files, d.family()+"/*.sql")
	if err != nil || len(files) == 0 {
		return fmt.Errorf("read the migrations: %w", err)
	}
	newest, err := goose.NumericComponent(files[len(files)-1])
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	var applied sql.NullInt64
	if err := d.pool.QueryRowContext(ctx, "SELECT MAX(version_id) FROM goose_db_version WHERE is_applied").Scan(&applied); err != nil {
		return fmt.Errorf("ask for the newest migration: %w", err)
	}
	if applied.Int64 != newest {
		return fmt.Errorf("%w: the newest migration there is %d, and here %d", ErrSchema, applied.Int64, newest)
	}
	return nil
}

// family is the folder of the engine's migrations.
func (d *Database) family() string {
	if d.dialect == dialect.SQLite {
		return "sqlite"
	}
	return "mysql"
}

// migrating works with the migrations, by one process at a time: a lock of goose's own would come too late,
// after it has looked for what is pending and made its table for it.
func (d *Database) migrating(ctx context.Context, all fs.FS, work func(provider *goose.Provider) error) (err error) {
	files, err := fs.Sub(all, d.family())
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(map[string]goose.Dialect{dialect.SQLite: goose.DialectSQLite3, dialect.MySQL: goose.DialectMySQL}[d.dialect], d.pool, files)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if d.dialect == dialect.SQLite {
		return ofMany(func() error { return work(provider) })
	}
	connection, err := d.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	const lock = "CONCAT('migrate ', MD5(DATABASE()))" // such locks are the whole server's
	var held sql.NullBool
	if err := connection.QueryRowContext(ctx, "SELECT GET_LOCK("+lock+", 600)").Scan(&held); err != nil {
		return err
	}
	if !held.Bool {
		return errors.New("another process has been migrating the database for ten minutes")
	}
	defer func() { // the lock ends with the connection, at the latest
		_, releasing := connection.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+lock+")")
		err = errors.Join(err, releasing)
	}()
	return work(provider)
}

// ofMany does again what failed perhaps only because another process did the same at that moment: SQLite has no
// lock that outlasts a transaction.
func ofMany(work func() error) (err error) {
	for range 3 {
		if err = work(); err == nil {
			return nil
		}
	}
	return err
}
