package database

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"entgo.io/ent/dialect"

	"partner.example/referrals/ent/migrations"
)

// Migration is one step of the tables, as this program and the database know it.
type Migration struct {
	Version int
	Name    string // of its file, such as 00002_what_it_is_for.sql
	State   MigrationState

	statements []string
	checksum   string
	done       int // how many statements were, of one that was interrupted
}

// MigrationState says where a migration stands.
type MigrationState string

const (
	// Applied: the database has it, as this program does.
	Applied MigrationState = "applied"
	// Pending: the database does not have it.
	Pending MigrationState = "pending"
	// Interrupted: the database has some of its statements; Migrate does the rest.
	Interrupted MigrationState = "interrupted"
	// Changed: the database has one of this version that was another one.
	Changed MigrationState = "changed"
	// Unknown: the database has it and this program does not: it is older.
	Unknown MigrationState = "unknown"
)

// ErrSchema says that the tables are not those of this program. What wraps it says what to do.
var ErrSchema = errors.New("the tables are not those of this program")

// Migrate brings the tables up to date and tells which migrations it applied. It may be interrupted, and run again
// by any number of processes at once: one works, the others wait. It refuses tables that this program does not know.
func (d *Database) Migrate(ctx context.Context) ([]string, error) {
	return d.migrate(ctx, migrations.Files)
}

func (d *Database) migrate(ctx context.Context, all fs.FS) (applied []string, err error) {
	known, err := readMigrations(all, d.family())
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	found, err := compare(ctx, d.pool, d.dialect, known)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	if check(found) == nil && !hasGoose(ctx, d.pool, d.dialect) { // the common case takes no lock
		return nil, nil
	}
	connection, err := d.pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	run := d.migrateServer
	if d.dialect == dialect.SQLite {
		run = d.migrateFile
	}
	if err := run(ctx, connection, known, func(m *Migration) { applied = append(applied, m.Name) }); err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}

// Migrations lists all migrations that this program or the database knows.
func (d *Database) Migrations(ctx context.Context) ([]*Migration, error) {
	files, err := ours[d.family()]()
	if err != nil {
		return nil, err
	}
	known := make([]*Migration, len(files))
	for i, m := range files {
		own := *m // of which it is found out how far it was applied
		known[i] = &own
	}
	return compare(ctx, d.pool, d.dialect, known)
}

// ours is the migrations that the program brings, by family. Servers compare them every second.
var ours = map[string]func() ([]*Migration, error){
	"sqlite": sync.OnceValues(func() ([]*Migration, error) { return readMigrations(migrations.Files, "sqlite") }),
	"mysql":  sync.OnceValues(func() ([]*Migration, error) { return readMigrations(migrations.Files, "mysql") }),
}

// Check is nil where the tables are those of this program; else it says what to do about it.
func (d *Database) Check(ctx context.Context) error {
	found, err := d.Migrations(ctx)
	if err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	return check(found)
}

func check(found []*Migration) error {
	byState := map[MigrationState][]string{}
	for _, m := range found {
		byState[m.State] = append(byState[m.State], m.Name)
	}
	names := func(state MigrationState) string { return strings.Join(byState[state], ", ") }
	switch {
	case byState[Unknown] != nil:
		return fmt.Errorf("%w: the database is newer and has %s: run a newer program, or restore a backup from before it", ErrSchema, names(Unknown))
	case byState[Changed] != nil:
		return fmt.Errorf("%w: the database was migrated by another %s: run the program that did so, or restore a backup from before it", ErrSchema, names(Changed))
	case byState[Interrupted] != nil:
		return fmt.Errorf("%w: %s was interrupted: run 'referrals migrate' again with the same --database", ErrSchema, names(Interrupted))
	case byState[Pending] != nil:
		return fmt.Errorf("%w: the database is older and lacks %s: run 'referrals migrate' with the same --database", ErrSchema, names(Pending))
	default:
		return nil
	}
}

