package database

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"

	"entgo.io/ent/dialect"
)

// keysSize is from which on a statement takes no further key: some 3,000 are in one. MySQL goes through a whole table where
// looking up the keys of one condition would need more than 8 MB.
const keysSize = 64 << 10

// Keys begins unique keys of rows of a table, to find these by. They are rows of the key's columns.
func (tx *Tx) Keys(table string, columns ...string) *Rows {
	keys := tx.Rows(table, columns...)
	keys.full = keysSize
	return keys
}

// Find finds rows by their unique keys: it calls scan with the id and the key of each that is there.
//
// MariaDB goes through a whole index for a condition on several columns, and takes a third of the time to join the keys, in
// their order, that it takes for a condition on one column after the other. To join keys is what MySQL and TiDB have another
// grammar for, and they look them up as they are.
func (tx *Tx) Find(ctx context.Context, keys *Rows, scan func(row *sql.Rows) error) error {
	if err := keys.check(); err != nil {
		return fmt.Errorf("find rows of %s: %w", keys.table, err)
	}
	columns := strings.Join(keys.columns, ", ")
	before, behind := "SELECT id, "+columns+" FROM "+keys.table+" WHERE ("+columns+")"+amongRows, ")"
	if tx.extended {
		join := " STRAIGHT_JOIN "
		if tx.dialect == dialect.SQLite {
			join = " CROSS JOIN "
		}
		equal := make([]string, len(keys.columns))
		for i, column := range keys.columns {
			equal[i] = "found." + column + " = given." + column
		}
		before = "WITH given (" + columns + ") AS (" + valuesOfRows
		behind = ") SELECT found.id, given.* FROM given" + join + keys.table + " found ON " + strings.Join(equal, " AND ")
	}
	return tx.eachOf(ctx, keys.between(before, behind), scan)
}

// InsertOrAddAndFind is InsertOrAdd of rows, and then Find by their keys, which engines that can do in one statement.
func (tx *Tx) InsertOrAddAndFind(ctx context.Context, rows, keys *Rows, sums []string, scan func(row *sql.Rows) error) error {
	if !tx.extended {
		if err := tx.InsertOrAdd(ctx, rows, keys.columns, sums); err != nil {
			return err
		}
		return tx.Find(ctx, keys, scan)
	}
	if err := rows.check(); err != nil {
		return fmt.Errorf("insert into %s: %w", rows.table, err)
	}
	returning := " RETURNING id, " + strings.Join(keys.columns, ", ")
	if err := tx.eachOf(ctx, rows.statements(tx.adding(rows.table, keys.columns, sums, nil)+returning), scan); err != nil {
		return fmt.Errorf("insert into %s: %w", rows.table, err)
	}
	return nil
}

func (tx *Tx) eachOf(ctx context.Context, statements iter.Seq[string], scan func(row *sql.Rows) error) error {
	for statement := range statements {
		if err := Each(ctx, tx, statement, nil, scan); err != nil {
			return err
		}
	}
	return nil
}
