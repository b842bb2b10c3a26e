package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	sqlite "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	ent "partner.example/referrals/ent/generated"
)

// Tx is a transaction: ent's client for it, and its statements for what ent cannot say in one.
type Tx struct {
	*ent.Client
	dialect    string
	turn       uint32 // of passing gates
	precedence *precedence
	rowByRow   bool // of many rows, each is to be locked by a statement of its own
	extended   bool // INSERT .. RETURNING, and VALUES as a table, are known
}

// ErrRetry says that the transaction met another one that came first, and that it will succeed, or be
// refused properly, when it is run again from the start.
var ErrRetry = errors.New("another transaction came first")

// errUndone says that the connection broke before the commit.
var errUndone = errors.New("the connection broke")

// ErrGaveWay says that a transaction met others that came first for as long as it may take, and did nothing.
var ErrGaveWay = errors.New("other transactions came first, again and again")

const (
	firstPause  = 5 * time.Millisecond
	doublings   = 8
	longPause   = 800 * time.Millisecond
	persistence = 40 * time.Second // of a transaction that gives way; within a request's time, so that it can be said why
)

// Transact runs work in one transaction, and again from the start where the engine made it give way to
// another one (deadlock, lock wait, conflict with another node, ErrRetry), or where the connection broke before the
// commit; in the end that is ErrGaveWay. Work must therefore leave no traces but in the database, and in what results
// point to: what its caller is to know of it.
// In a context with a Key, work that was done before is not done again, and the results are what they were then; so it
// is run again also where the connection broke during the commit. Without one that is ErrOutcomeUnknown. The isolation
// is READ COMMITTED on servers (nodes.go): each statement sees what is committed when it
// starts, and what must not change is locked. SQLite has one writer at a time.
func (d *Database) Transact(ctx context.Context, work func(ctx context.Context, tx *Tx) error, results ...any) error {
	once := nextStep(ctx)
	persisting, end := context.WithTimeout(context.WithoutCancel(ctx), d.persistence) // its caller may leave earlier
	defer end()
	precedence := &precedence{}
	defer precedence.giveBack(ctx, d)
	for attempt := 1; ; attempt++ {
		err := d.attempt(ctx, precedence, once.around(work, results))
		switch {
		case errors.Is(err, errDone):
			return nil
		case errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil: // the context undid it, between two statements
			return ctx.Err()
		case err == nil, !givesWay(err) && (once == nil || !errors.Is(err, ErrOutcomeUnknown)):
			return err
		case persisting.Err() == nil:
		case errors.Is(err, errUndone), errors.Is(err, ErrOutcomeUnknown): // what gave way is the database
			return err
		default:
			return fmt.Errorf("%w, %d times: %w", ErrGaveWay, attempt, err)
		}
		d.retries.Add(1)
		pause := min(firstPause<<min(attempt, doublings), longPause)
		if attempt >= undoneOften && precedence.networkID != 0 {
			if precedence.take(ctx, d); precedence.until.Valid {
				pause = firstPause
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(pause)): //nolint:gosec // jitter
		}
	}
}

// Retries is how often a transaction was run again since the database was opened.
func (d *Database) Retries() int64 { return d.retries.Load() }

type refusalKey struct{}

// Refusing is a context in which no transaction commits: each runs to its end, to find out what else is wrong, and
// is then refused for this reason.
func Refusing(ctx context.Context, because error) context.Context {
	return context.WithValue(ctx, refusalKey{}, because)
}

