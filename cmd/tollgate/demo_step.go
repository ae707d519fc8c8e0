package main

import (
	"context"
	"fmt"
	"net/http"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// The balances of the sample catalog that the demo uses.
const (
	demoRequests = id.Slug("ai_requests")
	demoTokens   = id.Slug("tokens")
	demoCredits  = id.Slug("token_credits") // pay for tokens
)

// playOne does what an app does for one request: it asks for a request, and when it gets it, pays the tokens.
func (p *replay) playOne(ctx context.Context, r demoRequest) error {
	if r.burst {
		return p.playBurst(ctx, r)
	}
	t := &p.tallies[r.customer]
	t.Sent++
	unpaid := t.TokensRefused
	u := p.usage(r, demoRequests, 1, r.transaction("request"))
	a, refused, err := p.consume(ctx, t, u, demoRequests)
	if err != nil {
		return err
	}
	if r.twice {
		if err := p.repeat(ctx, t, u, a); err != nil {
			return err
		}
	}
	if refused {
		t.Refused++
		t.unserved = append(t.unserved, r)
		return nil
	}
	t.Accepted++
	if r.hold {
		err = p.holdTokens(ctx, t, r)
	} else {
		err = p.payTokens(ctx, t, r, r.transaction("tokens"))
	}
	if t.TokensRefused > unpaid {
		t.unpaid = append(t.unpaid, r)
	}
	return err
}

// payTokens charges what the model has used.
func (p *replay) payTokens(ctx context.Context, t *demoTally, r demoRequest, transaction string) error {
	used := r.Context + r.Generated
	_, refused, err := p.consume(ctx, t, p.usage(r, demoTokens, used, transaction), demoCredits)
	switch {
	case err != nil:
		return err
	case refused:
		t.TokensRefused++
	default:
		t.Tokens += used
	}
	return nil
}

// holdTokens sets more tokens aside than the model will use, then captures what it has used.
func (p *replay) holdTokens(ctx context.Context, t *demoTally, r demoRequest) error {
	customer, estimate, used := p.customers[r.customer].name, r.Context+2*r.Generated, r.Context+r.Generated
	transaction := id.Transaction(r.transaction("tokens"))
	a, err := p.client.call(ctx, http.MethodPost, "/v1/holds", tollgate.HoldRequest{
		Customer: customer, Meter: demoTokens, Amount: quantity.Whole(estimate), TransactionID: transaction,
	})
	if err != nil {
		return err
	}
	t.took = append(t.took, a.took)
	var held tollgate.Held
	refused, err := a.read(&held)
	switch {
	case err != nil:
		return err
	case refused != nil:
		t.TokensRefused++
		return a.justified(refused, demoCredits)
	}
	t.Holds, t.HeldTokens = t.Holds+1, t.HeldTokens+estimate

	amount := quantity.Whole(used)
	a, err = p.client.call(ctx, http.MethodPost, "/v1/holds/"+held.ID+"/capture", struct {
		Amount quantity.Units `json:"amount"`
	}{amount})
	if err != nil {
		return err
	}
	t.took = append(t.took, a.took)
	var receipt tollgate.Receipt
	if refused, err = a.read(&receipt); err != nil {
		return err
	}
	if refused != nil || receipt.Duplicate || receipt.Event.Amount != amount || receipt.Event.TransactionID != transaction {
		return a.unexpected(fmt.Sprintf("the capture of %d tokens had to be accepted, for %d were held", used, estimate))
	}
	t.Captured, t.UsedTokens = t.Captured+1, t.UsedTokens+used
	t.Tokens, t.Events = t.Tokens+used, t.Events+1
	return nil
}

// playBurst sends a request so many times at once, each under its own transactionId: exactly as many may be accepted
// as the customer has left. Then it pays the tokens of each.
func (p *replay) playBurst(ctx context.Context, r demoRequest) error {
	t := &p.tallies[r.customer]
	b, err := p.balance(ctx, p.customers[r.customer].name, demoRequests)
	if err != nil {
		return err
	}
	left := min(int64(*b.Available/quantity.One), demoBurstSize)
	var calls errgroup.Group
	var counts [demoBurstSize]demoTally
	var refused [demoBurstSize]bool
	for i := range demoBurstSize {
		calls.Go(func() (err error) {
			u := p.usage(r, demoRequests, 1, fmt.Sprintf("%s-%d", r.transaction("burst"), i))
			_, refused[i], err = p.consume(ctx, &counts[i], u, demoRequests)
			return err
		})
	}
	if err := calls.Wait(); err != nil {
		return err
	}
	var accepted []int
	for i := range demoBurstSize {
		t.add(counts[i])
		if !refused[i] {
			accepted = append(accepted, i)
		}
	}
	n := int64(len(accepted))
	if n != left {
		return fmt.Errorf("a burst of %d requests for %s: %d were accepted, but %d were left", demoBurstSize, p.customers[r.customer].name, n, left)
	}
	t.Sent, t.Accepted, t.Refused = t.Sent+demoBurstSize, t.Accepted+n, t.Refused+demoBurstSize-n
	t.Bursts, t.BurstSent, t.BurstLeft, t.BurstAccepted = t.Bursts+1, t.BurstSent+demoBurstSize, t.BurstLeft+left, t.BurstAccepted+n
	for _, i := range accepted {
		if err := p.payTokens(ctx, t, r, fmt.Sprintf("%s-%d", r.transaction("burst-tokens"), i)); err != nil {
			return err
		}
	}
	return nil
}
