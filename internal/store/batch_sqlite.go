package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// A hotConn is the SQLite write connection's prepared statements, used below database/sql: its per-call
// bookkeeping costs this path a fifth of its speed. The connection itself stays database/sql's, so the two
// never write at the same time.
type hotConn struct {
	db    *sql.DB
	owner driver.Conn // the connection the statements belong to
	stmts map[string]driver.Stmt
	named []driver.NamedValue // of one statement, to be used again
}

func (db *DB) commitSQLite(ctx context.Context, b *Batch, ahead bool) error {
	told, err := db.EventsOf(ctx, b.Ask)
	if err != nil {
		return err
	}
	b.Told = told
	if err := db.log.trust(ctx); err != nil {
		return fmt.Errorf("commit batch: %w", err)
	}
	conn, err := db.writePool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("commit batch: %w", err)
	}
	err = conn.Raw(func(c any) (err error) {
		raw := c.(driver.Conn)
		if ahead {
			if err := pragma(raw, "synchronous=NORMAL"); err != nil {
				return err
			}
			defer func() {
				if full := pragma(raw, "synchronous=FULL"); full != nil {
					err = errors.Join(err, full, driver.ErrBadConn) // to leave it in the pool would break the promise of others
				}
			}()
		}
		if _, err := db.hot.exec(raw, "BEGIN IMMEDIATE"); err != nil {
			return err
		}
		err = b.writeChained(func(text string, args ...any) (sql.Result, error) { return db.hot.exec(raw, text, args...) })
		if err == nil {
			if _, err = db.hot.exec(raw, "COMMIT"); err == nil {
				return nil
			}
		}
		// SQLite itself rolls back on a full disk or an I/O error; then this one fails, and is right to.
		db.hot.exec(raw, "ROLLBACK")
		return err
	})
	if closeErr := conn.Close(); err == nil {
		err = closeErr
	}
	db.log.note()
	if errors.Is(err, ErrMoved) {
		return ErrMoved
	}
	return db.seen("commit batch", err)
}

// exec runs one statement, prepared once per connection. It is not cancelled: a statement here takes microseconds, and an
// interrupt would cost a goroutine for each.
func (h *hotConn) exec(c driver.Conn, text string, args ...any) (driver.Result, error) {
	if h.owner != c {
		h.owner, h.stmts = c, map[string]driver.Stmt{}
	}
	stmt := h.stmts[text]
	if stmt == nil {
		var err error
		if stmt, err = c.Prepare(text); err != nil {
			return nil, err
		}
		h.stmts[text] = stmt
	}
	h.named = h.named[:0]
	for i, v := range args {
		h.named = append(h.named, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return stmt.(driver.StmtExecContext).ExecContext(context.Background(), h.named)
}

// pragma sets a pragma. Such a one takes effect when it is prepared, so no statement of it can be kept.
func pragma(c driver.Conn, setting string) error {
	stmt, err := c.Prepare("PRAGMA " + setting)
	if err != nil {
		return err
	}
	_, err = stmt.(driver.StmtExecContext).ExecContext(context.Background(), nil)
	return errors.Join(err, stmt.Close())
}

// close ends the statements before database/sql closes their connection. When database/sql has dropped that connection, as it
// does when a caller gives a statement up, they are gone with it: to end them then would crash.
func (h *hotConn) close() error {
	if h.owner == nil {
		return nil
	}
	conn, err := h.db.Conn(context.Background())
	if err != nil {
		return fmt.Errorf("close statements: %w", err)
	}
	err = conn.Raw(func(c any) error {
		if c != h.owner {
			return nil
		}
		var errs []error
		for _, s := range h.stmts {
			errs = append(errs, s.Close())
		}
		return errors.Join(errs...)
	})
	h.owner, h.stmts = nil, nil
	return errors.Join(err, conn.Close())
}
