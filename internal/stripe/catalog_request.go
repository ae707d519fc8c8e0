package stripe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	stripe "github.com/stripe/stripe-go/v86"
)

// pairs are parameters, or metadata, in an order that stays.
type pairs []pair

type pair struct{ name, value string }

// A form is the parameters of a request. They are written by hand where stripe-go would send floats.
type form = pairs

func (p *pairs) add(name, value string) { *p = append(*p, pair{name, value}) }

// metadata adds metadata to a request.
func (p *pairs) metadata(m pairs) {
	for _, each := range m {
		p.add("metadata["+each.name+"]", each.value)
	}
}

// within reports whether found has every pair.
func (p pairs) within(found map[string]string) bool {
	for _, each := range p {
		if value, ok := found[each.name]; !ok || value != each.value {
			return false
		}
	}
	return true
}

// encode writes the parameters in their order, so that tiers stay in theirs.
func (p pairs) encode() string {
	var b strings.Builder
	for i, each := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(each.name) + "=" + url.QueryEscape(each.value))
	}
	return b.String()
}

// send makes a request and returns the whole answer, its JSON untouched. Each repetition carries the same idempotency
// key; an empty one is drawn.
func (c *Client) send(ctx context.Context, what, method, path string, f form, key string) (*stripe.APIResponse, error) {
	if key == "" {
		key = stripe.NewIdempotencyKey()
	}
	return call(ctx, c, what, func(ctx context.Context) (*stripe.APIResponse, error) {
		params := &stripe.RawParams{Params: stripe.Params{Context: ctx}}
		if method != "GET" {
			params.SetIdempotencyKey(key)
		}
		return c.raw.RawRequest(method, path, c.key, f.encode(), params)
	})
}

// contentKey returns the idempotency key of a request that follows from what it asks for: two processes that make the
// same thing make it once.
func contentKey(path, content, after string) string {
	sum := sha256.Sum256([]byte(path + "\n" + content + "\n" + after))
	return "tollgate-" + hex.EncodeToString(sum[:])
}
