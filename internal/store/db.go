package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// updateTriesMax is how often Update runs a closure that lost a race before it gives up.
const updateTriesMax = 8

// A DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	dialect
	reads               runner // on readPool
	readPool, writePool *sql.DB
	pool                *pgxpool.Pool // PostgreSQL: what reads and writes draw from
	pooled              bool          // PostgreSQL: behind a pooler in transaction mode
	hot                 *hotConn      // SQLite: the writer's prepared statements
	log                 *wal          // SQLite: its write-ahead log
}

// A Tx is a transaction. It must not leave the closure it was given to.
type Tx struct {
	dialect
	sql runner
	raw *sql.Tx
}

// Open opens the database that url names and brings its schema up to date: postgres:// or postgresql://
// for PostgreSQL, anything else is the path of a SQLite file, made when it is missing. The caller closes
// the DB.
func Open(ctx context.Context, url string) (*DB, error) {
	var db *DB
	var err error
	if IsPostgres(url) {
		db, err = openPostgres(ctx, url)
	} else {
		db, err = openSQLite(ctx, url)
	}
	if err != nil {
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// IsPostgres reports whether url names a PostgreSQL database.
func IsPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// Close releases the database. Transactions still running are rolled back.
func (db *DB) Close() error {
	var errs []error
	if db.log != nil {
		db.log.close()
	}
	if db.hot != nil {
		errs = append(errs, db.hot.close())
	}
	if db.reads.stmts != nil {
		errs = append(errs, db.reads.stmts.close())
	}
	errs = append(errs, db.readPool.Close())
	if db.writePool != db.readPool {
		errs = append(errs, db.writePool.Close())
	}
	if db.pool != nil {
		db.pool.Close()
	}
	return errors.Join(errs...)
}

// Postgres reports whether the database is PostgreSQL.
func (db *DB) Postgres() bool { return db.pool != nil }

// Ping returns nil when the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.readPool.PingContext(ctx) }

// SQL returns the pool that writes go through, for callers who join their own rows to ours in one
// transaction. It stays the DB's: do not close it.
func (db *DB) SQL() *sql.DB { return db.writePool }

// Join makes a Tx of the caller's own transaction on the same database; committing stays the caller's.
func (db *DB) Join(tx *sql.Tx) *Tx {
	return &Tx{dialect: db.dialect, sql: runner{on: tx, schema: db.schema}, raw: tx}
}

// View runs read in a read-only transaction that sees one moment of the database.
func (db *DB) View(ctx context.Context, read func(*Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if db.Postgres() {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.readPool.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // nothing to undo; it ends the transaction
	return read(db.Join(tx))
}

// Update runs write in a transaction and commits it; an error rolls back. A transaction that lost a race
// is run again, so write may run more than once and must have no effect outside tx until it returns.
func (db *DB) Update(ctx context.Context, write func(*Tx) error) error {
	return db.again(ctx, func() error { return db.updateOnce(ctx, write) })
}

// updateIn is Update of so many statements. On PostgreSQL one is a transaction without BEGIN and COMMIT, which would be a round trip each.
func (db *DB) updateIn(ctx context.Context, statements int, write func(*Tx) error) error {
	if statements != 1 || !db.Postgres() {
		return db.Update(ctx, write)
	}
	return db.again(ctx, func() error {
		return write(&Tx{dialect: db.dialect, sql: runner{on: db.writePool, schema: db.schema}})
	})
}

// again runs a transaction until it does not lose a race, or too often.
func (db *DB) again(ctx context.Context, transact func() error) error {
	for try := 1; ; try++ {
		err := transact()
		if err == nil || try == updateTriesMax || !db.isRetry(err) {
			return err
		}
		wait := time.Duration(rand.Int64N(int64(time.Millisecond) << try))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (db *DB) updateOnce(ctx context.Context, write func(*Tx) error) error {
	if err := db.log.trust(ctx); err != nil {
		return err
	}
	tx, err := db.writePool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := write(db.Join(tx)); err != nil {
		return errors.Join(err, rollback(tx))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// micros spells a time for the database: microseconds since 1970 UTC, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment reads what micros spelled.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
