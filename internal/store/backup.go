package store

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Backup writes a consistent copy of a SQLite database to path, which must not exist yet. It reads as of one
// moment and holds no writer up.
func (db *DB) Backup(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s is there already: name a new file", path)
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := db.reads.ExecContext(ctx, "VACUUM INTO $1", path); err != nil { // https://sqlite.org/lang_vacuum.html#vacuuminto
		return errors.Join(fmt.Errorf("copy to %s: %w", path, err), os.RemoveAll(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