// family is the folder of the engine's migrations.
func (d *Database) family() string {
	if d.dialect == dialect.SQLite {
		return "sqlite"
	}
	return "mysql"
}

// readMigrations reads the files of an engine family, in their order.
func readMigrations(all fs.FS, family string) ([]*Migration, error) {
	files, err := fs.Glob(all, family+"/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var known []*Migration
	for _, file := range files {
		content, err := fs.ReadFile(all, file)
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(file, family+"/")
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil || (len(known) > 0 && known[len(known)-1].Version == version) {
			return nil, fmt.Errorf("%s: the name must begin with a number of its own", file)
		}
		sum := sha256.Sum256(content)
		known = append(known, &Migration{Version: version, Name: name, State: Pending, statements: statementsOf(string(content)), checksum: hex.EncodeToString(sum[:])})
	}
	return known, nil
}

// statementsOf cuts a file into statements: each ends with a semicolon at the end of a line. Lines that begin with
// two dashes are comments.
func statementsOf(text string) []string {
	var statements []string
	var statement strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "--") {
			continue
		}
		statement.WriteString(line)
		if strings.HasSuffix(strings.TrimSpace(line), ";") {
			statements = append(statements, strings.TrimSuffix(strings.TrimSpace(statement.String()), ";"))
			statement.Reset()
		}
	}
	if rest := strings.TrimSpace(statement.String()); rest != "" {
		statements = append(statements, rest)
	}
	return statements
}

