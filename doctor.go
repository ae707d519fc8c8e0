package tollgate

import (
	"context"
	"errors"
	"fmt"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/subscription"
)

// A Difference is one thing that is not here as it is at Stripe.
type Difference struct {
	Customer id.Customer `json:"customer,omitempty"` // empty for what is no customer's
	What     string      `json:"what"`               // customer, plan, status, period, subscription, payment, grant, report, usage, price, event
	Here     string      `json:"here"`
	Stripe   string      `json:"stripe"`
	Cause    string      `json:"cause"` // how that comes about, and what mends it
	Repaired bool        `json:"repaired,omitempty"`
}

// doctorPage is how many customers are read at once.
const doctorPage = 100

// Diagnose compares everything that is kept here of Stripe with Stripe: customers, plans, periods, payments, what they
// bought, what was told of their use, prices, and events that were given up. It changes nothing, unless repair is true: then
// customers at Stripe whose binding is lost are bound, usage that Stripe does not count as told is corrected, and each
// customer that differs is read from Stripe anew, and looked at again. Faults: conflict before a catalog is published, for all that
// Stripe sells would seem too much; payments_not_configured.
func (e *Engine) Diagnose(ctx context.Context, repair bool) ([]Difference, error) {
	s, err := e.sells()
	if err != nil {
		return nil, err
	}
	if e.Catalog().Version == 0 {
		return nil, fault.New(fault.Conflict, "No catalog has been published in this database, so there is nothing to compare Stripe with: name the right database, or publish a catalog with `tollgate apply FILE`.")
	}
	all, err := e.diagnosePrices(ctx, s)
	if err != nil {
		return nil, err
	}
	parked, err := e.db.StripeEvents(ctx, PageMax, store.EventParked)
	if err != nil {
		return nil, outside("read events", err)
	}
	for _, ev := range parked {
		all = append(all, Difference{What: "event", Here: "parked: " + ev.Error, Stripe: ev.ID + " " + ev.Kind,
			Cause: "Working on it failed " + fmt.Sprint(ev.Attempts) + " times. Mend what the error names, then: tollgate webhooks replay " + ev.ID})
	}
	lost, err := e.diagnoseCustomers(ctx, s, repair)
	if err != nil {
		return nil, err
	}
	all = append(all, lost...)
	for after := id.Key(0); ; {
		page, err := e.db.Bound(ctx, after, doctorPage)
		if err != nil {
			return nil, outside("read billings", err)
		}
		for _, b := range page {
			after = b.Customer
			found, err := e.diagnose(ctx, s, b)
			if err != nil {
				return nil, err
			}
			if repair && len(found) > 0 {
				if found, err = e.repair(ctx, s, b, found); err != nil {
					return nil, err
				}
			}
			all = append(all, found...)
		}
		if len(page) < doctorPage {
			return all, nil
		}
	}
}

// repair reads a customer anew, has Stripe told what it was not, and says of each difference whether it is gone.
func (e *Engine) repair(ctx context.Context, s *seller, b store.Billing, found []Difference) ([]Difference, error) {
	if err := e.sync(ctx, b.Customer); err != nil {
		return nil, err
	}
	if err := e.repairUsage(ctx, b); err != nil {
		return nil, err
	}
	left, err := e.diagnose(ctx, s, b)
	if err != nil {
		return nil, err
	}
	still := map[string]bool{}
	for _, d := range left {
		still[d.subject()] = true
	}
	for i := range found {
		found[i].Repaired = !still[found[i].subject()]
	}
	return found, nil
}

// subject tells the differences of a customer apart, before a repair and after it.
func (d Difference) subject() string {
	if d.What == differenceReport {
		return d.What + d.Here // Stripe words each refusal anew
	}
	return d.What + d.Stripe
}

// differenceReport is the What of a report that is stuck.
const differenceReport = "report"

// diagnosePrices compares the catalog with what Stripe sells.
func (e *Engine) diagnosePrices(ctx context.Context, s *seller) ([]Difference, error) {
	changes, err := s.stripe.PlanCatalog(ctx, stripe.Wish{Catalog: e.Catalog()})
	if err != nil {
		return nil, err
	}
	var all []Difference
	for _, step := range changes.Steps() {
		if step.Op != "keep" {
			all = append(all, Difference{What: step.Kind, Here: string(step.Slug), Stripe: step.Op + ": " + step.What,
				Cause: "The catalog in force is not what Stripe sells. Mend it with: tollgate apply CATALOG"})
		}
	}
	return all, nil
}

