package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// logMax is the length of SQLite's log, in pages, from which on the writer itself carries into the database file what is
	// left to carry, so that the log can begin anew.
	logMax = 40_000
	// A checkpoint beside the writer begins when this many pages wait to be carried over, and fewer when the log is nearly
	// full, so that little is left to the writer. It pays to wait: most pages change again before they are carried.
	checkpointAt     = 10_000
	checkpointAtFull = 1_000
	// checkpointPause is the least time from one look at the log to the next.
	checkpointPause = 20 * time.Millisecond
)

// errLogInUse says that a checkpoint was kept from its end by who reads or writes.
var errLogInUse = errors.New("the log is in use")

// A wal is SQLite's write-ahead log (https://sqlite.org/wal.html).
type wal struct {
	db    *DB
	path  string
	grown chan struct{} // holds one token when the log may have grown
	stop  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex  // held by who makes the log durable
	suspect atomic.Bool // a sync failed: what the log holds may be lost though it can be read
}

// newWAL returns the log of db, whose file is path, and begins to carry it into that file.
func newWAL(db *DB, path string) *wal {
	ctx, stop := context.WithCancel(context.Background())
	l := &wal{db: db, path: path + "-wal", grown: make(chan struct{}, 1), stop: stop, ended: make(chan struct{})}
	go l.loop(ctx)
	return l
}

func (l *wal) close() {
	l.stop()
	<-l.ended
}

// note says that the log may have grown.
func (l *wal) note() {
	select {
	case l.grown <- struct{}{}:
	default:
	}
}

// loop makes checkpoints while the writer goes on. What fails here, such as on a full disk, is left to the writer's own
// checkpoint, or to the next one here.
func (l *wal) loop(ctx context.Context) {
	defer close(l.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.grown:
		}
		pages, carried, err := l.checkpoint(ctx, "NOOP")
		wait := pages - carried
		if err == nil && (wait >= checkpointAt || wait >= checkpointAtFull && pages >= logMax-checkpointAt) {
			_, _, _ = l.checkpoint(ctx, "PASSIVE")
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(checkpointPause):
		}
	}
}

// checkpoint makes a checkpoint (https://sqlite.org/pragma.html#pragma_wal_checkpoint) and returns how many pages are in
// the log, and how many of them have been carried over.
func (l *wal) checkpoint(ctx context.Context, mode string) (pages, carried int, err error) {
	var busy int
	err = l.db.readPool.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &carried)
	if err == nil && busy != 0 {
		err = errLogInUse
	}
	if err != nil {
		err = fmt.Errorf("checkpoint: %w", err)
	}
	return pages, carried, err
}

// Flush returns once all that CommitAhead has committed is on disk. After an error it may or may not be. On PostgreSQL
// there is nothing to do.
func (db *DB) Flush(ctx context.Context) error {
	if db.log == nil {
		return nil
	}
	return db.log.flush(ctx)
}

func (l *wal) flush(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.restore(ctx); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path, os.O_RDWR, 0) // anew each time: SQLite makes another file once all have closed the last one
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	if err = f.Sync(); err != nil {
		l.suspect.Store(true)
	}
	return errors.Join(err, f.Close())
}

// trust returns once what is in the log can be relied on; it must, before a commit that ends with a sync of its own is
// taken to be on disk.
func (l *wal) trust(ctx context.Context) error {
	if l == nil || !l.suspect.Load() {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.restore(ctx)
}

// restore carries all of the log into the database file after a sync of the log has failed: an operating system that could
// not write a page may take it for written, so that a sync that succeeds later proves nothing.
func (l *wal) restore(ctx context.Context) error {
	if !l.suspect.Load() {
		return nil
	}
	if _, _, err := l.checkpoint(ctx, "TRUNCATE"); err != nil {
		return err
	}
	l.suspect.Store(false)
	return nil
}
