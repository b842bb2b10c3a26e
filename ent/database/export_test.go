package database

import (
	"context"
	"errors"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// What tests need to know of the package's inside.
const (
	Attempts         = attempts
	ValuesAStatement = valuesAStatement
)

// Family is the folder of the engine's migrations.
func (d *Database) Family() string { return d.family() }

// MigrateBy applies other migrations than the released ones; none are fine.
func (d *Database) MigrateBy(ctx context.Context, all fs.FS) error {
	_, err := d.migrate(ctx, all)
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil
	}
	return err
}
