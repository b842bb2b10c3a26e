package database

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

// EachValues is Each for rows whose values are taken as the driver read them, where Scan looks at every one for what it is
// to become. Rows of a statement that a server has prepared are used where its driver reads them: to hand each of them on through
// database/sql takes as long as that.
func EachValues(ctx context.Context, q Querier, query string, args []any, use func(row *Values)) error {
	return eachOf(ctx, use, func(ctx context.Context) (*sql.Rows, error) { return q.QueryContext(ctx, query, args...) })
}

// Sweep is EachValues for thousands of rows. It prepares the statement, which is one way to a server and back longer, because
// the server then sends numbers and moments as they are: to write them out and to read them again takes both sides longest.
func Sweep(ctx context.Context, q Querier, query string, args []any, use func(row *Values)) (err error) {
	p, prepares := q.(preparer)
	if !prepares {
		return EachValues(ctx, q, query, args, use)
	}
	statement, err := p.PrepareContext(ctx, query)
	if mayNotPrepare(err) {
		return EachValues(ctx, q, query, args, use)
	} else if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer func() { err = cmp.Or(err, statement.Close()) }()
	err = eachOf(ctx, use, func(ctx context.Context) (*sql.Rows, error) { return statement.QueryContext(ctx, args...) })
	if mayNotPrepare(err) { // on another connection than before
		return EachValues(ctx, q, query, args, use)
	}
	return err
}

// eachOf uses the rows that are asked for.
func eachOf(ctx context.Context, use func(row *Values), ask func(ctx context.Context) (*sql.Rows, error)) error {
	swept := &sweep{use: use}
	rows, err := ask(context.WithValue(ctx, sweepKey{}, swept))
	if swept.panicked != "" {
		panic(swept.panicked)
	}
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return eachValues(rows, use) // of a prepared statement none is left
}

// sweep uses the rows of a statement, which the statement finds in its context.
type sweep struct {
	use      func(row *Values)
	panicked string // with its stack: database/sql would keep the connection of a driver that panics
}

type sweepKey struct{}

// all uses all of the driver's rows, and leaves none.
func (s *sweep) all(rows driver.Rows) (_ driver.Rows, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			s.panicked, err = fmt.Sprintf("%v\n%s", panicked, debug.Stack()), errors.New("panic")
		}
		err = cmp.Or(err, rows.Close())
	}()
	row := newValues(rows.Columns())
	for {
		switch err := rows.Next(row.values); {
		case errors.Is(err, io.EOF):
			return used{}, nil
		case errors.Is(err, driver.ErrBadConn): // database/sql would ask again, and have rows used twice
			return nil, fmt.Errorf("read: %w", mysql.ErrInvalidConn)
		case err != nil:
			return nil, fmt.Errorf("read: %w", err)
		}
		if s.use(row); row.wrong != nil {
			return nil, fmt.Errorf("scan: %w", row.wrong)
		}
	}
}

// used are rows of which none is left.
type used struct{}

// Columns names none.
func (used) Columns() []string { return nil }

// Next finds none.
func (used) Next([]driver.Value) error { return io.EOF }

// Close has nothing to close.
func (used) Close() error { return nil }

// preparer prepares statements: a Database, or its Snapshot.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// PrepareContext prepares a statement.
func (d *Database) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return d.pool.PrepareContext(ctx, query)
}

func eachValues(rows *sql.Rows, use func(row *Values)) (err error) {
	defer func() { err = cmp.Or(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	row := newValues(columns)
	scanned, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range into {
		into[i] = &scanned[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("scan: %w", err)
		}
		for i, value := range scanned {
			row.values[i] = value
		}
		if use(row); row.wrong != nil {
			return fmt.Errorf("scan: %w", row.wrong)
		}
	}
	return rows.Err()
}

// Values are the values of one row, until the next one. One that is not what it is asked as is an error, and the last.
type Values struct {
	columns []string
	values  []driver.Value
	wrong   error
}

func newValues(columns []string) *Values {
	return &Values{columns: columns, values: make([]driver.Value, len(columns))}
}

// IsNull tells whether there is no value.
func (v *Values) IsNull(column int) bool { return v.values[column] == nil }

// Int is a whole number; 0 for NULL.
func (v *Values) Int(column int) int {
	switch value := v.values[column].(type) {
	case nil:
		return 0
	case int64:
		return int(value)
	case []byte: // a sum, which is a decimal
		number, err := strconv.Atoi(string(value))
		if err != nil {
			v.isNo("whole number", column)
		}
		return number
	default:
		v.isNo("whole number", column)
		return 0
	}
}

// Text is a text; "" for NULL.
func (v *Values) Text(column int) string {
	switch value := v.values[column].(type) {
	case nil:
		return ""
	case string:
		return value
	case []byte:
		return string(value)
	default:
		v.isNo("text", column)
		return ""
	}
}

// Moment is a moment in UTC; false for NULL.
func (v *Values) Moment(column int) (at time.Time, some bool) {
	switch value := v.values[column].(type) {
	case nil:
		return time.Time{}, false
	case time.Time:
		return value, true
	default:
		v.isNo("moment", column)
		return time.Time{}, false
	}
}

func (v *Values) isNo(kind string, column int) {
	if v.wrong == nil {
		v.wrong = fmt.Errorf("the column %s is no %s but a %T", v.columns[column], kind, v.values[column])
	}
}
