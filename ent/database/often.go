package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
)

// textsAskedOften bounds what stays prepared: a server lets all of its clients together have 16,382 statements, of which
// each connection has as many as there are texts.
const textsAskedOften = 64

// Often is a Querier for what is asked all the time, in statements of few texts. The first 64 are prepared on every
// connection that asks them, and stay so: the server then takes no text apart, and sends numbers and moments as they are. A
// transaction asks as it does anyway, and so does SQLite, to which nothing is sent.
func Often(q Querier) Querier {
	if d, ok := q.(*Database); ok && d.nodes != nil {
		return often{d}
	}
	return q
}

type often struct{ *Database }

// QueryContext asks.
func (o often) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := o.statements.of(ctx, o.pool, query) //nolint:sqlclosecheck // it stays open for whoever asks next
	if statement != nil {
		var rows *sql.Rows
		if rows, err = statement.QueryContext(ctx, args...); err == nil {
			return rows, nil
		}
	}
	if err != nil && !mayNotPrepare(err) {
		return nil, err
	}
	return o.Database.QueryContext(ctx, query, args...)
}

// mayNotPrepare tells whether a statement was not run because all clients of the server together have prepared as many as it
// lets them. It can be asked as any other is.
func mayNotPrepare(err error) bool { return numberOf(err) == tooManyPrepared }

// statements are those that stay prepared, by their texts, for as long as the database is open.
type statements struct {
	sync.Mutex
	known map[string]*sql.Stmt
}

// of is the statement of a text; nil: there are enough.
func (s *statements) of(ctx context.Context, pool *sql.DB, query string) (*sql.Stmt, error) {
	known, full := s.get(query)
	if known != nil || full {
		return known, nil
	}
	made, err := pool.PrepareContext(ctx, query) // others need not wait for it
	if err != nil {
		return nil, err
	}
	return s.keep(query, made)
}

func (s *statements) get(query string) (known *sql.Stmt, full bool) {
	s.Lock()
	defer s.Unlock()
	return s.known[query], len(s.known) >= textsAskedOften
}

// keep keeps a statement, unless somebody has kept one meanwhile.
func (s *statements) keep(query string, made *sql.Stmt) (*sql.Stmt, error) {
	s.Lock()
	defer s.Unlock()
	if sooner := s.known[query]; sooner != nil {
		return sooner, made.Close()
	}
	if s.known == nil {
		s.known = map[string]*sql.Stmt{}
	}
	s.known[query] = made
	return made, nil
}

// prepared is everything that a statement of the driver can do.
type prepared interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
	driver.NamedValueChecker
}

// statement is a prepared one on a connection to a node.
type statement struct{ prepared }

// QueryContext asks.
func (s statement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := s.prepared.QueryContext(ctx, args)
	if swept, sweeps := ctx.Value(sweepKey{}).(*sweep); sweeps && err == nil {
		return swept.all(rows)
	}
	return rows, leftCluster(err)
}
