package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// An object is something of Stripe's that the state keeps. Its JSON is all of it, so that a row of a file, and what an
// undone transaction goes back to, is its JSON; what Stripe does not show stands in a field `own`, which shown leaves out.
type object interface {
	ident() string    // its id, unique within the kind
	kind() string     // the text of "object"; works on a nil pointer
	owner() string    // the id of the customer it belongs to, or ""
	made() int64      // when it was created, in Unix seconds
	shown(tx *tx) any // what Stripe answers, with nothing expanded; it is only marshalled
}

// header is what every object begins with.
type header struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Created  int64  `json:"created"`
	Livemode bool   `json:"livemode"`
}

func (h *header) ident() string { return h.ID }
func (h *header) made() int64   { return h.Created }
func (h *header) owner() string { return "" }

// A row holds an object in the state.
type row struct {
	object
	owned string // the owner it is filed under
	order int64  // rows are numbered as they are made
	dues  []due  // those of the object that stand in a clock's heap
}

// A table has the rows of one kind.
type table struct {
	rows  map[string]*row
	order []*row            // as they were made
	owned map[string][]*row // by owner, as they were made
}

// state is everything the sandbox knows. It is guarded by Server.mu and changed by transactions only.
type state struct {
	tables   map[string]*table
	rows     int64 // rows made so far
	ids      int64 // ids made so far
	requests int64 // API calls so far
	seed     int64
	agenda   map[string]*agenda // what is due, by clock: "" is the sandbox's own
}

func newState(seed int64) *state {
	return &state{tables: map[string]*table{}, seed: seed, agenda: map[string]*agenda{}}
}

func (s *state) table(kind string) *table {
	t := s.tables[kind]
	if t == nil {
		t = &table{rows: map[string]*row{}, owned: map[string][]*row{}}
		s.tables[kind] = t
	}
	return t
}

// insert files a new row.
func (s *state) insert(o object) *row {
	s.rows++
	r := &row{object: o, owned: o.owner(), order: s.rows}
	t := s.table(o.kind())
	t.rows[o.ident()] = r
	t.order = append(t.order, r)
	if r.owned != "" {
		t.owned[r.owned] = append(t.owned[r.owned], r)
	}
	return r
}

// remove takes a row out.
func (s *state) remove(r *row) {
	t := s.table(r.kind())
	delete(t.rows, r.ident())
	t.order = without(t.order, r)
	s.disown(t, r)
}

// restore puts a removed row back where it was.
func (s *state) restore(r *row) {
	t := s.table(r.kind())
	t.rows[r.ident()] = r
	t.order = within(t.order, r)
	if r.owned != "" {
		t.owned[r.owned] = within(t.owned[r.owned], r)
	}
}

// refile files a row under its object's owner.
func (s *state) refile(r *row) {
	if r.owned == r.owner() {
		return
	}
	t := s.table(r.kind())
	s.disown(t, r)
	r.owned = r.owner()
	if r.owned != "" {
		t.owned[r.owned] = within(t.owned[r.owned], r)
	}
}

func (s *state) disown(t *table, r *row) {
	if r.owned == "" {
		return
	}
	if t.owned[r.owned] = without(t.owned[r.owned], r); len(t.owned[r.owned]) == 0 {
		delete(t.owned, r.owned)
	}
}

func byOrder(a, b *row) int { return int(a.order - b.order) }

func within(rows []*row, r *row) []*row {
	i, _ := slices.BinarySearchFunc(rows, r, byOrder)
	return slices.Insert(rows, i, r)
}

func without(rows []*row, r *row) []*row {
	i, ok := slices.BinarySearchFunc(rows, r, byOrder)
	if !ok {
		return rows
	}
	return slices.Delete(rows, i, i+1)
}

// idLength is the number of characters after the prefix.
const idLength = 24

const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID returns an id that no object has: the prefix, such as "cus_", and characters that follow from the seed and from
// how many ids were made before, so that the same requests make the same ids.
func (s *state) newID(prefix string) string {
	s.ids++
	var source [16]byte
	binary.BigEndian.PutUint64(source[:8], uint64(s.seed))
	binary.BigEndian.PutUint64(source[8:], uint64(s.ids))
	sum := sha256.Sum256(source[:])
	id := make([]byte, 0, len(prefix)+idLength)
	id = append(id, prefix...)
	for _, b := range sum[:idLength] {
		id = append(id, idAlphabet[int(b)%len(idAlphabet)])
	}
	return string(id)
}
