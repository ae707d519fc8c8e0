package sandbox

import (
	"container/heap"
	"fmt"
	"slices"
)

// A due is something that happens to an object at a time.
type due struct {
	at   int64
	name string // tells the dues of one object apart
	do   func(tx *tx, id string) error
}

func (d due) same(e due) bool { return d.at == e.at && d.name == e.name }

// A timed object has things due. They follow from what the object is, and are asked for after each change; what was due
// and no longer follows does not happen. After do has run, its due must not follow any more.
type timed interface {
	object
	dues() []due
}

// An entry is one due of a row in a clock's agenda.
type entry struct {
	due
	row   *row
	place int // among the dues of its row
}

// An agenda is the heap of what is due on one clock: by time, then by the order in which the objects were made.
type agenda []entry

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if a[i].at != a[j].at {
		return a[i].at < a[j].at
	}
	if a[i].row.order != a[j].row.order {
		return a[i].row.order < a[j].row.order
	}
	return a[i].place < a[j].place
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push appends, for container/heap.
func (a *agenda) Push(x any) { *a = append(*a, x.(entry)) }

// Pop removes the last, for container/heap.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// reschedule enters what is newly due to the object of a row.
func (tx *tx) reschedule(r *row) {
	t, ok := r.object.(timed)
	if !ok || tx.table(r.kind()).rows[r.ident()] != r {
		return
	}
	dues := t.dues()
	if len(dues) == 0 {
		r.dues = nil
		return
	}
	clock := tx.clockOf(r.owner())
	a := tx.agenda[clock]
	if a == nil {
		a = &agenda{}
		tx.agenda[clock] = a
	}
	for i, d := range dues {
		if !slices.ContainsFunc(r.dues, d.same) {
			heap.Push(a, entry{d, r, i})
		}
	}
	r.dues = dues
}

// nextDue returns the time of the next due of a clock that still follows from its object.
func (s *state) nextDue(clock string) (int64, bool) {
	a := s.agenda[clock]
	for a != nil && a.Len() > 0 {
		first := (*a)[0]
		if s.follows(first) {
			return first.at, true
		}
		heap.Pop(a)
	}
	return 0, false
}

func (s *state) follows(e entry) bool {
	return s.table(e.row.kind()).rows[e.row.ident()] == e.row && slices.ContainsFunc(e.row.dues, e.due.same)
}

// runNext runs the next due of a clock, when there is one up to until, in a transaction of its own. The clock stands at
// its time. The caller holds the lock.
func (s *Server) runNext(clock string, until int64) (ran bool, err error) {
	at, ok := s.state.nextDue(clock)
	if !ok || at > until {
		return false, nil
	}
	e := heap.Pop(s.state.agenda[clock]).(entry)
	e.row.dues = slices.DeleteFunc(slices.Clone(e.row.dues), e.due.same)
	s.setClock(clock, at)
	tx := s.begin()
	if err := e.do(tx, e.row.ident()); err != nil {
		tx.undo()
		return true, fmt.Errorf("%s of %s %s: %w", e.name, e.row.kind(), e.row.ident(), err)
	}
	there := tx.table(e.row.kind()).rows[e.row.ident()] == e.row
	if t, ok := e.row.object.(timed); ok && there && slices.ContainsFunc(t.dues(), e.due.same) {
		tx.undo()
		return true, fmt.Errorf("%s of %s %s: it is due again at the same time", e.name, e.row.kind(), e.row.ident())
	}
	return true, tx.commit()
}

// setClock moves a clock to the time of what runs.
func (s *Server) setClock(clock string, at int64) {
	if clock == "" {
		s.clock.at = max(s.clock.at, at)
		return
	}
	if r := s.state.table((*testClock)(nil).kind()).rows[clock]; r != nil {
		c := r.object.(*testClock)
		c.Own.Now = max(c.Own.Now, at)
	}
}
