package spool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/tollgate/tollgate/fault"
)

const (
	// WaitMin and WaitMax are how long Run waits after it could not give out a fact, growing with every try.
	WaitMin = 250 * time.Millisecond
	WaitMax = 15 * time.Second
)

// Send tells Tollgate a fact. It may be given one that it has sent before.
type Send func(context.Context, Fact) error

// Run gives out what the spool holds, and what is added to it, until ctx ends; it returns then. It waits between tries
// that fail.
func (s *Spool) Run(ctx context.Context, send Send) {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = WaitMin, WaitMax
	for {
		err := s.Drain(ctx, send)
		var again <-chan time.Time
		if err == nil {
			waits.Reset()
		} else {
			if ctx.Err() == nil {
				s.log.Warn("spooled usage waits for Tollgate", "facts", s.Len(), "error", err)
			}
			again = time.After(waits.NextBackOff())
		}
		wake := s.wake
		if err != nil {
			wake = nil // what is added now would fail likewise
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-again:
		}
	}
}

// Drain gives out every fact, oldest first, and returns nil when none is left. It stops at the first one that send
// cannot tell now. One that Tollgate refuses for good (see Final) is written to refused.jsonl in the folder, with the
// reason, for people to look at.
func (s *Spool) Drain(ctx context.Context, send Send) error {
	s.draining.Lock()
	defer s.draining.Unlock()
	for {
		if err := s.seal(); err != nil {
			return err
		}
		s.mu.Lock()
		sealed, broken := s.sealed, s.broken
		s.mu.Unlock()
		if broken != nil {
			return broken
		}
		if len(sealed) == 0 {
			return nil
		}
		if err := s.drainFile(ctx, sealed[0], send); err != nil {
			return err
		}
	}
}

// drainFile gives out what is left of the oldest file, and removes it.
func (s *Spool) drainFile(ctx context.Context, name string, send Send) error {
	n := 0
	err := s.readFile(name, func(f Fact) error {
		if n++; n <= s.done { // only Drain touches done
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		err := send(ctx, f)
		if err != nil && Final(err) {
			err = s.refuse(f, err)
		}
		if err != nil {
			return err
		}
		s.done++
		s.mu.Lock()
		defer s.mu.Unlock()
		s.facts--
		if key := sourceOf(f); s.pending[key] <= amountOf(f) {
			delete(s.pending, key)
		} else {
			s.pending[key] -= amountOf(f)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.remove(name)
}

// remove takes the oldest file away. If its removal is lost in a crash, its facts are given out again.
func (s *Spool) remove(name string) error {
	path := filepath.Join(s.dir, name)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Remove(path), syncDir(s.dir)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealed, s.done, s.bytes = s.sealed[1:], 0, s.bytes-info.Size()
	return nil
}

// refuse keeps a fact that Tollgate refuses for good where people find it.
func (s *Spool) refuse(f Fact, why error) error {
	s.log.Error("Tollgate refuses spooled usage for good: see "+refusedFile, "customer", string(f.Usage.Customer), "transactionId", string(f.Usage.TransactionID), "error", why)
	line, err := json.Marshal(struct {
		Fact
		Refused *fault.Error `json:"refused"`
	}{f, fault.Of(why)})
	if err != nil {
		return fmt.Errorf("spell refused fact: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(s.dir, refusedFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Sync(), file.Close())
}

// Final reports whether an error says that the same fact will never be taken: it is wrong in itself, or its id is used
// up. A key that was revoked, a server that is down or too busy are not final.
func Final(err error) bool {
	f := fault.Of(err)
	if f == nil {
		return false
	}
	switch f.Code {
	case fault.Unavailable, fault.Internal, fault.RateLimited, fault.Unauthorized, fault.Forbidden, fault.PaymentsNotConfigured:
		return false
	}
	return true
}
