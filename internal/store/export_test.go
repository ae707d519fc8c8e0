package store

import "context"

// SuspectLog has db take a sync of its log for failed.
func (db *DB) SuspectLog() { db.log.suspect.Store(true) }

// Hurry has the next reader of db that nobody uses wait for no lock.
func (db *DB) Hurry(ctx context.Context) error {
	_, err := db.readPool.ExecContext(ctx, "PRAGMA busy_timeout(0)")
	return err
}
