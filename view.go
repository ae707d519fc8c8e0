package tollgate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/quantity"
)

// A view is one attempt at deciding a group of acts: what the accounts look like as the acts go by, what is to
// be written, and how each act ends if it is. Nothing of it reaches the cache, or a caller, before settle.
type view struct {
	w      *writer
	number uint64 // no two of an Engine share one
	book   *book
	now    time.Time
	found  *store.Found // what a locked attempt read; nil when deciding on the cache

	repeats map[store.Name]*store.Event // events of a moment ago that acts of this group repeat
	asked   []*op                       // those acts: their answers come with the commit

	accounts []*touched
	events   map[uint64]*store.Event // by their marks
	room     []store.Event           // for the events of the batch
	of       []*touched              // the accounts of those
	entries  map[store.Name]*store.Entry
	seen     map[store.Value]store.Seen
	freed    map[store.Freed]bool // claims that are over
	batch    store.Batch

	ends    []end
	again   []*op           // to be attempted anew: under the lock, or because their plan changed under way
	behind  map[id.Key]bool // customers with an act in again: their later acts wait for it
	crossed int             // accounts the cache knew that another process has written

	joined    bool // in somebody else's transaction, which may yet be undone
	unflushed bool // on SQLite, what the ends rest on may not be on disk yet
}

// newView begins an attempt at deciding so many acts.
func newView(w *writer, acts int, b *book, now time.Time, f *store.Found) *view {
	v := &view{
		w: w, number: w.engine.views.Add(1), book: b, now: now, found: f,
		accounts: make([]*touched, 0, acts), events: make(map[uint64]*store.Event, acts), of: make([]*touched, 0, acts), ends: make([]end, 0, acts),
		entries: map[store.Name]*store.Entry{}, seen: map[store.Value]store.Seen{}, behind: map[id.Key]bool{},
	}
	v.batch.Accounts, v.batch.Events = make([]*store.Account, 0, acts), make([]*store.Event, 0, acts)
	return v
}

// settle brings the view's outcome to the cache and to the callers.
func (v *view) settle() {
	for _, a := range v.accounts {
		if a.lines > 0 {
			a.Version = a.Next()
		}
		a.slot.account = &a.Account
	}
	v.w.engine.roller.note(v)
	for _, end := range v.ends {
		o := end.op
		if o.left != nil {
			v.w.cacheOf(o).remember(o)
		}
	}
	if v.unflushed && v.w.teller != nil {
		v.w.teller.due <- v.ends
		return
	}
	tell(v.ends, nil)
}

// decide decides one act.
func (v *view) decide(ctx context.Context, o *op) {
	o.left, o.said, o.duplicate, o.lapsed = nil, "", false, nil
	if v.behind[o.key] {
		v.postpone(o)
		return
	}
	if v.found == nil && o.txid != "" && v.w.cacheOf(o).knows(o) {
		v.asked, v.batch.Ask = append(v.asked, o), append(v.batch.Ask, store.Name{Customer: o.key, Name: string(o.txid)})
		return
	}
	c, m := v.customer(o)
	if c == nil { // erased since the cache read it; another may have its name by now
		v.w.cacheOf(o).drop(o.customer)
		v.postpone(o)
		return
	}
	if done, err := v.repeated(o); done || err != nil {
		v.end(o, err)
		return
	}
	req := o.req
	if o.usage {
		slug, cost := m.payer(v.book, o.req.Meter)
		if slug != o.slug { // the plan changed since the accounts were chosen
			v.w.cacheOf(o).drop(o.customer)
			v.postpone(o)
			return
		}
		req.Cost = cost
	}
	a := v.account(o, m)
	if a == nil {
		v.w.cacheOf(o).drop(o.customer)
		v.postpone(o)
		return
	}
	req.Lots = v.unrevoked(o)
	if o.past {
		if v.found == nil {
			v.relock(o)
			return
		}
		var err error
		if req.Past, err = v.past(ctx, a.AccountKey); err != nil {
			v.end(o, err)
			return
		}
	}
	now := a.State.At(v.now)
	terms := v.terms(a, c, now)
	value, err := v.distinct(ctx, o, &req, terms)
	if err != nil {
		v.end(o, err)
		return
	}
	began, watched := time.Time{}, v.w.engine.watch.sees(o.customer)
	if watched {
		began = time.Now()
	}
	state, lines, res, err := credit.Apply(a.State, terms, req, now)
	if watched {
		v.w.engine.decided(o, terms, &a.State, &state, lines, res.Own, err, v.found != nil, time.Since(began))
	}
	if err != nil {
		if v.found == nil || !o.looked {
			v.relock(o)
			return
		}
		v.end(o, v.refusal(o, c, err))
		return
	}
	if err := v.write(o, a, state, lines, res, now); err != nil {
		v.end(o, err)
		return
	}
	if value != nil {
		v.batch.Seen = append(v.batch.Seen, *value)
		s := v.seen[value.Value]
		s.Events += value.Events
		if s.Payer == "" || s.Events == 1 {
			s.Payer = value.Payer
		}
		v.seen[value.Value] = s
	}
	v.end(o, nil)
}

