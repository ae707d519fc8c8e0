package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// usage returns what a request uses of a meter, at its time in the trace.
func (p *replay) usage(r demoRequest, slug id.Slug, amount int64, transaction string) meter.Usage {
	at, units := r.At.Truncate(time.Microsecond), quantity.Whole(amount)
	return meter.Usage{Customer: p.customers[r.customer].name, Meter: slug, Amount: &units, TransactionID: id.Transaction(transaction), At: &at}
}

// consume sends usage and checks that the answer is about it, and that a refusal is for want of payer.
func (p *replay) consume(ctx context.Context, t *demoTally, u meter.Usage, payer id.Slug) (a demoAnswer, refused bool, err error) {
	if a, err = p.client.call(ctx, http.MethodPost, "/v1/consume", u); err != nil {
		return a, false, err
	}
	t.took = append(t.took, a.took)
	var receipt tollgate.Receipt
	f, err := a.read(&receipt)
	switch e := receipt.Event; {
	case err != nil:
		return a, false, err
	case f != nil:
		return a, true, a.justified(f, payer)
	case receipt.Duplicate:
		return a, false, a.unexpected("it was sent for the first time")
	case e.Customer != u.Customer || e.Meter != u.Meter || e.Amount != *u.Amount || e.TransactionID != u.TransactionID || !e.At.Equal(*u.At):
		return a, false, a.unexpected("the event is not the one that was sent")
	}
	t.Events++
	return a, false, nil
}

// repeat sends usage again, as an app does that has lost the answer.
func (p *replay) repeat(ctx context.Context, t *demoTally, u meter.Usage, first demoAnswer) error {
	a, err := p.client.call(ctx, http.MethodPost, "/v1/consume", u)
	if err != nil {
		return err
	}
	t.took = append(t.took, a.took)
	want := first.body
	if first.status == http.StatusOK {
		want = bytes.Replace(first.body, []byte(`"duplicate":false`), []byte(`"duplicate":true`), 1)
	}
	if a.status != first.status || !bytes.Equal(a.body, want) {
		return a.unexpected(fmt.Sprintf("the first one to the same request was\n  %d %s", first.status, bytes.TrimSpace(first.body)))
	}
	if a.status == http.StatusOK {
		t.Duplicates++
		return nil
	}
	t.Again++
	return nil
}

// balance asks for a balance.
func (p *replay) balance(ctx context.Context, customer id.Customer, slug id.Slug) (credit.Balance, error) {
	var b credit.Balance
	a, err := p.client.call(ctx, http.MethodGet, "/v1/customers/"+string(customer)+"/balances/"+string(slug), nil)
	if err != nil {
		return b, err
	}
	if refused, err := a.read(&b); err != nil || refused != nil {
		return b, a.unexpected("a balance was asked for")
	}
	if b.Available == nil || b.Limit == nil || b.Held == nil {
		return b, a.unexpected("the balance has a limit")
	}
	return b, nil
}

// justified returns an error when a refusal names another balance, or one that would have sufficed.
func (a demoAnswer) justified(refused *fault.Error, slug id.Slug) error {
	available, ok := refused.Details["availableBalance"].(json.Number)
	required, also := refused.Details["required"].(json.Number)
	if !ok || !also || refused.Details["balance"] != string(slug) {
		return a.unexpected("it does not say what is missing of " + string(slug))
	}
	has, err := quantity.Parse(available.String())
	if err != nil {
		return a.unexpected(err.Error())
	}
	needs, err := quantity.Parse(required.String())
	if err != nil {
		return a.unexpected(err.Error())
	}
	if has >= needs {
		return a.unexpected("the balance suffices")
	}
	return nil
}
