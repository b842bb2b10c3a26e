package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"entgo.io/ent/dialect"
	"github.com/go-sql-driver/mysql"
	sqlite "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	ent "partner.example/referrals/ent/generated"
)

// Tx is a transaction: ent's client for it, and its statements for what ent cannot say in one.
type Tx struct {
	*ent.Client
	dialect string
}

// ErrRetry says that the transaction met another one that came first, and that it will succeed, or be
// refused properly, when it is run again from the start.
var ErrRetry = errors.New("another transaction came first")

// errUndone says that the connection broke before the commit.
var errUndone = errors.New("the connection broke")

const (
	attempts   = 12
	firstPause = 5 * time.Millisecond
	longPause  = 400 * time.Millisecond
)

// Transact runs work in one transaction, and again from the start where the engine made it give way to
// another one (deadlock, lock wait, snapshot conflict, ErrRetry), or where the connection broke before the commit. Work
// must therefore leave no traces but in the database, and in what results point to: what its caller is to know of it.
// In a context with a Key, work that was done before is not done again, and the results are what they were then; so it
// is run again also where the connection broke during the commit. Without one that is ErrOutcomeUnknown. The isolation
// is READ COMMITTED on servers: each statement sees what is committed when it
// starts, and what must not change is locked. SQLite has one writer at a time.
func (d *Database) Transact(ctx context.Context, work func(ctx context.Context, tx *Tx) error, results ...any) error {
	once := nextStep(ctx)
	for attempt := 1; ; attempt++ {
		err := d.attempt(ctx, once.around(work, results))
		switch {
		case errors.Is(err, errDone):
			return nil
		case errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil: // the context undid it, between two statements
			return ctx.Err()
		case err == nil, !givesWay(err) && (once == nil || !errors.Is(err, ErrOutcomeUnknown)):
			return err
		case attempt == attempts:
			return fmt.Errorf("gave way %d times: %w", attempts, err)
		}
		d.retries.Add(1)
		pause := min(firstPause<<attempt, longPause)
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

func (d *Database) attempt(ctx context.Context, work func(ctx context.Context, tx *Tx) error) error {
	var options *sql.TxOptions
	if d.dialect == dialect.SQLite {
		select {
		case d.writing <- struct{}{}:
			defer func() { <-d.writing }()
		case <-ctx.Done():
			return ctx.Err()
		}
	} else {
		options = &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	}
	tx, err := d.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	done := false
	defer func() {
		if !done { // also where work panics
			_ = tx.Rollback()
		}
	}()
	if err := work(ctx, &Tx{Client: tx.Client(), dialect: d.dialect}); err != nil {
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
		if isBroken(err) {
			return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
		}
		return fmt.Errorf("commit: %w", err)
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

// The errors by which MySQL and its family say that a transaction must be run again.
const (
	lockWaitTimeout  = 1205
	deadlock         = 1213
	snapshotConflict = 1020 // MariaDB with innodb_snapshot_isolation
	duplicateEntry   = 1062
)

func givesWay(err error) bool {
	if errors.Is(err, ErrRetry) || errors.Is(err, errUndone) {
		return true
	}
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		switch server.Number {
		case lockWaitTimeout, deadlock, snapshotConflict:
			return true
		}
	}
	var embedded *sqlite.Error
	return errors.As(err, &embedded) && embedded.Code()&0xff == sqlitelib.SQLITE_BUSY
}

// IsDuplicate tells whether a unique key refused a row.
func IsDuplicate(err error) bool {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		return server.Number == duplicateEntry
	}
	var embedded *sqlite.Error
	return errors.As(err, &embedded) &&
		(embedded.Code() == sqlitelib.SQLITE_CONSTRAINT_UNIQUE || embedded.Code() == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY)
}
