// Package spool keeps usage on disk while Tollgate cannot be reached, and gives it out again in its order.
//
// What Append has returned from is on disk and outlives kill -9 and a power cut. Drain gives out every fact at least
// once; since each carries its own transactionId and never changes, Tollgate counts it exactly once.
package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// BytesMax is how much a spool keeps unless Options say otherwise.
const BytesMax = 64 << 20

// A Fact is usage that has happened and is still to be told.
type Fact struct {
	Usage meter.Usage `json:"usage"`
	Hold  string      `json:"hold,omitempty"` // the hold whose units were used; empty when none was made
}

// Options changes how a Spool works. The zero value works.
type Options struct {
	BytesMax int64        // what it keeps at most; BytesMax when 0
	Logger   *slog.Logger // facts that were refused for good; discarded when nil
}

// A Spool is a folder of facts. Its methods may be called from any goroutine; one process has it open at a time.
type Spool struct {
	dir      string
	bytesMax int64
	log      *slog.Logger
	lock     *flock.Flock
	wake     chan struct{} // holds one token when something was added
	draining sync.Mutex    // one Drain at a time

	syncing sync.Mutex // held while the file is flushed to disk, or changed; before mu

	mu       sync.Mutex
	file     *os.File // that Append writes; nil before the first fact
	name     string   // of file
	at       int64    // its length
	written  uint64   // facts written to file, and
	synced   uint64   // those of them on disk
	next     int64    // number of the next file
	sealed   []string // files that are complete, oldest first
	done     int      // facts of the oldest that have been given out
	bytes    int64    // of all files
	facts    int      // not yet given out
	pending  map[source]quantity.Units
	reserved map[source]quantity.Units
	broken   error // after which nothing can be promised
}

// A source is what usage is counted for.
type source struct {
	customer id.Customer
	meter    id.Slug
}

// Open opens a folder, making it when it is missing, with what an earlier process left in it. The caller closes the
// Spool. It fails when another process has the folder open.
func Open(dir string, opts Options) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil { // facts name customers
		return nil, fmt.Errorf("open spool: %w", err)
	}
	s := &Spool{
		dir: dir, bytesMax: opts.BytesMax, log: opts.Logger, lock: flock.New(filepath.Join(dir, "lock")), wake: make(chan struct{}, 1),
		pending: map[source]quantity.Units{}, reserved: map[source]quantity.Units{},
	}
	if s.bytesMax == 0 {
		s.bytesMax = BytesMax
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	locked, err := s.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock spool: %w", err)
	}
	if !locked {
		return nil, fmt.Errorf("another process has the spool %s open: give each its own folder", dir)
	}
	if err := s.restore(); err != nil {
		return nil, errors.Join(err, s.lock.Unlock())
	}
	return s, nil
}

// Close closes the folder. Facts that were not given out stay in it.
func (s *Spool) Close() error {
	s.draining.Lock()
	defer s.draining.Unlock()
	err := s.seal()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.broken = errors.New("the spool is closed")
	}
	return errors.Join(err, s.lock.Unlock())
}

// Append keeps a fact. When it returns nil, the fact is on disk. Faults: unavailable when the spool is full or its disk
// fails; invalid_request for a fact without a customer or a transactionId.
func (s *Spool) Append(f Fact) error {
	if err := errors.Join(f.Usage.Customer.Check("customer"), f.Usage.TransactionID.Check("transactionId")); err != nil {
		return err
	}
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("spell fact: %w", err)
	}
	ticket, file, err := s.write(f, spellLine(body))
	if err != nil {
		return fault.New(fault.Unavailable, "The usage could not be kept on disk.").Because(err)
	}
	if err := s.sync(ticket, file); err != nil {
		return fault.New(fault.Unavailable, "The usage could not be kept on disk.").Because(err)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// write adds a line to the file, which may not be on disk yet, and returns its number in it.
func (s *Spool) write(f Fact, line []byte) (uint64, *os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.broken != nil:
		return 0, nil, s.broken
	case s.bytes+int64(len(line)) > s.bytesMax:
		return 0, nil, fmt.Errorf("the spool %s holds %d bytes, of %d", s.dir, s.bytes, s.bytesMax)
	case s.file == nil:
		if err := s.begin(); err != nil {
			return 0, nil, err
		}
	}
	n, err := s.file.Write(line)
	if err != nil {
		if undo := s.file.Truncate(s.at); n > 0 && undo != nil {
			s.broken = errors.Join(err, undo) // what follows would stand behind half a line
		} else if _, undo := s.file.Seek(s.at, 0); undo != nil {
			s.broken = errors.Join(err, undo)
		}
		return 0, nil, err
	}
	s.at += int64(n)
	s.bytes += int64(n)
	s.written++
	s.facts++ // before it can be given out
	s.pending[sourceOf(f)] += amountOf(f)
	return s.written, s.file, nil
}

// sync returns when the line with a number is on disk. Those who come while one flushes share the next flush.
func (s *Spool) sync(ticket uint64, file *os.File) error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.Lock()
	broken, synced, upTo, same := s.broken, s.synced, s.written, s.file == file
	s.mu.Unlock()
	switch {
	case !same: // sealed meanwhile, which flushed it
		return broken
	case synced >= ticket:
		return nil
	case broken != nil:
		return broken
	}
	err := file.Sync()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.broken = fmt.Errorf("flush spool: %w", err) // the kernel may have dropped what it could not write
		return s.broken
	}
	s.synced = upTo
	return nil
}

// begin makes the next file. It is called with mu.
func (s *Spool) begin() error {
	name := fmt.Sprintf("%020d%s", s.next, suffix)
	file, err := os.OpenFile(filepath.Join(s.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		return errors.Join(err, file.Close())
	}
	s.file, s.name, s.at, s.written, s.synced = file, name, 0, 0, 0
	s.next++
	return nil
}

// seal completes the file that Append writes, so that it can be given out.
func (s *Spool) seal() error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	if err := s.file.Sync(); err != nil {
		s.broken = fmt.Errorf("flush spool: %w", err)
		return s.broken
	}
	err := s.file.Close()
	s.sealed = append(s.sealed, s.name)
	s.file = nil
	return err
}

// Len returns how many facts are still to be given out.
func (s *Spool) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.facts
}

// Pending returns how many units of a meter a customer's facts carry that are still to be given out.
func (s *Spool) Pending(customer id.Customer, slug id.Slug) quantity.Units {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending[source{customer, slug}]
}

// Reserve sets units aside among the max that a customer may use of a meter while nobody can be asked: it returns false
// when what is pending and reserved does not leave as many, or when the spool can keep nothing. The caller calls
// release when their use has been appended, or has not happened.
func (s *Spool) Reserve(customer id.Customer, slug id.Slug, amount, max quantity.Units) (release func(), ok bool) {
	key := source{customer, slug}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil || s.bytes >= s.bytesMax || s.pending[key]+s.reserved[key]+amount > max {
		return nil, false
	}
	s.reserved[key] += amount
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.reserved[key] -= amount; s.reserved[key] == 0 {
			delete(s.reserved, key)
		}
	}), true
}

func sourceOf(f Fact) source { return source{f.Usage.Customer, f.Usage.Meter} }

func amountOf(f Fact) quantity.Units {
	if f.Usage.Amount == nil {
		return quantity.One
	}
	return *f.Usage.Amount
}