// answer ends the acts that repeat a transaction of a moment ago. Its event is there for good, so no lock is needed to
// answer from it; when it is not, its customer has been erased.
func (v *view) answer(events map[store.Name]*store.Event) {
	v.repeats = events
	for _, o := range v.asked {
		if done, err := v.repeated(o); done {
			v.end(o, err)
		} else {
			v.relock(o)
		}
	}
}

func (v *view) end(o *op, err error) { v.ends = append(v.ends, end{o, err}) }

// postpone leaves an act to the next attempt, and with it whatever its customer does later, so that the acts of a
// customer are decided in their order.
func (v *view) postpone(o *op) {
	v.behind[o.key] = true
	v.again = append(v.again, o)
}

// relock leaves an act to an attempt under the lock, with its id looked up. A refusal and a repeat write nothing, so
// no version and no unique key guards them: the cache may be behind, the refused act may be the repeat of one long
// done, and the customer of the repeat may have been erased since.
func (v *view) relock(o *op) {
	o.lock = true
	v.postpone(o)
}

// unrevoked returns the lots that a void may bring back: those not revoked since it looked them up.
func (v *view) unrevoked(o *op) []credit.Lot {
	return slices.DeleteFunc(slices.Clone(o.req.Lots), func(l credit.Lot) bool {
		n := store.Name{Customer: o.key, Name: revokeName(l.ID)}
		return v.entries[n] != nil || v.found != nil && v.found.Entries[n] != nil
	})
}

// past returns the lines that have moved an account's grants otherwise than usage does, those of this view included.
func (v *view) past(ctx context.Context, k store.AccountKey) ([]credit.Entry, error) {
	lines, err := v.found.Past(ctx, k)
	if err != nil {
		return nil, outside("read ledger", err)
	}
	for _, e := range v.batch.Entries {
		if e.AccountKey == k && credit.MovesGrants(e.Entry) {
			lines = append(lines, e.Entry)
		}
	}
	return lines, nil
}

// repeated finds what an earlier act under the same id left, and reports whether it answers this one.
func (v *view) repeated(o *op) (bool, error) {
	if o.txid != "" {
		e := v.recorded(o)
		if e == nil {
			return false, nil
		}
		if e.Claims() || !o.same(e.Hash) {
			return v.taken(o, e)
		}
		o.left, o.duplicate = e, true
		return true, nil
	}
	n := store.Name{Customer: o.key, Name: o.name}
	e := v.entries[n]
	if e == nil && v.found != nil {
		e = v.found.Entries[n]
	}
	if e == nil {
		if t := v.recorded(o); t != nil {
			return v.taken(o, t)
		}
		return false, nil
	}
	if !o.same(e.Hash) {
		return true, o.crossed()
	}
	o.said, o.duplicate = e.Answer, true
	return true, nil
}

// distinct decides whether a unique meter's value is new in its window, or lost with a void, sets what req is to
// charge or give back, and returns the change to remember; nil for every other act.
func (v *view) distinct(ctx context.Context, o *op, req *credit.Request, terms credit.Terms) (*store.Seen, error) {
	if o.value == "" {
		return nil, nil
	}
	val := store.Value{Customer: o.key, Meter: o.req.Meter, WindowStart: o.since, Value: o.value}
	if o.void == "" && !terms.Window.Start.IsZero() {
		val.WindowStart = terms.Window.Start.UnixMicro()
	}
	met, ok := v.seen[val]
	if !ok {
		look := v.w.engine.db.SeenOf
		if v.found != nil {
			look = v.found.Seen
		}
		var err error
		if met, err = look(ctx, val); err != nil {
			return nil, outside("look up a value", err)
		}
	}
	v.seen[val] = met
	if o.void != "" {
		switch {
		case met.Events < 1: // nobody remembers the value: the event gives back what it was charged itself
			return nil, nil
		case met.Events > 1:
			req.Parts = nil // other events still name the value: it stays paid for
		}
		return &store.Seen{Value: val, Events: -1, Payer: met.Payer}, nil
	}
	req.Amount = 0
	if met.Events < 1 {
		req.Amount = quantity.One
	}
	return &store.Seen{Value: val, Events: 1, Payer: o.txid}, nil
}

