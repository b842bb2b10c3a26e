package database

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"entgo.io/ent/dialect"
)

// valuesAStatement keeps a statement under the limits of the engines: 32,766 variables (SQLite).
const valuesAStatement = 30_000

// Insert inserts the rows, as many a statement as fit.
func (tx *Tx) Insert(ctx context.Context, rows *Rows) error { return tx.insert(ctx, rows, "") }

// InsertOrAdd inserts the rows; where one with the same unique key is there, the sums are added to its
// own. The engine does the addition, so that two transactions at once lose nothing.
func (tx *Tx) InsertOrAdd(ctx context.Context, rows *Rows, key, sums []string) error {
	return tx.insert(ctx, rows, tx.adding(rows.table, key, sums, nil))
}

// ErrOther says that a row is another one than it was.
var ErrOther = errors.New("a row is another one by now")

// AddTo adds sums to rows of known ids, which the engine finds by these in a fifth of the time. What else the rows say,
// in the columns of same, must be what is stored; one that is another by now makes it ErrOther, and nothing of the
// transaction may stay. One that is gone is made again, with its id.
func (tx *Tx) AddTo(ctx context.Context, rows *Rows, same, sums []string) error {
	err := tx.insert(ctx, rows, tx.adding(rows.table, []string{"id"}, sums, append([]string{"id"}, same...)))
	if isMissing(err) || IsDuplicate(err) {
		return fmt.Errorf("%w: %w", ErrOther, err)
	}
	return err
}

// adding adds the sums of a row to those of the one that is there. Where that is not the same in some columns the first
// sum becomes NULL, which it must not be.
func (tx *Tx) adding(table string, key, sums, same []string) string {
	clause, given := " ON DUPLICATE KEY UPDATE ", "VALUES(%s)"
	if tx.dialect == dialect.SQLite {
		clause, given = " ON CONFLICT ("+strings.Join(key, ", ")+") DO UPDATE SET ", "excluded.%s"
	}
	var conditions []string
	for _, column := range same {
		conditions = append(conditions, fmt.Sprintf("%s.%s = "+given, table, column, column))
	}
	set := make([]string, len(sums))
	for i, column := range sums {
		sum := fmt.Sprintf("%s.%s + "+given, table, column, column)
		if i == 0 && len(conditions) > 0 {
			sum = "CASE WHEN " + strings.Join(conditions, " AND ") + " THEN " + sum + " END"
		}
		set[i] = column + " = " + sum
	}
	return clause + strings.Join(set, ", ")
}

func (tx *Tx) insert(ctx context.Context, rows *Rows, onConflict string) error {
	if err := rows.check(); err != nil {
		return fmt.Errorf("insert into %s: %w", rows.table, err)
	}
	for statement := range rows.statements(onConflict) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("insert into %s: %w", rows.table, err)
		}
	}
	return nil
}

// Joined is rows of a table that are updated or deleted by what they are joined to.
type Joined struct {
	Table string
	Set   string // of an update; it names columns that no other table has
	With  string // the other tables, joined to each other; each row finds one row there, or none
	On    string
	Where string // "": all that are joined

	// RowsFirst goes from the rows, which Where picks, to what they are joined to.
	RowsFirst bool
}

// UpdateJoined updates rows by what they are joined to, which engines write differently, and tells how many. Mostly it goes
// from what they are joined to, which is little, to the rows: an optimizer that begins with the rows goes through all there are.
func (tx *Tx) UpdateJoined(ctx context.Context, u Joined, args ...any) (int, error) {
	where := cmp.Or(u.Where, "1 = 1")
	first, second := u.With, u.Table
	if u.RowsFirst {
		first, second = second, first
	}
	statement := "UPDATE " + first + " STRAIGHT_JOIN " + second + " ON " + u.On + " SET " + u.Set + " WHERE " + where
	if tx.dialect == dialect.SQLite {
		statement = "UPDATE " + u.Table + " SET " + u.Set + " FROM " + u.With + " WHERE " + u.On + " AND " + where
	}
	count, err := tx.Affect(ctx, statement, args...)
	if err != nil {
		return 0, fmt.Errorf("update %s: %w", u.Table, err)
	}
	return count, nil
}

// DeleteJoined deletes rows by what they are joined to, and tells how many. It goes from that to the rows, and needs a Where.
func (tx *Tx) DeleteJoined(ctx context.Context, of Joined, args ...any) (int, error) {
	statement := "DELETE " + of.Table + " FROM " + of.With + " STRAIGHT_JOIN " + of.Table + " ON " + of.On + " WHERE " + of.Where
	if tx.dialect == dialect.SQLite {
		statement = "DELETE FROM " + of.Table + " WHERE id IN (SELECT " + of.Table + ".id FROM " + of.With + " JOIN " + of.Table + " ON " + of.On + " WHERE " + of.Where + ")"
	}
	count, err := tx.Affect(ctx, statement, args...)
	if err != nil {
		return 0, fmt.Errorf("delete from %s: %w", of.Table, err)
	}
	return count, nil
}

// Affect executes a statement, and tells of how many rows.
func (tx *Tx) Affect(ctx context.Context, statement string, args ...any) (int, error) {
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	rows, err := result.RowsAffected()
	return int(rows), err
}

// MonthOf is, in a statement, the commission.CalendarMonth of a column that holds a commission.Date, which engines write differently.
func (tx *Tx) MonthOf(column string) string { return monthOf(tx.dialect, column) }

// MonthOf is the same as that of a Tx.
func (d *Database) MonthOf(column string) string { return monthOf(d.dialect, column) }

func monthOf(name, column string) string {
	if name == dialect.SQLite {
		at := column + " * 86400, 'unixepoch')"
		return "(12 * strftime('%Y', " + at + " + strftime('%m', " + at + " - 1)"
	}
	date := "(FROM_DAYS(" + column + " + 719528))" // days since the year 0
	return "(12 * YEAR" + date + " + MONTH" + date + " - 1)"
}

// Placeholders is "?, ?, ?" for n values.
func Placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// Querier runs statements: a Database or a Tx.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Each runs a query and calls scan for every row of the answer.
func Each(ctx context.Context, q Querier, query string, args []any, scan func(row *sql.Rows) error) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer func() {
		if closing := rows.Close(); err == nil {
			err = closing
		}
	}()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("scan: %w", err)
		}
	}
	return rows.Err()
}

// EachIn is Each for a query with one IN (%s), its list cut into as many statements as it needs.
func EachIn[K any](ctx context.Context, q Querier, query string, args []any, list []K, scan func(row *sql.Rows) error) error {
	for len(list) > 0 {
		count := min(len(list), valuesAStatement-len(args))
		all := append([]any{}, args...)
		for _, key := range list[:count] {
			all = append(all, key)
		}
		if err := Each(ctx, q, fmt.Sprintf(query, Placeholders(count)), all, scan); err != nil {
			return err
		}
		list = list[count:]
	}
	return nil
}
