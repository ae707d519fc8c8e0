// Package store keeps Tollgate's rows in SQLite or PostgreSQL.
//
// The SQL is written once, in PostgreSQL's spelling and in the subset that SQLite also runs; a dialect
// value holds the handful of differences. Two things have a form of their own on each engine: opening,
// and Commit, the path every usage event takes (batch_postgres.go, batch_sqlite.go). The rules live in
// package credit: the store loads, locks and saves.
package store
