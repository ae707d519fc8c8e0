package tollgate

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/plan"
)

// A ShownPrice is a price for display. What is charged is what Stripe says.
type ShownPrice struct {
	Slug     id.Slug       `json:"slug"`
	Plan     id.Slug       `json:"plan,omitempty"`  // of a plan's price
	TopUp    id.Slug       `json:"topUp,omitempty"` // of a top-up's
	Every    plan.Interval `json:"every,omitempty"`
	Model    plan.Model    `json:"model"`
	Amount   int64         `json:"amount"` // minor units; 0 where the model prices by quantity
	Currency string        `json:"currency"`
	Display  string        `json:"display"` // for people: "$7.99 per month", "$0.02 per request"
	Source   string        `json:"source"`  // catalog, or synced when SyncPrice has set another amount
	SyncedAt *time.Time    `json:"syncedAt,omitempty"`
}

// Prices returns what the catalog sells, plans in their order, then top-ups, each with the amount last synced.
func (e *Engine) Prices(ctx context.Context) ([]ShownPrice, error) {
	b := e.book.Load()
	synced, err := e.db.Prices(ctx)
	if err != nil {
		return nil, outside("read prices", err)
	}
	out := []ShownPrice{}
	for _, p := range slices.SortedFunc(maps.Values(b.Plans), func(x, y plan.Plan) int { return x.Position - y.Position }) {
		for _, price := range p.Prices {
			shown := ShownPrice{Slug: price.Slug, Plan: p.Slug}
			out = append(out, shown.of(price, synced, b.Meters[price.Meter].Unit))
		}
	}
	for _, slug := range slices.Sorted(maps.Keys(b.TopUps)) {
		t := b.TopUps[slug]
		sold := plan.Price{Slug: slug, Model: plan.Flat, Amount: t.Amount, Currency: t.Currency}
		out = append(out, ShownPrice{Slug: slug, TopUp: slug}.of(sold, synced, ""))
	}
	return out, nil
}

// of shows a price of the catalog, with the amount that was synced, if one was.
func (p ShownPrice) of(price plan.Price, synced map[id.Slug]store.Price, unit string) ShownPrice {
	p.Source = "catalog"
	if s, ok := synced[p.Slug]; ok && price.Model == plan.Flat {
		at := s.SyncedAt
		price.Amount, price.Currency, p.Source, p.SyncedAt = s.Amount.Minor, s.Amount.Currency, "synced", &at
	}
	p.Every, p.Model, p.Amount, p.Currency, p.Display = price.Every, price.Model, price.Amount, price.Currency, price.Show(unit)
	return p
}

// SyncPrice stores the amount that a price has at Stripe as of a moment, for display. An amount as of an earlier moment
// than the one stored changes nothing, so events may come in any order. Faults: not_found for a slug the catalog does not
// sell; invalid_request.
func (e *Engine) SyncPrice(ctx context.Context, slug id.Slug, amount money.Amount, asOf time.Time) (ShownPrice, error) {
	if err := e.checkSync(ctx, slug, amount, asOf); err != nil {
		return ShownPrice{}, err
	}
	asOf = asOf.UTC().Truncate(time.Microsecond)
	err := e.db.Update(ctx, func(tx *store.Tx) error {
		return tx.SyncPrice(ctx, slug, store.Price{Amount: amount, SyncedAt: asOf})
	})
	if err != nil {
		return ShownPrice{}, outside("write price", err)
	}
	return e.price(ctx, slug)
}

func (e *Engine) price(ctx context.Context, slug id.Slug) (ShownPrice, error) {
	all, err := e.Prices(ctx)
	if err != nil {
		return ShownPrice{}, err
	}
	i := slices.IndexFunc(all, func(p ShownPrice) bool { return p.Slug == slug })
	if i < 0 {
		return ShownPrice{}, fault.New(fault.NotFound, "The catalog sells nothing under the slug %q.", string(slug)).With("price", string(slug))
	}
	return all[i], nil
}

func (e *Engine) checkSync(ctx context.Context, slug id.Slug, amount money.Amount, asOf time.Time) error {
	known, err := e.price(ctx, slug)
	if err != nil {
		return err
	}
	_, ok := money.Exponent(amount.Currency)
	switch {
	case known.Model != plan.Flat:
		return fault.Field("price", string(slug), nil, "%s is priced by quantity (%s): it has no one amount to show.", slug, known.Model)
	case amount.Minor < 0 || amount.Minor > money.AmountMinorMax:
		return fault.Field("amount", amount.Minor, money.AmountMinorMax, "amount is a number of minor units from 0 to %d.", int64(money.AmountMinorMax))
	case !ok:
		return fault.Field("currency", amount.Currency, nil, "currency is a lower-case ISO 4217 code that Stripe takes, such as usd.")
	case asOf.Year() < 2000 || asOf.After(e.Now().Add(AheadMax)):
		return fault.Field("asOf", asOf.String(), nil, "asOf is the time at which the price had this amount: since 2000, and not in the future.")
	}
	return nil
}
