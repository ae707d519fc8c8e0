package sandbox

import (
	"encoding/json"
	"fmt"
)

// A tx is one transaction on the state: an API call, or one thing that was due. It holds the server's lock. When it is
// undone, everything it did is as before.
type tx struct {
	*state
	server  *Server
	request request // zero for what the sandbox does by itself

	touched []*row          // in the order of their first change
	before  map[*row][]byte // the JSON of touched rows; nil for new ones
	told    map[*row][]byte // the JSON of rows when an event was last made of them
	removed []*row
	fired   []*event
	later   []func() // run after the commit, without the lock
	counts  [2]int64 // of rows and ids before
}

// request says which API call a transaction serves.
type request struct {
	id   string
	key  string // its Idempotency-Key
	base string // how its sender reaches the pages
}

// begin starts a transaction. The caller holds the lock.
func (s *Server) begin() *tx {
	return &tx{state: s.state, server: s, before: map[*row][]byte{}, told: map[*row][]byte{}, counts: [2]int64{s.state.rows, s.state.ids}}
}

// find returns the object of a kind with an id, to read; edit it before you change it.
func find[T object](tx *tx, id string) (T, bool) {
	var none T
	r := tx.table(none.kind()).rows[id]
	if r == nil {
		return none, false
	}
	return r.object.(T), true
}

// need returns an object that the request names in a parameter, or the fault that says it does not exist.
func need[T object](tx *tx, id, param string) (T, error) {
	o, ok := find[T](tx, id)
	if !ok {
		return o, absent(o.kind(), id, param, false)
	}
	return o, nil
}

// needPath returns the object that the request names in its path; param is what Stripe calls it in the fault.
func needPath[T object](tx *tx, id, param string) (T, error) {
	o, ok := find[T](tx, id)
	if !ok {
		return o, absent(o.kind(), id, param, true)
	}
	return o, nil
}

// owned returns the objects of a kind that belong to a customer, oldest first.
func owned[T object](tx *tx, customer string) []T {
	var none T
	rows := tx.table(none.kind()).owned[customer]
	all := make([]T, len(rows))
	for i, r := range rows {
		all[i] = r.object.(T)
	}
	return all
}

// every returns all objects of a kind, oldest first.
func every[T object](tx *tx) []T {
	var none T
	rows := tx.table(none.kind()).order
	all := make([]T, len(rows))
	for i, r := range rows {
		all[i] = r.object.(T)
	}
	return all
}

// add puts a new object into the state.
func (tx *tx) add(o object) {
	r := tx.insert(o)
	tx.before[r] = nil
	tx.touched = append(tx.touched, r)
}

// edit must be called before an object of the state is changed: it keeps what undoing goes back to.
func (tx *tx) edit(o object) {
	r := tx.table(o.kind()).rows[o.ident()]
	if r == nil || r.object != o {
		panic(fmt.Sprintf("sandbox: edit of %s %s, which is not in the state", o.kind(), o.ident()))
	}
	if _, ok := tx.before[r]; ok {
		return
	}
	tx.before[r] = encode(o)
	tx.touched = append(tx.touched, r)
}

// refiled must be called after the owner of an object changed.
func (tx *tx) refiled(o object) { tx.refile(tx.table(o.kind()).rows[o.ident()]) }

// drop takes an object out of the state for good.
func (tx *tx) drop(o object) {
	tx.edit(o)
	r := tx.table(o.kind()).rows[o.ident()]
	tx.remove(r)
	tx.removed = append(tx.removed, r)
}

// after has f run once the transaction is committed and the lock is free, before the request is answered.
func (tx *tx) after(f func()) { tx.later = append(tx.later, f) }

// undo puts everything back as it was.
func (tx *tx) undo() {
	for i := len(tx.removed) - 1; i >= 0; i-- {
		tx.restore(tx.removed[i])
	}
	for i := len(tx.touched) - 1; i >= 0; i-- {
		r := tx.touched[i]
		old := tx.before[r]
		if old == nil {
			tx.remove(r)
			continue
		}
		fresh := kinds[r.kind()]()
		if err := json.Unmarshal(old, fresh); err != nil {
			panic(fmt.Sprintf("sandbox: undo %s %s: %v", r.kind(), r.ident(), err))
		}
		r.object = fresh
		tx.refile(r)
	}
	tx.rows, tx.ids = tx.counts[0], tx.counts[1]
}

// commit keeps what the transaction did: the agenda follows the changed objects, and events go to the log and to the
// webhook endpoints. With a file, it is written first; an error undoes the transaction.
func (tx *tx) commit() error {
	if tx.server.file != nil {
		if err := tx.server.file.write(tx); err != nil {
			tx.undo()
			return err
		}
	}
	for _, r := range tx.touched {
		tx.reschedule(r)
	}
	for _, e := range tx.fired {
		tx.server.sender.enqueue(e)
	}
	if len(tx.fired) == 0 {
		return nil
	}
	return tx.server.forgetEvents()
}

// header begins an object: its id follows the prefix, and it is made now, in the time of its customer.
func (tx *tx) header(prefix, kind, customer string) header {
	return header{ID: tx.newID(prefix), Object: kind, Created: tx.now(customer)}
}

// encode writes an object as JSON. Objects are made to be written, so it cannot fail.
func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("sandbox: encode %T: %v", v, err))
	}
	return body
}
