package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// Often is a Querier for what is asked all the time, in statements of few texts. Each is prepared on every connection that
// asks it, and stays so: the server then takes no text apart, and sends numbers and moments as they are. A transaction asks
// as it does anyway, and so does SQLite, to which nothing is sent.
func Often(q Querier) Querier {
	if d, ok := q.(*Database); ok && d.nodes != nil {
		return often{d}
	}
	return q
}

type often struct{ *Database }

// QueryContext asks.
func (o often) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := o.statement(ctx, query) //nolint:sqlclosecheck // it lives as long as the database is open
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, args...)
}

// statement is the one of a text.
func (o often) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if known, ok := o.statements.Load(query); ok {
		return known.(*sql.Stmt), nil //nolint:forcetypeassert // nothing else is kept
	}
	made, err := o.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	known, sooner := o.statements.LoadOrStore(query, made)
	if sooner { // somebody else was
		defer func() { _ = made.Close() }()
	}
	return known.(*sql.Stmt), nil //nolint:forcetypeassert // as above
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
	return rows, leftCluster(err)
}