// diagnose compares one customer.
func (e *Engine) diagnose(ctx context.Context, s *seller, b store.Billing) ([]Difference, error) {
	c, err := e.db.CustomerByKey(ctx, b.Customer)
	if store.None(err) {
		return nil, nil // erased
	}
	if err != nil {
		return nil, outside("read customer", err)
	}
	var all []Difference
	differ := func(what, here, there, cause string) {
		if here != there {
			all = append(all, Difference{Customer: c.ExternalID, What: what, Here: here, Stripe: there, Cause: cause})
		}
	}
	name, deleted, err := s.stripe.CustomerName(ctx, b.Stripe)
	switch {
	case err != nil:
		return nil, err
	case deleted:
		differ("customer", b.Stripe, "deleted", "The customer was deleted at Stripe. It keeps what it has here, and cannot buy: erase it, or make another one there with its metadata, source=tollgate and customer="+string(c.ExternalID)+", and repair.")
	case name != c.ExternalID:
		differ("customer", string(c.ExternalID), string(name), "The customer at Stripe carries another externalId in its metadata. Set it there.")
	}
	const missed = "A webhook has not arrived, or has not been worked on. Repair reads the customer from Stripe."
	p, err := s.stripe.Fetch(ctx, b.Stripe)
	if err != nil {
		return nil, err
	}
	book := e.book.Load()
	d := subscription.Decide(p, book.Access, e.Now())
	if d.Subscription != nil {
		differ("plan", string(c.Plan), string(book.granted(d)), missed)
		differ("status", c.Status, string(d.Status), missed)
		if !c.Paid.Equal(d.Paid) {
			differ("period", shownPaid(c.Paid), shownPaid(d.Paid), missed)
		}
	}
	for _, s := range d.Beside {
		if s.Status != subscription.Incomplete { // which was never paid, and lapses within a day
			differ("subscription", d.Subscription.ID, fmt.Sprintf("%s of %s, %s", s.ID, s.Plan(), s.Status),
				"The customer pays for both of these, and has what the first gives. End the one that is not wanted, with POST /v1/subscriptions/ID/cancel, and refund what was paid for it.")
		}
	}
	for _, pay := range p.Payments {
		rec, err := e.db.RecordOf(ctx, store.RecordPayment, pay.ID)
		if store.None(err) {
			differ("payment", "missing", pay.ID, missed)
			continue
		}
		if err != nil {
			return nil, outside("read payment", err)
		}
		kept, err := unpack[subscription.Payment](rec.Body)
		if err != nil {
			return nil, err
		}
		differ("payment", shownPayment(kept), shownPayment(pay), missed)
	}
	for _, g := range d.Grants {
		lot := id.Derived("grant", c.Key, g.ID)
		_, found, err := e.db.EntryNamed(ctx, c.Key, "grant:"+lot)
		if err != nil {
			return nil, outside("read grant", err)
		}
		if !found && (g.ExpiresAt.IsZero() || g.ExpiresAt.After(e.Now())) {
			differ("grant", "missing", fmt.Sprintf("%s %s of payment %s", g.Amount, g.Balance, g.Payment), missed)
		}
	}
	used, err := e.diagnoseUsage(ctx, c, b)
	return append(all, used...), err
}

func shownPaid(p subscription.Paid) string {
	if p.None() {
		return "none"
	}
	const layout = "2006-01-02T15:04:05Z"
	return fmt.Sprintf("%s to %s, %d refunded of %d", p.Start.Format(layout), p.End.Format(layout), p.Refunded, p.Amount)
}

func shownPayment(p subscription.Payment) string {
	return fmt.Sprintf("%s %s %d %s, %d refunded", p.ID, p.Status, p.Amount, p.Currency, p.Refunded)
}

// StripeReady says what keeps payments from working, in sentences that say what to do; none when nothing does.
func (e *Engine) StripeReady(ctx context.Context) []string {
	s, err := e.sells()
	if err != nil {
		return []string{"Nothing is sold: " + said(err)}
	}
	var missing []string
	changes, err := s.stripe.PlanCatalog(ctx, stripe.Wish{Catalog: e.Catalog()})
	if err != nil {
		return append(missing, said(err))
	}
	for _, step := range changes.Steps() {
		if step.Op != "keep" && step.Kind != "portal" {
			missing = append(missing, "Stripe does not sell what the catalog has: tollgate apply CATALOG puts it there.")
			break
		}
	}
	if s.SuccessURL == "" {
		missing = append(missing, "No success URL is set (TOLLGATE_SUCCESS_URL): every checkout must name its own.")
	}
	return missing
}

// said returns what a caller may read of an error.
func said(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}
