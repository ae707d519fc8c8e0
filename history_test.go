package tollgate_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// bazaar is the catalog of the random histories: every plan has the same windows, so that a plan change is a change of
// limits alone (package credit tests the others).
const bazaar = `
meters:
  requests: {aggregation: sum}
  tokens:   {aggregation: sum}
credits:
  credits: {costs: {tokens: "0.5"}}
plans:
  free: {default: true, includes: {requests: {limit: 10, every: day}, credits: {limit: 20, every: never}}}
  pro:  {includes: {requests: {limit: 30, every: day}, credits: {limit: 50, every: never}}}
  soft: {includes: {requests: {limit: 5, every: day, soft: true}, credits: {limit: 5, every: never, soft: true}}}
  open: {includes: {requests: {limit: unlimited, every: day}, credits: {limit: 20, every: never}}}
`

// A deed is one thing a customer does in a history.
type deed struct {
	Kind     string
	Meter    id.Slug
	Amount   int
	Tx       int // transactionId, or the id of a grant; few, so that they meet again
	Priority int
	Hours    int // a grant's or a hold's life, or a jump of the clock
	Plan     id.Slug
	Items    []deed // a batch's
}

func drawDeed(t *rapid.T) deed {
	d := deed{
		Kind: rapid.SampledFrom([]string{
			"consume", "consume", "consume", "record", "batch", "hold", "hold", "capture", "capture", "release", "grant", "grant", "revoke",
			"void", "void", "plan", "jump", "jump", "refund", "refund", "deduct", "reset",
		}).Draw(t, "kind"),
		Meter:    rapid.SampledFrom([]id.Slug{"requests", "tokens"}).Draw(t, "meter"),
		Amount:   rapid.IntRange(0, 12).Draw(t, "amount"),
		Tx:       rapid.IntRange(0, 7).Draw(t, "tx"),
		Priority: rapid.SampledFrom([]int{0, 100, 100, 200}).Draw(t, "priority"),
		Hours:    rapid.IntRange(0, 30).Draw(t, "hours"),
		Plan:     rapid.SampledFrom([]id.Slug{"free", "pro", "soft", "open"}).Draw(t, "plan"),
	}
	if d.Kind == "batch" {
		for range rapid.IntRange(1, 5).Draw(t, "items") {
			item := d
			item.Kind = rapid.SampledFrom([]string{"consume", "record"}).Draw(t, "item")
			item.Amount = rapid.IntRange(0, 12).Draw(t, "item amount")
			item.Tx = rapid.IntRange(0, 7).Draw(t, "item tx")
			d.Items = append(d.Items, item)
		}
	}
	return d
}