// runner is a connection or a transaction.
type runner interface {
	Querier
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// makeMigrationTable: what was done, with the checksum of the file; applied_at is null while it is being done.
const makeMigrationTable = `CREATE TABLE IF NOT EXISTS migration (
	version bigint NOT NULL PRIMARY KEY,
	name varchar(255) NOT NULL,
	checksum varchar(64) NOT NULL,
	statements bigint NOT NULL,
	applied_at varchar(30) NULL
)`

// adopted is the table in which the first release noted its migrations, without checksums.
const adopted = "goose_db_version"

func hasTable(ctx context.Context, q Querier, name, table string) (found bool, err error) {
	query := "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
	if name == dialect.SQLite {
		query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
	}
	err = Each(ctx, q, query, []any{table}, func(*sql.Rows) error {
		found = true
		return nil
	})
	return found, err
}

func hasGoose(ctx context.Context, q Querier, name string) bool {
	found, err := hasTable(ctx, q, name, adopted)
	return found || err != nil
}

// compare says of all migrations that are known or were applied where they stand.
func compare(ctx context.Context, q Querier, name string, known []*Migration) ([]*Migration, error) {
	found := map[int]*Migration{}
	for _, m := range known {
		fresh := *m
		found[m.Version] = &fresh
	}
	if noted, err := hasTable(ctx, q, name, "migration"); err != nil {
		return nil, err
	} else if noted {
		err := Each(ctx, q, "SELECT version, name, checksum, statements, applied_at IS NOT NULL FROM migration", nil, func(row *sql.Rows) error {
			var was Migration
			var whole bool
			if err := row.Scan(&was.Version, &was.Name, &was.checksum, &was.done, &whole); err != nil {
				return err
			}
			m := found[was.Version]
			switch {
			case m == nil:
				was.State = Unknown
				found[was.Version] = &was
			case m.checksum != was.checksum:
				m.State = Changed
			case whole:
				m.State = Applied
			default:
				m.State, m.done = Interrupted, was.done
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if old, err := hasTable(ctx, q, name, adopted); err != nil {
		return nil, err
	} else if old {
		err := Each(ctx, q, "SELECT version_id FROM "+adopted+" WHERE is_applied = 1 AND version_id > 0", nil, func(row *sql.Rows) error {
			var version int
			if err := row.Scan(&version); err != nil {
				return err
			}
			if m := found[version]; m == nil {
				found[version] = &Migration{Version: version, Name: strconv.Itoa(version), State: Unknown}
			} else if m.State == Pending {
				m.State = Applied
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	all := slices.Collect(maps.Values(found))
	slices.SortFunc(all, func(a, b *Migration) int { return a.Version - b.Version })
	return all, nil
}

// begin makes the table of migrations, and in it notes those of the first release.
func begin(ctx context.Context, on runner, name string, known []*Migration) ([]*Migration, error) {
	if _, err := on.ExecContext(ctx, makeMigrationTable); err != nil {
		return nil, fmt.Errorf("make the table of migrations: %w", err)
	}
	found, err := compare(ctx, on, name, known)
	if err != nil {
		return nil, err
	}
	if err := check(found); err != nil && slices.ContainsFunc(found, func(m *Migration) bool { return m.State == Unknown || m.State == Changed }) {
		return nil, err
	}
	if !hasGoose(ctx, on, name) {
		return found, nil
	}
	for _, m := range found {
		if m.State == Applied {
			if err := note(ctx, on, m, len(m.statements), true); err != nil {
				return nil, err
			}
		}
	}
	if _, err := on.ExecContext(ctx, "DROP TABLE "+adopted); err != nil {
		return nil, fmt.Errorf("take over the migrations of the first release: %w", err)
	}
	return found, nil
}

// note notes how much of a migration was done.
func note(ctx context.Context, on runner, m *Migration, statements int, whole bool) error {
	var appliedAt any
	if whole {
		appliedAt = time.Now().UTC().Format(time.RFC3339) //nolint:forbidigo // for people, and no rule goes by it
	}
	_, err := on.ExecContext(ctx, "REPLACE INTO migration (version, name, checksum, statements, applied_at) VALUES (?, ?, ?, ?, ?)",
		m.Version, m.Name, m.checksum, statements, appliedAt)
	if err != nil {
		return fmt.Errorf("note %s: %w", m.Name, err)
	}
	return nil
}

// migrateFile does everything in one transaction, which is also what keeps other processes waiting. Foreign keys are
// off meanwhile, since SQLite changes a table by making it anew, and are checked before the end.
func (d *Database) migrateFile(ctx context.Context, on *sql.Conn, known []*Migration, applied func(*Migration)) (err error) {
	if _, err := on.ExecContext(ctx, "PRAGMA foreign_keys = OFF"); err != nil {
		return err
	}
	defer func() {
		_, restoring := on.ExecContext(context.WithoutCancel(ctx), "PRAGMA foreign_keys = ON")
		err = errors.Join(err, restoring)
	}()
	tx, err := on.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	found, err := begin(ctx, tx, d.dialect, known)
	if err != nil {
		return err
	}
	var done []*Migration
	for _, m := range found {
		if m.State == Applied {
			continue
		}
		for _, statement := range m.statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", m.Name, err)
			}
		}
		if err := note(ctx, tx, m, len(m.statements), true); err != nil {
			return err
		}
		done = append(done, m)
	}
	err = Each(ctx, tx, "PRAGMA foreign_key_check", nil, func(*sql.Rows) error {
		return errors.New("a row would refer to one that is not there")
	})
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	for _, m := range done {
		applied(m)
	}
	return nil
}

// migrateServer does one statement after the other: servers of the MySQL family commit at each change of a table. How
// many were done is noted after each; where one was interrupted, the statement that comes next may have been done and
// not noted, and an answer that there is nothing left to do is then taken for done.
func (d *Database) migrateServer(ctx context.Context, on *sql.Conn, known []*Migration, applied func(*Migration)) error {
	ctx, release, err := lease(ctx, on, d.pool)
	if err != nil {
		return err
	}
	defer release()
	found, err := begin(ctx, on, d.dialect, known)
	if err != nil {
		return err
	}
	for _, m := range found {
		if m.State == Applied {
			continue
		}
		for i := m.done; i < len(m.statements); i++ {
			if err := migrateStatement(ctx, on, m, i); err != nil {
				return fmt.Errorf("%s, statement %d of %d: %w", m.Name, i+1, len(m.statements), err)
			}
		}
		if err := note(ctx, on, m, len(m.statements), true); err != nil {
			return err
		}
		applied(m)
	}
	return nil
}

func migrateStatement(ctx context.Context, on *sql.Conn, m *Migration, i int) error {
	statement := m.statements[i]
	verb, _, _ := strings.Cut(strings.TrimSpace(statement), " ")
	if slices.Contains([]string{"CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE"}, strings.ToUpper(verb)) {
		if err := note(ctx, on, m, i, false); err != nil { // what follows was begun
			return err
		}
		_, err := on.ExecContext(ctx, statement)
		if resumed := m.State == Interrupted && i == m.done; err != nil && (!resumed || !alreadySo(err)) {
			return err
		}
		return nil
	}
	tx, err := on.BeginTx(ctx, nil) // rows are changed together with the note
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, statement); err != nil {
		return err
	}
	if err := note(ctx, tx, m, i+1, false); err != nil {
		return err
	}
	return tx.Commit()
}

// hadBeenDone are the errors by which servers say that a change of a table was made before.
var hadBeenDone = map[uint16]string{
	1050: "the table exists",
	1051: "no such table to drop",
	1054: "no such column to change",
	1060: "the column exists",
	1061: "the index exists",
	1091: "no such column or index to drop",
	1826: "the constraint exists",
	3822: "the constraint exists",
}

func alreadySo(err error) bool {
	return err != nil && (hadBeenDone[numberOf(err)] != "" ||
		strings.Contains(err.Error(), "errno: 121")) // MariaDB: the constraint exists
}

const (
	leaseLasts  = 30 * time.Second
	leaseRenews = 10 * time.Second
	leaseAwaits = 10 * time.Minute
	leasePolls  = 300 * time.Millisecond
)

// lease waits until this process alone may migrate, and keeps others out until release. It is a row that its holder
// renews, and not a lock of the server: that would be one node's of a cluster, and a process that dies holds the row for
// half a minute at most. The context ends where the lease is lost.
func lease(ctx context.Context, on *sql.Conn, pool *sql.DB) (leased context.Context, release func(), err error) {
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS migration_lease (id bigint NOT NULL PRIMARY KEY, holder varchar(64) NOT NULL, until_at datetime(6) NOT NULL)",
		"INSERT IGNORE INTO migration_lease (id, holder, until_at) VALUES (1, '', '2000-01-01')",
	} {
		if _, err := on.ExecContext(ctx, statement); err != nil && !givesWay(err) {
			return nil, nil, fmt.Errorf("make the lease: %w", err)
		}
	}
	holder := rand.Text()
	take := func(ctx context.Context) (bool, error) {
		result, err := pool.ExecContext(ctx, `UPDATE migration_lease SET holder = ?, until_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND
			WHERE id = 1 AND (holder = ? OR until_at < UTC_TIMESTAMP(6))`, holder, int(leaseLasts.Seconds()), holder)
		if err != nil {
			if givesWay(err) { // to another one that takes it at this moment
				return false, nil
			}
			return false, err
		}
		taken, err := result.RowsAffected()
		return taken == 1, err
	}
	waiting, cancel := context.WithTimeout(ctx, leaseAwaits)
	defer cancel()
	for {
		taken, err := take(waiting)
		if err != nil && waiting.Err() == nil {
			return nil, nil, fmt.Errorf("take the lease: %w", err)
		}
		if taken {
			break
		}
		select {
		case <-waiting.Done():
			return nil, nil, fmt.Errorf("another process has been migrating the database: %w", waiting.Err())
		case <-time.After(leasePolls):
		}
	}
	leased, lost := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-leased.Done():
				return
			case <-time.After(leaseRenews):
				if still, err := take(leased); err == nil && !still {
					lost(errors.New("another process took the lease"))
				}
			}
		}
	}()
	return leased, func() {
		lost(nil)
		<-ended
		_, _ = pool.ExecContext(context.WithoutCancel(ctx), "UPDATE migration_lease SET until_at = '2000-01-01' WHERE id = 1 AND holder = ?", holder)
	}, nil
}
