package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/quantity"
)

// An instant is a flag: a time, or a date, which is its midnight in UTC.
type instant struct{ time.Time }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *instant) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		at, err := time.Parse(layout, string(text))
		if err == nil {
			t.Time = at
			return nil
		}
	}
	return errors.New("write a time such as 2026-01-31T12:00:00Z, or a date such as 2026-01-31")
}

// An amount is an argument: a decimal number.
type amount struct{ quantity.Units }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *amount) UnmarshalText(text []byte) (err error) {
	a.Units, err = quantity.Parse(string(text))
	return err
}

// A rows is a flag: how many rows to show.
type rows int

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *rows) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > tollgate.PageMax {
		return fmt.Errorf("write a number from 1 to %d", tollgate.PageMax)
	}
	*r = rows(n)
	return nil
}

// A level is a flag: from which level on a line is logged.
type level struct{ slog.Level }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *level) UnmarshalText(text []byte) error {
	if l.Level.UnmarshalText(text) != nil {
		return errors.New("write debug, info, warn or error")
	}
	return nil
}