// TestRandomHistoriesEndAlikeOnBothEnginesAndInAModel does the same deeds to an Engine on SQLite, an Engine on
// PostgreSQL and a model that knows nothing of either, and compares what each of them says after every deed.
func TestRandomHistoriesEndAlikeOnBothEnginesAndInAModel(t *testing.T) {
	t.Parallel()
	c := newClock(noon())
	urls := map[string]string{"sqlite": testdb.SQLite(t)}
	if os.Getenv(testdb.ServerVariable) != "" || os.Getenv(testdb.RequireVariable) != "" {
		urls["postgres"] = testdb.Postgres(t)
	}
	engines := map[string]*tollgate.Engine{}
	for name, url := range urls {
		engines[name] = openWith(t, url, tollgate.Options{Now: c.now})
		if _, err := engines[name].Publish(t.Context(), "bazaar.yaml", []byte(bazaar), false); err != nil {
			t.Fatal(err)
		}
	}
	customers := 0
	rapid.Check(t, func(t *rapid.T) {
		customers++
		name := id.Customer(fmt.Sprint("c", customers))
		model := newModel(c.now())
		doers := map[string]*doer{}
		for engine, e := range engines {
			doers[engine] = &doer{e: e, name: name, holds: map[int]string{}, grants: map[int]string{}}
			if _, _, err := e.PutCustomer(context.Background(), name, tollgate.CustomerChange{}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range rapid.IntRange(5, 40).Draw(t, "deeds") {
			d := drawDeed(t)
			if d.Kind == "jump" {
				c.move(time.Duration(d.Hours)*time.Hour + 7*time.Minute)
			}
			c.move(time.Second + time.Microsecond) // no two acts, and no two ends, share a moment
			want := model.do(d, c.now())
			for engine, doer := range doers {
				got := doer.do(d) + doer.balances()
				if got != want {
					t.Fatalf("deed %d, %+v at %s:\n%-8s %s\nmodel    %s", i, d, c.now(), engine, got, want)
				}
			}
		}
	})
}

// A doer does deeds to an Engine and says how they end.
type doer struct {
	e             *tollgate.Engine
	name          id.Customer
	holds, grants map[int]string // our ids by theirs
}

func (x *doer) usage(d deed) meter.Usage {
	u := use(x.name, d.Meter, int64(d.Amount), fmt.Sprint(d.Tx))
	u.Record = d.Kind == "record"
	return u
}

func (x *doer) do(d deed) string {
	ctx := context.Background()
	switch d.Kind {
	case "consume", "record":
		return told(x.e.Consume(ctx, x.usage(d)))
	case "batch":
		usage := make([]meter.Usage, len(d.Items))
		for i, item := range d.Items {
			usage[i] = x.usage(item)
		}
		out, err := x.e.Batch(ctx, usage)
		if err != nil {
			return err.Error()
		}
		said := ""
		for _, o := range out {
			if o.Err != nil {
				said += told(tollgate.Receipt{}, o.Err)
				continue
			}
			said += told(*o.Receipt, nil)
		}
		return said
	case "hold":
		r, err := x.e.Hold(ctx, tollgate.HoldRequest{Customer: x.name, Meter: d.Meter, Amount: quantity.Whole(int64(d.Amount)), TransactionID: id.Transaction(fmt.Sprint(d.Tx)), ExpiresIn: int64(d.Hours+1) * 3600})
		if err != nil {
			return refusal(err)
		}
		x.holds[d.Tx] = r.ID
		return held(r.Charged, r.Duplicate)
	case "capture":
		amount := quantity.Whole(int64(d.Amount))
		return told(x.e.Capture(ctx, x.holds[d.Tx], &amount))
	case "release":
		r, err := x.e.Release(ctx, x.holds[d.Tx])
		if err != nil {
			return refusal(err)
		}
		return held(r.Charged, r.Duplicate)
	case "grant":
		slug := map[id.Slug]id.Slug{"requests": "requests", "tokens": "credits"}[d.Meter]
		r := tollgate.GrantRequest{Customer: x.name, Balance: slug, Amount: quantity.Whole(int64(d.Amount + 1)), ID: id.Transaction(fmt.Sprint(d.Tx)), Priority: &d.Priority}
		if d.Hours > 0 {
			at := noon().Add(time.Duration(d.Hours)*time.Hour + 24*time.Hour) // the same on every retry
			for at.Before(x.e.Now()) {
				at = at.Add(72 * time.Hour)
			}
			at = at.Add(time.Duration(d.Tx) * time.Microsecond)
			r.ExpiresAt = &at
		}
		g, err := x.e.Grant(ctx, r)
		if err != nil {
			return refusal(err)
		}
		x.grants[d.Tx] = g.ID
		return held(g.Amount, g.Duplicate)
	case "revoke":
		r, err := x.e.Revoke(ctx, x.grants[d.Tx], "")
		if err != nil {
			return refusal(err)
		}
		return held(r.Amount, r.Duplicate)
	case "void":
		r, err := x.e.Void(ctx, x.name, id.Transaction(fmt.Sprint(d.Tx)), "")
		if err != nil {
			return refusal(err)
		}
		return held(r.Returned, r.Duplicate)
	case "refund", "deduct", "reset":
		return x.adjust(d)
	case "plan":
		if _, _, err := x.e.PutCustomer(ctx, x.name, tollgate.CustomerChange{Plan: &d.Plan}); err != nil {
			return err.Error()
		}
	}
	return ""
}

func (x *doer) balances() string {
	said := ""
	for _, slug := range []id.Slug{"requests", "credits"} {
		b, err := x.e.Balance(context.Background(), x.name, slug)
		if err != nil {
			return err.Error()
		}
		available := "unlimited"
		if b.Available != nil {
			available = b.Available.String()
		}
		said += fmt.Sprintf(" | %s used %s available %s held %s%s", slug, b.Used, available, *b.Held, x.lots(b.Grants)+refunded(b.Grants))
		if told, err := x.e.Explain(context.Background(), x.name, slug); err != nil || addsUp(told) != "" {
			return fmt.Sprint(said, " but ", addsUp(told), err)
		}
	}
	return said
}

// addsUp returns what is wrong with the sums of an explanation, if anything.
func addsUp(x tollgate.Explanation) string {
	sum, ledger, used := quantity.Units(0), x.Opening, quantity.Units(0)
	for _, term := range x.Sum {
		sum += term.Amount
		if term.Kind == credit.TermUsed {
			used -= term.Amount
		}
	}
	for _, l := range slices.Concat(x.Lines, x.Pending) {
		if ledger += l.Amount; ledger != l.Balance {
			return fmt.Sprintf("the lines up to %d give %s, and it says %s", l.Seq, ledger, l.Balance)
		}
	}
	for _, term := range x.Apart {
		ledger += term.Amount
	}
	switch b := x.Balance; {
	case b.Available == nil && len(x.Sum)+len(x.Apart) > 0:
		return "an unlimited balance is told as a sum"
	case b.Available != nil && (sum != *b.Available || ledger != *b.Available || used != b.Used):
		return fmt.Sprintf("%s are available and %s used; the sum gives %s and %s, the lines %s", b.Available, b.Used, sum, used, ledger)
	}
	return ""
}

// lots says what is left in which grant.
func (x *doer) lots(grants []credit.Lot) (said string) {
	for tx := range 8 {
		for _, l := range grants {
			if l.ID == x.grants[tx] && l.Remaining != 0 {
				said += fmt.Sprintf(" g%d %s", tx, l.Remaining)
			}
		}
	}
	return said
}

func told(r tollgate.Receipt, err error) string {
	if err != nil {
		return refusal(err)
	}
	available := "unlimited"
	if r.Balance.Available != nil {
		available = r.Balance.Available.String()
	}
	return fmt.Sprintf("%s charged %s, used %s, available %s, duplicate %t;", r.Event.Amount, r.Event.Charged, r.Balance.Used, available, r.Duplicate)
}

func held(amount quantity.Units, duplicate bool) string {
	return fmt.Sprintf("%s, duplicate %t", amount, duplicate)
}

func refusal(err error) string {
	f := fault.Of(err)
	if f == nil {
		return err.Error()
	}
	if f.Code == fault.InsufficientCredits {
		return fmt.Sprintf("%s %s of %s;", f.Code, f.Details["required"], f.Details["availableBalance"])
	}
	return string(f.Code) + ";"
}

// The model: a few maps, and rules written from DESIGN.md without a look at package credit.

type modelLot struct {
	id               string
	amount, left     quantity.Units
	priority         int
	created, expires time.Time
	allowance        bool
	refund           bool // made by one
}

type modelPart struct {
	lot string // empty: the allowance
	n   quantity.Units
	at  time.Time
}

type modelHold struct {
	parts   []modelPart
	charge  quantity.Units
	expires time.Time
	open    bool
}

type modelBalance struct {
	daily       bool
	start       time.Time // of the window
	spent, used quantity.Units
	back        quantity.Units // by refunds, in the window
	resets      int
	lots        map[string]*modelLot
	holds       map[int]*modelHold
}

type modelOnce struct{ request, answer string }

type modelEvent struct {
	modelOnce
	slug   id.Slug
	parts  []modelPart
	resets int // of its balance before it
	refund bool
}

type modelState struct {
	plan     id.Slug
	balances map[id.Slug]*modelBalance
	events   map[int]*modelEvent
	once     map[string]modelOnce // holds, grants, releases, revokes and voids
	holds    map[int]id.Slug
	grants   map[int]id.Slug
	now      time.Time
}

func newModel(now time.Time) *modelState {
	m := &modelState{
		plan: "free", balances: map[id.Slug]*modelBalance{}, events: map[int]*modelEvent{}, once: map[string]modelOnce{},
		holds: map[int]id.Slug{}, grants: map[int]id.Slug{},
	}
	for _, slug := range []id.Slug{"requests", "credits"} {
		m.balances[slug] = &modelBalance{daily: slug == "requests", start: day(now), lots: map[string]*modelLot{}, holds: map[int]*modelHold{}}
	}
	return m
}

func day(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

// limit returns what the plan gives.
func (m *modelState) limit(slug id.Slug) (limit quantity.Units, unlimited, soft bool) {
	limits := map[id.Slug]map[id.Slug]int64{
		"requests": {"free": 10, "pro": 30, "soft": 5},
		"credits":  {"free": 20, "pro": 50, "soft": 5, "open": 20},
	}
	return quantity.Whole(limits[slug][m.plan]), m.plan == "open" && slug == "requests", m.plan == "soft"
}

func (b *modelBalance) counts(at time.Time) bool { return !b.daily || !at.Before(b.start) }

// settle lets whatever ends by now end, one after the other.
func (b *modelBalance) settle(now time.Time) {
	for {
		due, end := now.Add(1), func() {}
		for _, h := range b.holds {
			if h.open && h.expires.Before(due) {
				due, end = h.expires, func() { h.open = false; b.giveBack(h.parts) }
			}
		}
		for _, l := range b.lots {
			if !l.expires.IsZero() && l.expires.Before(due) {
				due, end = l.expires, func() { delete(b.lots, l.id) }
			}
		}
		if midnight := b.start.Add(24 * time.Hour); b.daily && midnight.Before(due) {
			due, end = midnight, func() { b.start, b.spent, b.used, b.back = midnight, 0, 0, 0 }
		}
		if due.After(now) {
			return
		}
		end()
	}
}

// giveBack gives parts back to where they are from, but to no grant more than it gave: refunds may have been there first.
func (b *modelBalance) giveBack(parts []modelPart) {
	for _, p := range parts {
		if p.lot == "" && b.counts(p.at) {
			b.spent = max(b.spent-p.n, 0)
		} else if l := b.lots[p.lot]; l != nil {
			l.left += max(min(p.n, l.amount-l.left-b.held(l.id)), 0)
		}
	}
}

func (b *modelBalance) take(parts []modelPart) {
	for _, p := range parts {
		if p.lot == "" && b.counts(p.at) {
			b.spent += p.n
		} else if l := b.lots[p.lot]; l != nil {
			l.left -= p.n
		}
	}
}

func (b *modelBalance) use(parts []modelPart, sign quantity.Units) {
	for _, p := range parts {
		if b.counts(p.at) {
			b.used = max(b.used+sign*p.n, 0)
		}
	}
}

func (m *modelState) available(slug id.Slug) quantity.Units {
	b := m.balances[slug]
	limit, _, soft := m.limit(slug)
	left := limit - b.spent
	if !soft {
		left = max(left, 0)
	}
	for _, l := range b.lots {
		left += l.left
	}
	return left
}

// pay returns who pays for a charge, or false.
func (m *modelState) pay(slug id.Slug, charge quantity.Units, record bool) ([]modelPart, bool) {
	b := m.balances[slug]
	limit, unlimited, soft := m.limit(slug)
	if charge == 0 {
		return nil, true
	}
	if unlimited {
		return []modelPart{{n: charge, at: m.now}}, true
	}
	if charge > m.available(slug) && !record && !soft {
		return nil, false
	}
	var parts []modelPart
	own := -1
	for _, l := range m.sources(b, max(limit-b.spent, 0)) {
		n := min(l.left, charge)
		if n <= 0 {
			continue
		}
		if l.allowance {
			own = len(parts)
		}
		parts, charge = append(parts, modelPart{l.id, n, m.now}), charge-n
	}
	switch {
	case charge > 0 && own >= 0:
		parts[own].n += charge
	case charge > 0:
		parts = append(parts, modelPart{n: charge, at: m.now})
	}
	return parts, true
}

// payer returns the balance of a meter and what an amount of it costs.
func payer(d deed) (id.Slug, quantity.Units) {
	if d.Meter == "tokens" {
		return "credits", quantity.Whole(int64(d.Amount)) / 2
	}
	return "requests", quantity.Whole(int64(d.Amount))
}

func (m *modelState) insufficient(slug id.Slug, required quantity.Units) string {
	return fmt.Sprintf("insufficient_credits %s of %s;", required, m.available(slug))
}

func (m *modelState) receipt(slug id.Slug, amount int, charged quantity.Units) string {
	available := m.available(slug).String()
	if _, unlimited, _ := m.limit(slug); unlimited {
		available = "unlimited"
	}
	return fmt.Sprintf("%d charged %s, used %s, available %s, duplicate ", amount, charged, m.balances[slug].used, available)
}

func (m *modelState) do(d deed, now time.Time) string {
	m.now = now
	for _, b := range m.balances {
		b.settle(now)
	}
	said := m.act(d)
	for _, slug := range []id.Slug{"requests", "credits"} {
		b := m.balances[slug]
		available, holds := m.available(slug).String(), quantity.Units(0)
		if _, unlimited, _ := m.limit(slug); unlimited {
			available = "unlimited"
		}
		for _, h := range b.holds {
			if h.open {
				holds += h.charge
			}
		}
		said += fmt.Sprintf(" | %s used %s available %s held %s%s", slug, b.used, available, holds, b.left()+b.refunded())
	}
	return said
}

// left says what is left in which grant.
func (b *modelBalance) left() (said string) {
	for tx := range 8 {
		if l := b.lots[fmt.Sprint("g", tx)]; l != nil && l.left != 0 {
			said += fmt.Sprintf(" g%d %s", tx, l.left)
		}
	}
	return said
}

func (m *modelState) act(d deed) string {
	slug, charge := payer(d)
	b := m.balances[slug]
	switch d.Kind {
	case "consume", "record":
		return m.consume(d, slug, charge)
	case "batch":
		said := ""
		for _, item := range d.Items {
			slug, charge := payer(item)
			said += m.consume(item, slug, charge)
		}
		return said
	case "hold":
		return m.doOnce(fmt.Sprint("hold ", d.Tx), fmt.Sprint(d.Meter, d.Amount, d.Hours), func() (quantity.Units, string) {
			if m.events[d.Tx] != nil {
				return 0, "conflict;"
			}
			parts, ok := m.pay(slug, charge, false)
			if !ok {
				return 0, m.insufficient(slug, charge)
			}
			b.take(parts)
			b.holds[d.Tx] = &modelHold{parts: parts, charge: charge, expires: m.now.Add(time.Duration(d.Hours+1) * time.Hour), open: true}
			m.holds[d.Tx] = slug
			return charge, ""
		})
	case "capture":
		return m.capture(d)
	case "release":
		slug, ok := m.holds[d.Tx]
		if !ok {
			return "not_found;"
		}
		return m.doOnce(fmt.Sprint("release ", d.Tx), "", func() (quantity.Units, string) {
			h := m.balances[slug].holds[d.Tx]
			if !h.open {
				return 0, "not_found;"
			}
			h.open = false
			before := m.ledger(slug)
			m.balances[slug].giveBack(h.parts)
			return m.ledger(slug) - before, ""
		})
	case "grant":
		return m.grant(d, slug)
	case "revoke":
		slug, ok := m.grants[d.Tx]
		if !ok {
			return "not_found;"
		}
		return m.doOnce(fmt.Sprint("revoke ", d.Tx), "", func() (left quantity.Units, _ string) {
			name := fmt.Sprint("g", d.Tx)
			if l := m.balances[slug].lots[name]; l != nil {
				left = l.left
			}
			delete(m.balances[slug].lots, name)
			return left, ""
		})
	case "void":
		e := m.events[d.Tx]
		if e == nil {
			return "not_found;"
		}
		if e.refund {
			return "conflict;"
		}
		return m.doOnce(fmt.Sprint("void ", d.Tx), "", func() (quantity.Units, string) { return m.void(e) })
	case "refund", "deduct", "reset":
		return m.adjust(d)
	case "plan":
		m.plan = d.Plan
	}
	return ""
}

// ledger returns the signed balance.
func (m *modelState) ledger(slug id.Slug) quantity.Units {
	b := m.balances[slug]
	sum := -b.spent
	for _, l := range b.lots {
		sum += l.left
	}
	return sum
}

// doOnce does what has a name of its own once, and answers the second time as the first.
func (m *modelState) doOnce(name, request string, do func() (quantity.Units, string)) string {
	if had, ok := m.once[name]; ok {
		if had.request != request {
			return "conflict;"
		}
		return had.answer + ", duplicate true"
	}
	amount, refused := do()
	if refused != "" {
		return refused
	}
	m.once[name] = modelOnce{request, amount.String()}
	return amount.String() + ", duplicate false"
}

func (m *modelState) consume(d deed, slug id.Slug, charge quantity.Units) string {
	request := fmt.Sprint(d.Kind, d.Meter, d.Amount)
	if e := m.events[d.Tx]; e != nil {
		if e.request != request {
			return "conflict;"
		}
		return e.answer + "true;"
	}
	if m.keeps(d.Tx) {
		return "conflict;"
	}
	parts, ok := m.pay(slug, charge, d.Kind == "record")
	if !ok {
		return m.insufficient(slug, charge)
	}
	b := m.balances[slug]
	b.take(parts)
	b.use(parts, 1)
	m.events[d.Tx] = &modelEvent{modelOnce: modelOnce{request, m.receipt(slug, d.Amount, charge)}, slug: slug, parts: parts, resets: b.resets}
	return m.events[d.Tx].answer + "false;"
}

// keeps reports whether an open hold keeps a transactionId for its capture.
func (m *modelState) keeps(tx int) bool {
	slug, ok := m.holds[tx]
	return ok && m.balances[slug].holds[tx].open
}

func (m *modelState) capture(d deed) string {
	slug, ok := m.holds[d.Tx]
	if !ok {
		return "not_found;"
	}
	b := m.balances[slug]
	h := b.holds[d.Tx]
	if slug == "credits" {
		d.Meter = "tokens"
	} else {
		d.Meter = "requests"
	}
	_, charge := payer(d)
	request := fmt.Sprint("capture", d.Amount)
	if e := m.events[d.Tx]; e != nil && (h.open || strings.HasPrefix(e.request, "capture")) {
		if e.request != request {
			return "conflict;"
		}
		return e.answer + "true;"
	}
	if !h.open {
		return "not_found;"
	}
	var parts []modelPart
	rest := charge
	for _, p := range h.parts {
		n := min(p.n, rest)
		if n > 0 {
			parts, rest = append(parts, modelPart{p.lot, n, p.at}), rest-n
		}
	}
	if rest > 0 {
		more, ok := m.pay(slug, rest, false)
		if !ok {
			return m.insufficient(slug, rest)
		}
		parts = append(parts, more...)
	}
	h.open = false
	b.giveBack(h.parts)
	b.take(parts)
	b.use(parts, 1)
	m.events[d.Tx] = &modelEvent{modelOnce: modelOnce{request, m.receipt(slug, d.Amount, charge)}, slug: slug, parts: parts, resets: b.resets}
	return m.events[d.Tx].answer + "false;"
}

func (m *modelState) grant(d deed, slug id.Slug) string {
	l := &modelLot{id: fmt.Sprint("g", d.Tx), amount: quantity.Whole(int64(d.Amount + 1)), priority: d.Priority, created: m.now}
	l.left = l.amount
	if d.Hours > 0 {
		l.expires = noon().Add(time.Duration(d.Hours)*time.Hour + 24*time.Hour)
		for l.expires.Before(m.now) {
			l.expires = l.expires.Add(72 * time.Hour)
		}
		l.expires = l.expires.Add(time.Duration(d.Tx) * time.Microsecond)
	}
	return m.doOnce(fmt.Sprint("grant ", d.Tx), fmt.Sprint(slug, d.Amount, d.Priority, l.expires), func() (quantity.Units, string) {
		m.balances[slug].lots[l.id] = l
		m.grants[d.Tx] = slug
		return l.amount, ""
	})
}
