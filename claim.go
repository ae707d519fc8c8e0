package tollgate

import (
	"slices"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
)

// recorded returns what is there under the transactionId of an act, or under the one that it claims: an event, or the claim of
// another act; nil when there is nothing, as far as the view knows.
func (v *view) recorded(o *op) *store.Event {
	t := o.transaction()
	if t == "" {
		return nil
	}
	e := v.events[v.w.cacheOf(o).mark(o)]
	if e != nil && e.Key == o.key && e.TransactionID == t {
		return e
	}
	n := store.Name{Customer: o.key, Name: string(t)}
	if e = v.repeats[n]; e == nil && v.found != nil {
		e = v.found.Events[n]
	}
	if e != nil && e.Claims() && v.freed[store.Freed{Customer: o.key, ID: t, By: e.Hold}] {
		return nil
	}
	return e
}

// taken decides about an act whose transactionId has been used otherwise. It may go on where a hold kept the id for this very capture,
// where that hold has expired and so lets go of it, and where it is refused in any case, because the hold that it captures is not
// open any more.
func (v *view) taken(o *op, e *store.Event) (bool, error) {
	capture := o.req.Kind == credit.KindCapture
	switch {
	case e.Claims() && capture && e.Hold == o.req.Cause:
		return false, nil
	case e.Claims() && due(v.now, e.ResetsAt):
		o.lapsed = e
		return false, nil
	case capture && e.Hold != o.req.Cause && !v.holds(o):
		return false, nil
	}
	return true, conflict("transactionId", string(e.TransactionID))
}

// holds reports whether the hold that an act captures is open for certain.
func (v *view) holds(o *op) bool {
	if v.found == nil {
		return false
	}
	a := v.found.Accounts[store.AccountKey{Customer: o.key, Slug: o.slug}]
	return a != nil && slices.ContainsFunc(a.State.Holds, func(h credit.Hold) bool { return h.ID == o.req.Cause && !due(v.now, h.ExpiresAt) })
}

// due reports whether a moment has come; the zero moment never does.
func due(now, at time.Time) bool { return !at.IsZero() && !now.Before(at) }

// claim keeps the transactionId that an act claims from others: for a hold until that expires.
func (v *view) claim(o *op, line credit.Entry) {
	if o.claims == "" {
		return
	}
	var until time.Time
	if line.Hold != nil {
		until = line.Hold.ExpiresAt
	}
	e := store.Claim(o.key, o.claims, line.Kind, line.Cause, o.hash, until)
	v.batch.Claims = append(v.batch.Claims, e)
	v.events[v.w.cacheOf(o).mark(o)] = e
}

// freeHold ends the claim of a hold that is captured, released or has expired.
func (v *view) freeHold(key id.Key, before *credit.State, holdID string) {
	for _, h := range before.Holds {
		if h.ID == holdID {
			v.free(store.Freed{Customer: key, ID: h.TransactionID, By: holdID})
		}
	}
}

func (v *view) free(f store.Freed) {
	if v.freed == nil {
		v.freed = map[store.Freed]bool{}
	}
	v.freed[f] = true
	v.batch.Freed = append(v.batch.Freed, f)
}
