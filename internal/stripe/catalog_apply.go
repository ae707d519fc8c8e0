package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	stripe "github.com/stripe/stripe-go/v86"
)

// ApplyCatalog does the steps of PlanCatalog, one after the other. It may be repeated after it failed anywhere, be it with
// the same changes or with those of a new look, and run in two processes at once: nothing is made twice.
//
// secret is that of a webhook endpoint that it made, else empty. Stripe tells it this once, so it may come along with an
// error. Faults: those of every call; the steps before the one that failed are done.
func (c *Client) ApplyCatalog(ctx context.Context, changes *Changes) (secret string, err error) {
	ids := maps.Clone(changes.ids)
	for _, s := range changes.steps {
		if s.Op == OpKeep {
			continue
		}
		f, ok := resolved(s.form, s.refs, ids)
		if !ok {
			return secret, fmt.Errorf("stripe: %s %s %s: what it needs is not there", s.Op, s.Kind, s.Slug)
		}
		if s.Kind == KindPortal {
			f.metadata(pairs{{"terms", portalPrint(f)}})
		}
		made, err := c.do(ctx, s, f)
		if err != nil {
			return secret, err
		}
		ids[ref(s.Kind, s.Slug)] = made.ID
		if s.Kind == KindWebhook && s.Op == OpCreate {
			secret = made.Secret
		}
	}
	return secret, nil
}

// resolved adds the ids that refs stand for to a form, and returns false when one is not known yet.
func resolved(f form, refs, ids map[string]string) (form, bool) {
	f = slices.Clone(f)
	for _, param := range slices.Sorted(maps.Keys(refs)) {
		id, ok := ids[refs[param]]
		if !ok {
			return nil, false
		}
		f.add(param, id)
	}
	return f, true
}

// A state is what matters of the answer to a step.
type state struct {
	ID     string `json:"id"`
	Active *bool  `json:"active"` // of a price, a product and a portal configuration
	Status string `json:"status"` // of a meter and a webhook endpoint
	Secret string `json:"secret"` // of a new webhook endpoint
}

// serves reports whether an object is in use, and not archived or switched off.
func (s state) serves() bool {
	return (s.Active == nil || *s.Active) && (s.Status == "" || s.Status == meterActive || s.Status == endpointEnabled)
}

func (c *Client) do(ctx context.Context, s step, f form) (state, error) {
	what := s.Op + " " + s.Kind + " " + string(s.Slug)
	switch {
	case s.Op == OpCreate && s.ID != "":
		return c.createNamed(ctx, what, s, f)
	case s.Op == OpCreate:
		return c.createOnce(ctx, what, s.path, f)
	}
	made, err := c.post(ctx, what, s.path, f, "")
	if err == nil || s.done == nil {
		return made, err
	}
	var now state
	if again := c.read(ctx, "/v1/billing/meters/"+s.ID, &now); again != nil || !s.done(now) {
		return made, err
	}
	return now, nil
}

// createNamed makes an object whose id is ours to choose. When there is one by now, it is changed instead.
func (c *Client) createNamed(ctx context.Context, what string, s step, f form) (state, error) {
	made, err := c.post(ctx, what, s.path, f, "")
	var refused *stripe.Error
	if err == nil || !errors.As(err, &refused) || refused.Code != stripe.ErrorCodeResourceAlreadyExists {
		return made, err
	}
	f = slices.DeleteFunc(f, func(p pair) bool { return p.name == "id" })
	return c.post(ctx, what, s.path+"/"+s.ID, f, "")
}

// createMax is how many answers of the past createOnce goes past.
const createMax = 10

// createOnce makes an object under an idempotency key that follows from its parameters. Stripe repeats the first answer
// to a key for at least 24 hours, errors too (https://docs.stripe.com/api/idempotent_requests). When that answer is of no
// use any more, because it was an error or because somebody has deleted or archived the object since, the next key is
// taken, which is the same in every process.
func (c *Client) createOnce(ctx context.Context, what, path string, f form) (state, error) {
	after := ""
	for try := 1; ; try++ {
		made, replayed, err := c.postKeyed(ctx, what, path, f, contentKey(path, f.encode(), after))
		switch {
		case !replayed || try == createMax:
			return made, err
		case err != nil:
			after = strconv.Itoa(try)
			continue
		}
		var now state
		switch err := c.read(ctx, path+"/"+made.ID, &now); {
		case err == nil && now.serves():
			return made, nil
		case err != nil && !missing(err):
			return made, err
		}
		after = made.ID
	}
}

func (c *Client) post(ctx context.Context, what, path string, f form, key string) (state, error) {
	made, _, err := c.postKeyed(ctx, what, path, f, key)
	return made, err
}

// postKeyed also reports whether the answer is that of an earlier request.
func (c *Client) postKeyed(ctx context.Context, what, path string, f form, key string) (made state, replayed bool, err error) {
	answer, err := c.send(ctx, what, "POST", path, f, key)
	if err != nil {
		var refused *stripe.Error
		if errors.As(err, &refused) {
			answer = refused.LastResponse
		}
		return state{}, isReplay(answer), err
	}
	if err := json.Unmarshal(answer.RawJSON, &made); err != nil {
		return state{}, false, fmt.Errorf("stripe: %s: %w", what, err)
	}
	return made, isReplay(answer), nil
}

func isReplay(answer *stripe.APIResponse) bool {
	return answer != nil && answer.Header.Get("Idempotent-Replayed") == "true"
}

// read reads one answer into v, a pointer to what of its JSON matters.
func (c *Client) read(ctx context.Context, path string, v any) error {
	answer, err := c.send(ctx, "read "+path, "GET", path, nil, "")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer.RawJSON, v); err != nil {
		return fmt.Errorf("stripe: read %s: %w", path, err)
	}
	return nil
}
