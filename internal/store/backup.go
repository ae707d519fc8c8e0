package store

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/tollgate/tollgate/fault"
)

// Backup writes a consistent copy of a SQLite database to path, which must not exist yet. It reads as of one
// moment and holds no writer up.
func (db *DB) Backup(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err == nil {
		return fault.New(fault.Conflict, "%s is there already: name a new file.", path).With("file", path)
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := db.vacuumInto(ctx, path); err != nil {
		return errors.Join(fmt.Errorf("copy to %s: %w", path, err), os.RemoveAll(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// vacuumInto runs VACUUM INTO (https://sqlite.org/lang_vacuum.html#vacuuminto) on a connection of its own: those of
// the pool that reads may write nowhere, not even to another file, and the one that writes has other things to do.
func (db *DB) vacuumInto(ctx context.Context, path string) (err error) {
	conn, err := db.readPool.Conn(ctx)
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA query_only(0)"); err != nil {
		return errors.Join(err, conn.Close())
	}
	_, err = conn.ExecContext(ctx, "VACUUM INTO $1", path)
	_, back := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA query_only(1)")
	return errors.Join(err, back, conn.Close())
}
