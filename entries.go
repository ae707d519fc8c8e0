package tollgate

import (
	"context"
	"strconv"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// A Line is one ledger line of a balance. A line of usage carries its event.
type Line struct {
	credit.Entry
	Event *meter.Event `json:"event,omitempty"`
}

// Entries returns a page of a balance's ledger, newest line first. cursor is the page's Next, empty for the newest.
// Faults: not_found for an unknown customer or balance, invalid_request for a cursor that no page gave.
func (e *Engine) Entries(ctx context.Context, customer id.Customer, slug id.Slug, cursor string, limit int) (Page[Line], error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return Page[Line]{}, err
	}
	before := int64(1 << 62)
	if cursor != "" {
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil || before < 1 {
			return Page[Line]{}, fault.Field("cursor", cursor, nil, "cursor must be the next of an earlier page.")
		}
	}
	c, err := e.balanceOwner(ctx, customer, slug)
	if err != nil {
		return Page[Line]{}, err
	}
	page := Page[Line]{Data: []Line{}}
	err = e.db.View(ctx, func(tx *store.Tx) error {
		lines, err := tx.LinesBefore(ctx, store.AccountKey{Customer: c.key, Slug: slug}, before, limit+1)
		if len(lines) > limit {
			lines = lines[:limit]
			page.Next = strconv.FormatInt(lines[limit-1].Seq, 10)
		}
		for _, l := range lines {
			page.Data = append(page.Data, shownLine(l, customer))
		}
		return err
	})
	return page, outside("read entries", err)
}

// balanceOwner returns the customer of a balance; both must exist.
func (e *Engine) balanceOwner(ctx context.Context, customer id.Customer, slug id.Slug) (Customer, error) {
	if !e.book.Load().IsBalance(slug) {
		return Customer{}, e.unknownBalance(slug)
	}
	return e.Customer(ctx, customer)
}

func shownLine(l store.Line, customer id.Customer) Line {
	out := Line{Entry: l.Filled()}
	if l.Event != nil {
		event := l.Event.Event
		event.Customer = customer
		out.Event = &event
	}
	return out
}

// An Explanation is a balance with the lines that add up to it, in words.
type Explanation struct {
	Customer id.Customer `json:"customer"`
	Plan     id.Slug     `json:"plan"`
	Name     string      `json:"name"` // of the meter or credits pool
	Unit     string      `json:"unit,omitempty"`
	Summary  string      `json:"summary"`  // one sentence: what is left and why
	Adjusted []string    `json:"adjusted"` // a sentence for each limit adjustment that moves the limit now
	// Sum is Balance.Available as a sum, with the same words as Summary; empty when the balance is unlimited.
	Sum     []credit.Term  `json:"sum"`
	Balance credit.Balance `json:"balance"`
	Opening quantity.Units `json:"opening"` // the ledger's balance before the first line below
	Lines   []Told         `json:"lines"`   // oldest first: Opening plus their amounts is the last line's balance
	Pending []Told         `json:"pending"` // what the next act will write first, such as a window that has ended
	// Apart is what the ledger's balance and what is available differ by: Opening, the amounts of Lines and Pending, and those of
	// Apart add up to Balance.Available. Empty when the balance is unlimited.
	Apart   []credit.Term `json:"apart"`
	Earlier bool          `json:"earlier"` // there are older lines; see Entries
}

// A Told is a ledger line with what it means in words.
type Told struct {
	Line
	Text string `json:"text"`
}

// explainMax is how many lines an explanation shows.
const explainMax = 100

// Explain returns a balance down to the grants and events that made it. Faults: not_found.
func (e *Engine) Explain(ctx context.Context, customer id.Customer, slug id.Slug) (Explanation, error) {
	c, err := e.balanceOwner(ctx, customer, slug)
	if err != nil {
		return Explanation{}, err
	}
	b := e.book.Load()
	out := Explanation{Customer: customer, Plan: c.Plan, Adjusted: []string{}, Sum: []credit.Term{}, Lines: []Told{}, Pending: []Told{}, Apart: []credit.Term{}}
	words := b.words(slug)
	out.Name, out.Unit = words.Name, words.Unit
	err = e.db.View(ctx, func(tx *store.Tx) error {
		k := store.AccountKey{Customer: c.key, Slug: slug}
		state, err := tx.StateOf(ctx, k)
		if err != nil {
			return err
		}
		lines, err := tx.LinesBefore(ctx, k, state.Seq+1, explainMax+1)
		if err != nil {
			return err
		}
		if out.Earlier = len(lines) > explainMax; out.Earlier {
			lines = lines[:explainMax]
		}
		for i := len(lines) - 1; i >= 0; i-- {
			out.Lines = append(out.Lines, Told{shownLine(lines[i], customer), words.Tell(lines[i].Entry)})
		}
		if len(lines) > 0 {
			oldest := lines[len(lines)-1]
			out.Opening = oldest.Balance - oldest.Amount
		}
		now := state.At(e.Now())
		terms := e.terms(b, &c.row, slug, now)
		for _, a := range c.row.Adjustments {
			if a.Balance == slug && a.Applies(terms.Window, now) {
				out.Adjusted = append(out.Adjusted, words.Adjustment(a))
			}
		}
		state, pending, _, err := credit.Apply(state, terms, credit.Request{}, now)
		for _, p := range pending {
			out.Pending = append(out.Pending, Told{shownLine(store.Line{Entry: p}, customer), words.Tell(p)})
		}
		out.Balance = shownBalance(&state, c.Plan, slug, now)
		plain := c.row
		plain.Adjustments = nil
		given := e.terms(b, &plain, slug, now).Limit
		out.Summary = words.Summary(&state, given, now)
		sum, apart := words.Reckon(&state, given, now)
		out.Sum, out.Apart = append(out.Sum, sum...), append(out.Apart, apart...)
		return err
	})
	return out, outside("explain", err)
}

// words returns how to speak of a balance.
func (b *book) words(slug id.Slug) credit.Words {
	if m, ok := b.Meters[slug]; ok {
		return credit.Words{Name: m.Name, Unit: m.Unit}
	}
	return credit.Words{Name: b.Credits[slug].Name, Unit: "credit"}
}
