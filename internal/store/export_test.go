package store

// SuspectLog has db take a sync of its log for failed.
func (db *DB) SuspectLog() { db.log.suspect.Store(true) }
