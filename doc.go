// Package tollgate meters usage, enforces limits and credits exactly, and explains every number.
//
// An Engine is opened on a database: a SQLite file, or PostgreSQL shared by several processes. Its methods
// are the verbs, one file each: customers, Consume, Record, Batch, Check, Hold, Capture, Release, Grant,
// Revoke, Void, Balances, Entries, Explain, Publish, Audit. All of them may be called from any goroutine.
//
// Check and consume are one atomic, durable act: no number of callers or processes can spend a unit twice,
// and what a method has returned is on disk. A transactionId counts once, for ever; a retry gets the first
// answer, marked as a duplicate.
//
// Errors that a caller can act on carry a *fault.Error; all others are internal.
package tollgate