// write adds what an act writes to the batch.
func (v *view) write(o *op, a *touched, state credit.State, lines []credit.Entry, res credit.Result, now time.Time) error {
	own := res.Own
	if o.txid == "" { // before anything is added: a line without its account would break the ledger
		after := state // which would be made anew for each act if it was lent out
		said, err := json.Marshal(o.answer(&after, lines[own], now))
		if err != nil {
			return fmt.Errorf("spell the answer to %s: %w", o.name, err)
		}
		o.said = string(said)
	}
	if o.lapsed != nil {
		v.free(store.Freed{Customer: o.key, ID: o.lapsed.TransactionID, By: o.lapsed.Hold})
	}
	for i, line := range lines {
		if line.Kind == credit.KindRelease || line.Kind == credit.KindCapture {
			v.freeHold(o.key, &a.State, line.Cause)
		}
		if i == own && o.txid != "" {
			v.writeEvent(o, a, &state, line, res, now)
			continue
		}
		e := &store.Entry{AccountKey: a.AccountKey, Entry: line}
		if i == own {
			e.Name, e.Hash, e.Answer = o.name, o.hash, o.said
			v.entries[store.Name{Customer: o.key, Name: o.name}] = e
			v.claim(o, line)
		} else if line.Kind == credit.KindGrant { // of what a refund or a restoring gives back: found and revoked as any grant
			e.Name, e.Answer = "grant:"+line.Cause, "{}"
		}
		v.batch.Entries = append(v.batch.Entries, e)
	}
	if o.void != "" {
		v.batch.Voids = append(v.batch.Voids, store.Void{Customer: o.key, ID: o.void, At: now.UnixMicro()})
	}
	a.Counted = a.Counted && state.OnlyCounted(&a.State)
	a.State = state
	if a.lines == 0 && len(lines) > 0 {
		v.batch.Accounts = append(v.batch.Accounts, &a.Account)
	}
	a.lines += len(lines)
	return nil
}

func (v *view) writeEvent(o *op, a *touched, s *credit.State, line credit.Entry, res credit.Result, now time.Time) {
	if len(v.room) == cap(v.room) {
		v.room = make([]store.Event, 0, cap(v.of))
	}
	v.room = v.room[:len(v.room)+1]
	e := &v.room[len(v.room)-1]
	*e = store.Event{Account: &a.Account, Event: o.event, Key: o.key, Line: line, Hash: o.hash, Used: s.Window.Used, Limit: s.Limit,
		Unlimited: s.Unlimited, Available: s.Available(now), ResetsAt: s.Window.End}
	e.RecordedAt, e.Charged, e.PaidBy, e.Properties = now, res.Charge, o.slug, o.event.Properties
	if e.At.IsZero() {
		e.At = now
	}
	e.Late = e.At.Before(s.Window.Start)
	if line.Kind == credit.KindCapture {
		e.Hold = line.Cause
	}
	e.Line.Parts = res.Parts
	v.batch.Events, v.of = append(v.batch.Events, e), append(v.of, a)
	v.events[v.w.cacheOf(o).mark(o)] = e
	o.left = e
}

// refusal adds to a refusal what package credit cannot know.
func (v *view) refusal(o *op, c *store.Customer, err error) error {
	f := fault.Of(err)
	if f == nil || f.Code != fault.InsufficientCredits && f.Code != fault.Suspended {
		return err
	}
	f = f.With("balance", string(o.slug)).With("meter", string(o.req.Meter))
	if f.Code == fault.Suspended && c.Plan == "" {
		f = f.With("status", c.Status)
	}
	if v.book.UpgradeURL != "" {
		f = f.With("upgradeUrl", v.book.UpgradeURL)
	}
	return f
}
