package sandbox

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A file keeps the state in SQLite: every object is a row of its JSON.
type file struct {
	db     *sql.DB
	server *Server
}

const fileSchema = `
CREATE TABLE IF NOT EXISTS object (
	kind TEXT NOT NULL,
	id   TEXT NOT NULL,
	ord  INTEGER NOT NULL,
	body TEXT NOT NULL,
	PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (
	id       INTEGER PRIMARY KEY CHECK (id = 1),
	ids      INTEGER NOT NULL,
	rows     INTEGER NOT NULL,
	requests INTEGER NOT NULL,
	frozen   INTEGER NOT NULL,
	ahead    INTEGER NOT NULL
) STRICT;`

// ErrInUse is what New returns for a file that another sandbox has open: two would write over each other.
var ErrInUse = errors.New("another sandbox has it open")

// fileWait is how long a file that is in use is waited for: the one before may be closing it.
const fileWait = time.Second

// openFile opens or makes the file and reads its objects into the server's state. The file is locked until it is closed, or
// the process ends.
func openFile(path string, s *Server) (*file, error) {
	query := url.Values{"_pragma": {fmt.Sprintf("busy_timeout(%d)", fileWait.Milliseconds()), "locking_mode(EXCLUSIVE)", "journal_mode(WAL)", "synchronous(FULL)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	f := &file{db: db, server: s}
	if _, err := db.Exec(fileSchema); err != nil {
		_ = db.Close()
		if busy := (*sqlite.Error)(nil); errors.As(err, &busy) && busy.Code()&0xff == sqlite3.SQLITE_BUSY { // the low byte is the primary code
			return nil, ErrInUse
		}
		return nil, err
	}
	if err := f.load(); err != nil {
		_ = db.Close()
		return nil, err
	}
	return f, nil
}

func (f *file) load() error {
	s := f.server
	var frozen, ahead int64
	err := f.db.QueryRow("SELECT ids, rows, requests, frozen, ahead FROM counter").Scan(&s.state.ids, &s.state.rows, &s.state.requests, &frozen, &ahead)
	if err == sql.ErrNoRows {
		return nil
	}
	if err != nil {
		return err
	}
	s.clock.ahead = time.Duration(ahead)
	if s.clock.frozen {
		s.clock.at = frozen
	}
	rows, err := f.db.Query("SELECT kind, ord, body FROM object ORDER BY ord")
	if err != nil {
		return err
	}
	defer rows.Close()
	count := s.state.rows
	var made []*row
	for rows.Next() {
		var kind, body string
		var ord int64
		if err := rows.Scan(&kind, &ord, &body); err != nil {
			return err
		}
		fresh := kinds[kind]
		if fresh == nil {
			return fmt.Errorf("an object of the unknown kind %s: a newer sandbox wrote this file", kind)
		}
		o := fresh()
		if err := json.Unmarshal([]byte(body), o); err != nil {
			return fmt.Errorf("read a %s: %w", kind, err)
		}
		s.state.rows = ord - 1
		made = append(made, s.state.insert(o))
	}
	s.state.rows = count
	if err := rows.Err(); err != nil {
		return err
	}
	tx := s.begin()
	for _, r := range made {
		tx.reschedule(r)
	}
	return nil
}

// write keeps what a transaction did. The caller holds the server's lock.
func (f *file) write(t *tx) error {
	if len(t.touched)+len(t.removed) == 0 {
		return nil
	}
	db, err := f.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = db.Rollback() }()
	for _, r := range t.removed {
		if _, err := db.Exec("DELETE FROM object WHERE kind = ? AND id = ?", r.kind(), r.ident()); err != nil {
			return err
		}
	}
	for _, r := range t.touched {
		if t.table(r.kind()).rows[r.ident()] != r {
			continue
		}
		if _, err := db.Exec(upsert, r.kind(), r.ident(), r.order, string(encode(r.object))); err != nil {
			return err
		}
	}
	if err := f.writeCounter(db, t.state); err != nil {
		return err
	}
	return db.Commit()
}

// execer runs SQL, in a transaction or by itself.
type execer interface {
	Exec(query string, args ...any) (sql.Result, error)
}

func (f *file) writeCounter(db execer, s *state) error {
	clock := &f.server.clock
	_, err := db.Exec(`INSERT INTO counter (id, ids, rows, requests, frozen, ahead) VALUES (1, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET ids = excluded.ids, rows = excluded.rows, requests = excluded.requests, frozen = excluded.frozen, ahead = excluded.ahead`,
		s.ids, s.rows, s.requests, clock.now(), int64(clock.lead()))
	return err
}

// saveClock keeps where the clock stands.
func (f *file) saveClock(s *state) error { return f.writeCounter(f.db, s) }

const upsert = "INSERT INTO object (kind, id, ord, body) VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET ord = excluded.ord, body = excluded.body"

// save keeps one row as it is.
func (f *file) save(r *row) error {
	_, err := f.db.Exec(upsert, r.kind(), r.ident(), r.order, string(encode(r.object)))
	return err
}

// forget removes the rows of a kind up to an order.
func (f *file) forget(kind string, order int64) error {
	_, err := f.db.Exec("DELETE FROM object WHERE kind = ? AND ord <= ?", kind, order)
	return err
}

// clear removes every object. The clock, and how many ids were made, stay.
func (f *file) clear(s *state) error {
	if _, err := f.db.Exec("DELETE FROM object"); err != nil {
		return err
	}
	return f.writeCounter(f.db, s)
}

func (f *file) close() error { return f.db.Close() }

// lead is how far the clock is ahead of the wall clock.
func (c *clock) lead() time.Duration {
	if c.running {
		return time.Until(time.Unix(c.at, 0))
	}
	return c.ahead
}
