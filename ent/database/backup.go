package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNotEmbedded says that a server's database is backed up by the server's own tools.
var ErrNotEmbedded = errors.New("only SQLite is backed up so: of MariaDB and MySQL mariadb-dump --single-transaction makes a copy, see docs/operations.md")

// Backup writes to a new file what an embedded database holds at one moment, while everybody goes on working. The file
// is there as a whole or not at all.
func (d *Database) Backup(ctx context.Context, path string) (err error) {
	if !d.Embedded() {
		return ErrNotEmbedded
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is there already, or cannot be looked at: name a new file", path)
	}
	partial, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial") // only its owner may read it
	if err != nil {
		return err
	}
	defer func() {
		if closing := partial.Close(); err == nil {
			err = closing
		}
		if err != nil {
			_ = os.Remove(partial.Name())
		}
	}()
	if _, err := d.pool.ExecContext(ctx, "VACUUM INTO ?", partial.Name()); err != nil { // into an empty file
		return fmt.Errorf("back up: %w", err)
	}
	if err := partial.Sync(); err != nil {
		return err
	}
	if err := os.Link(partial.Name(), path); err != nil { // which replaces nothing
		return err
	}
	return os.Remove(partial.Name())
}
