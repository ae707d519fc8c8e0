package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// A Run is what whoever wrote lines of an account remembers of their usage, so that the roll-up need not read them: lines that
// follow one another, none of which undoes usage. It is spelled short, as many are kept: ten bytes for a line or so.
type Run struct {
	from, to int64 // the line before its first one, and its last
	text     []byte

	// what the next fact is spelled after
	meter id.Slug
	seq   int64
	at    int64
}

// NewRun returns a run of no lines behind the line from.
func NewRun(from int64) *Run { return &Run{from: from, to: from, seq: from} }

// To returns the run's last line.
func (r *Run) To() int64 { return r.to }

// Size returns how many bytes the run takes.
func (r *Run) Size() int { return cap(r.text) }

// Extend says that the run goes on up to the line to.
func (r *Run) Extend(to int64) { r.to = to }

// Add counts usage, whose line is behind those of all usage before it.
func (r *Run) Add(e *Event) {
	at, step := e.At.UnixMicro(), uint64(e.Line.Seq-r.seq)<<1
	if e.Meter != r.meter {
		r.text = binary.AppendUvarint(r.text, step|1)
		r.text = binary.AppendUvarint(r.text, uint64(len(e.Meter)))
		r.text = append(r.text, e.Meter...)
	} else {
		r.text = binary.AppendUvarint(r.text, step)
	}
	r.text = binary.AppendVarint(r.text, at-r.at)
	r.text = binary.AppendVarint(r.text, int64(e.Amount))
	r.meter, r.seq, r.at = e.Meter, e.Line.Seq, at
}

// each calls do with the usage of every line, in their order.
func (r *Run) each(do func(meter id.Slug, f usage.Fact)) {
	var meter id.Slug
	var at int64
	seq := r.from
	for rest := r.text; len(rest) > 0; {
		unsigned := func() uint64 {
			v, n := binary.Uvarint(rest)
			rest = rest[n:]
			return v
		}
		signed := func() int64 {
			v, n := binary.Varint(rest)
			rest = rest[n:]
			return v
		}
		step := unsigned()
		if step&1 == 1 {
			n := unsigned()
			meter, rest = id.Slug(rest[:n]), rest[n:]
		}
		seq += int64(step >> 1)
		at += signed()
		do(meter, usage.Fact{At: time.UnixMicro(at), Amount: quantity.Units(signed()), Seq: seq})
	}
}

// remembered returns what runs add to the roll-up of their accounts. It leaves out those that begin behind their account's tally, whose
// lines between have to be read.
func (db *DB) remembered(ctx context.Context, runs map[AccountKey]*Run) (map[AccountKey]*roll, error) {
	rolls := make(map[AccountKey]*roll, len(runs))
	if len(runs) == 0 {
		return rolls, nil
	}
	keys := make([]AccountKey, 0, len(runs))
	for k := range runs {
		keys = append(keys, k)
	}
	list, err := packKeys(keys)
	if err != nil {
		return nil, err
	}
	rows, err := db.reads.QueryContext(ctx, `
		SELECT a.customer, a.slug, COALESCE(t.seq, 0)
		FROM `+db.rows+` AS r
		`+db.match("account", "a", "a.customer = CAST(r.value->>'c' AS BIGINT) AND a.slug = r.value->>'s'", "")+`
		`+db.maybe("usage_tally", "t", ofAccount), list)
	if err != nil {
		return nil, fmt.Errorf("read tallies: %w", err)
	}
	err = each(rows, func() error {
		var k AccountKey
		var tally int64
		if err := rows.Scan(&k.Customer, &k.Slug, &tally); err != nil {
			return err
		}
		if run := runs[k]; run.from <= tally {
			rolls[k] = run.after(k, tally)
		}
		return nil
	})
	return rolls, err
}

// after returns what the lines of a run behind a tally add to it.
func (r *Run) after(k AccountKey, tally int64) *roll {
	out := &roll{from: tally, to: max(tally, r.to), months: map[monthKey]*usage.Slots{}}
	r.each(func(meter id.Slug, f usage.Fact) {
		if f.Seq > tally {
			out.add(k, meter, f)
		}
	})
	return out
}
