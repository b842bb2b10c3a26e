package database

import (
	"context"
	"database/sql/driver"
	"io/fs"
	"time"
)

// What tests need to know of the package's inside.
const (
	ValuesAStatement = valuesAStatement
	StatementSize    = statementSize
	KeysSize         = keysSize
)

// PersistFor has transactions that give way be run again for so long.
func (d *Database) PersistFor(time time.Duration) { d.persistence = time }

// Family is the folder of the engine's migrations.
func (d *Database) Family() string { return d.family() }

// MigrateBy applies other migrations than the released ones.
func (d *Database) MigrateBy(ctx context.Context, all fs.FS) ([]string, error) {
	return d.migrate(ctx, all)
}

// CheckBy holds the tables against other migrations than the released ones.
func (d *Database) CheckBy(ctx context.Context, all fs.FS) error {
	known, err := readMigrations(all, d.family())
	if err != nil {
		return err
	}
	found, err := compare(ctx, d.pool, d.dialect, known)
	if err != nil {
		return err
	}
	return check(found)
}

// Prepared is how many texts stay prepared.
func (d *Database) Prepared() int { return len(d.statements.known) }

// Swept uses rows of a driver as Sweep does.
func Swept(rows driver.Rows, use func(*Values)) (driver.Rows, error) {
	return (&sweep{use: use}).all(rows)
}
