package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/spool"
)

// ErrSpooled says that the server could not be told of usage that has happened, and that it is on disk: the Client sends
// it as soon as it can, once. It is good news, without a balance.
var ErrSpooled = errors.New("the usage is kept on disk and will be sent")

// Consume is tollgate.Engine.Consume. With u.Record it is Record.
func (c *Client) Consume(ctx context.Context, u meter.Usage) (tollgate.Receipt, error) {
	if u.Record {
		return c.Record(ctx, u)
	}
	return c.consume(ctx, u)
}

func (c *Client) consume(ctx context.Context, u meter.Usage) (tollgate.Receipt, error) {
	return call[tollgate.Receipt](ctx, c, http.MethodPost, "/v1/consume", nil, u)
}

// Record is tollgate.Engine.Record. With Options.Spool, usage that the server cannot be told of is kept on disk and
// ErrSpooled is returned: it will be sent, with its time and under its transactionId, so it counts once whether or not a
// lost try has arrived.
func (c *Client) Record(ctx context.Context, u meter.Usage) (tollgate.Receipt, error) {
	u.Record = true
	if c.opts.Spool == nil {
		return c.consume(ctx, u)
	}
	if u.At == nil { // before the first try: the same request has the same time
		now := time.Now().UTC().Truncate(time.Microsecond)
		u.At = &now
	}
	out, err := c.consume(ctx, u)
	if err == nil || spool.Final(err) {
		return out, err
	}
	if kept := c.opts.Spool.Append(spool.Fact{Usage: u}); kept != nil {
		return out, errors.Join(err, kept)
	}
	return out, fmt.Errorf("%w (%v)", ErrSpooled, err) //nolint:errorlint // nobody is to act on the cause
}

// sendFact tells the server a fact of the spool.
func (c *Client) sendFact(ctx context.Context, f spool.Fact) error {
	_, err := c.consume(ctx, f.Usage)
	return err
}

// Batch is tollgate.Engine.Batch: out[i] answers usage[i].
func (c *Client) Batch(ctx context.Context, usage []meter.Usage) ([]tollgate.Outcome, error) {
	type batch struct {
		Events []meter.Usage `json:"events"`
	}
	answer, err := call[struct{ Data []json.RawMessage }](ctx, c, http.MethodPost, "/v1/events", nil, batch{append([]meter.Usage{}, usage...)})
	if err != nil {
		return nil, err
	}
	if len(answer.Data) != len(usage) {
		return nil, fmt.Errorf("the server answered %d of %d events", len(answer.Data), len(usage))
	}
	out := make([]tollgate.Outcome, len(usage))
	for i, raw := range answer.Data {
		if out[i], err = outcome(raw); err != nil {
			return nil, fmt.Errorf("read the answer to event %d: %w", i, err)
		}
	}
	return out, nil
}

func outcome(raw json.RawMessage) (tollgate.Outcome, error) {
	var status struct{ Status int }
	if err := json.Unmarshal(raw, &status); err != nil {
		return tollgate.Outcome{}, err
	}
	if status.Status == http.StatusOK {
		r := new(tollgate.Receipt)
		return tollgate.Outcome{Receipt: r}, json.Unmarshal(raw, r)
	}
	f := new(fault.Error)
	if err := json.Unmarshal(raw, f); err != nil {
		return tollgate.Outcome{}, err
	}
	delete(f.Details, "status")
	return tollgate.Outcome{Err: f}, nil
}

// Check is tollgate.Engine.Check. A feature that the plan does not include answers with a fault, as CheckFeature does.
func (c *Client) Check(ctx context.Context, r tollgate.CheckRequest) (tollgate.Check, error) {
	return call[tollgate.Check](ctx, c, http.MethodPost, "/v1/check", nil, r)
}

// CheckFeature is tollgate.Engine.CheckFeature.
func (c *Client) CheckFeature(ctx context.Context, customer id.Customer, feature id.Slug) (plan.Value, error) {
	out, err := c.Check(ctx, tollgate.CheckRequest{Customer: customer, Feature: feature})
	if err != nil || out.Value == nil {
		return plan.Value{}, err
	}
	return *out.Value, nil
}

// Hold is tollgate.Engine.Hold.
func (c *Client) Hold(ctx context.Context, r tollgate.HoldRequest) (tollgate.Held, error) {
	return call[tollgate.Held](ctx, c, http.MethodPost, "/v1/holds", nil, r)
}

// Capture is tollgate.Engine.Capture.
func (c *Client) Capture(ctx context.Context, holdID string, amount *quantity.Units) (tollgate.Receipt, error) {
	type capture struct {
		Amount *quantity.Units `json:"amount,omitempty"`
	}
	return call[tollgate.Receipt](ctx, c, http.MethodPost, path("v1", "holds", holdID, "capture"), nil, capture{amount})
}

// Release is tollgate.Engine.Release.
func (c *Client) Release(ctx context.Context, holdID string) (tollgate.Held, error) {
	return call[tollgate.Held](ctx, c, http.MethodPost, path("v1", "holds", holdID, "release"), nil, nil)
}

// Void is tollgate.Engine.Void.
func (c *Client) Void(ctx context.Context, customer id.Customer, t id.Transaction, reason string) (tollgate.Voided, error) {
	query := url.Values{}
	if reason != "" {
		query.Set("reason", reason)
	}
	return call[tollgate.Voided](ctx, c, http.MethodDelete, customerPath(customer, "events", string(t)), query, nil)
}

// Grant is tollgate.Engine.Grant. Without an ID it is one grant, however often the call is sent.
func (c *Client) Grant(ctx context.Context, r tollgate.GrantRequest) (tollgate.Granted, error) {
	r.ID = fresh(r.ID)
	return call[tollgate.Granted](ctx, c, http.MethodPost, customerPath(r.Customer, "grants"), nil, r)
}

// Revoke is tollgate.Engine.Revoke.
func (c *Client) Revoke(ctx context.Context, grantID, reason string) (tollgate.Revoked, error) {
	type revoke struct {
		Reason string `json:"reason,omitempty"`
	}
	return call[tollgate.Revoked](ctx, c, http.MethodPost, path("v1", "grants", grantID, "revoke"), nil, revoke{reason})
}

// Balance is tollgate.Engine.Balance.
func (c *Client) Balance(ctx context.Context, customer id.Customer, slug id.Slug) (credit.Balance, error) {
	return call[credit.Balance](ctx, c, http.MethodGet, customerPath(customer, "balances", string(slug)), nil, nil)
}

// BalanceAt is tollgate.Engine.BalanceAt.
func (c *Client) BalanceAt(ctx context.Context, customer id.Customer, slug id.Slug, t time.Time) (credit.Balance, error) {
	query := url.Values{"at": {t.UTC().Format(time.RFC3339Nano)}}
	return call[credit.Balance](ctx, c, http.MethodGet, customerPath(customer, "balances", string(slug)), query, nil)
}

// Balances is tollgate.Engine.Balances.
func (c *Client) Balances(ctx context.Context, customer id.Customer) ([]credit.Balance, error) {
	out, err := call[struct{ Data []credit.Balance }](ctx, c, http.MethodGet, customerPath(customer, "balances"), nil, nil)
	return out.Data, err
}