func (d *Database) attempt(ctx context.Context, precedence *precedence, work func(ctx context.Context, tx *Tx) error) error {
	if d.dialect == dialect.SQLite {
		select {
		case d.writing <- struct{}{}:
			defer func() { <-d.writing }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	done := false
	defer func() {
		if !done { // also where work panics
			_ = tx.Rollback()
		}
	}()
	if err := work(ctx, &Tx{
		Client: tx.Client(), dialect: d.dialect, turn: d.turn.Add(1), precedence: precedence,
		rowByRow: d.nodes != nil && d.nodes.rowByRow.Load(), extended: d.extended(),
	}); err != nil {
		if isBroken(err) { // and with it the transaction is undone; who waits for another connection is Open's connector
			return fmt.Errorf("%w: %w", errUndone, err)
		}
		return err
	}
	if because, refused := ctx.Value(refusalKey{}).(error); refused {
		return because
	}
	done = true
	if err := tx.Commit(); err != nil {
		if errors.Is(err, driver.ErrBadConn) { // nothing was sent, or its node refused it
			return fmt.Errorf("%w: %w", errUndone, err)
		}
		if isBroken(err) {
			return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
		}
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Trying finds out what something would do: whatever it writes is undone, and the transaction goes on from where it was.
func (tx *Tx) Trying(ctx context.Context, try func() error) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT trying"); err != nil {
		return fmt.Errorf("begin to try: %w", err)
	}
	if err := try(); err != nil {
		return err
	}
	for _, undo := range []string{"ROLLBACK TO SAVEPOINT trying", "RELEASE SAVEPOINT trying"} {
		if _, err := tx.ExecContext(ctx, undo); err != nil {
			return fmt.Errorf("undo what was tried: %w", err)
		}
	}
	return nil
}

// Snapshot reads the database as it is at one moment, that of the first statement, whatever is written meanwhile.
// It holds nobody up, and nobody holds it up.
func (d *Database) Snapshot(ctx context.Context, read func(ctx context.Context, q Querier) error) error {
	options := &sql.TxOptions{ReadOnly: true} // SQLite reads a snapshot of its log
	if d.dialect != dialect.SQLite {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := d.pool.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return read(ctx, tx)
}

// The errors of MySQL and its family that matter here, by their numbers.
const (
	columnNull      = 1048
	duplicateEntry  = 1062
	unknownError    = 1105
	unknownVariable = 1193
	tooManyPrepared = 1461
)

// givingWay are the errors by which servers say that they undid a transaction, or let it do nothing, because of
// another one.
var givingWay = map[uint16]string{
	1020: "a row was changed since it was read (MariaDB, innodb_snapshot_isolation)",
	1205: "a lock took too long",
	1213: "a deadlock; of Galera, also at the commit, a conflict with another node",
	1467: "a number for a new row was not to be had: a deadlock, or a lock that took too long",
	3101: "a conflict with another member (MySQL Group Replication)",
	3572: "a lock was not to be had at once",
	8002: "a write conflict of a locking read (TiDB)",
	8005: "a write conflict (TiDB)",
	8022: "the commit failed and was undone (TiDB)",
	8027: "the tables changed meanwhile (TiDB)",
	8028: "the tables changed meanwhile (TiDB)",
	9003: "the storage is busy (TiDB)",
	9004: "a lock took too long (TiDB)",
	9005: "a part of the storage is not to be reached (TiDB)",
	9007: "a write conflict (TiDB)",
}

func givesWay(err error) bool {
	if errors.Is(err, ErrRetry) || errors.Is(err, errUndone) {
		return true
	}
	if number := numberOf(err); givingWay[number] != "" {
		return true
	} else if number == unknownError { // TiDB: many want one lock
		return strings.Contains(err.Error(), "retry limit reached") || strings.Contains(err.Error(), "lock wait timeout")
	}
	var embedded *sqlite.Error
	return errors.As(err, &embedded) && embedded.Code()&0xff == sqlitelib.SQLITE_BUSY
}

// IsDuplicate tells whether a unique key refused a row.
func IsDuplicate(err error) bool {
	if number := numberOf(err); number != 0 {
		return number == duplicateEntry
	}
	var embedded *sqlite.Error
	return errors.As(err, &embedded) &&
		(embedded.Code() == sqlitelib.SQLITE_CONSTRAINT_UNIQUE || embedded.Code() == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// isMissing tells whether a row was refused that lacks a value.
func isMissing(err error) bool {
	if number := numberOf(err); number != 0 {
		return number == columnNull
	}
	var embedded *sqlite.Error
	return errors.As(err, &embedded) && embedded.Code() == sqlitelib.SQLITE_CONSTRAINT_NOTNULL
}
