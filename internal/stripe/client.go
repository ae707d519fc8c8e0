package stripe

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	stripe "github.com/stripe/stripe-go/v86"
	"golang.org/x/sync/singleflight"

	"github.com/tollgate/tollgate/fault"
)

// Options say how to reach Stripe.
type Options struct {
	SecretKey     string // sk_test_… or sk_live_…
	WebhookSecret string // whsec_…
	URL           string // of another server that speaks Stripe's API, such as a sandbox; empty is Stripe
	Logger        *slog.Logger
}

// A Client calls Stripe. It is safe for concurrent use.
type Client struct {
	api     *stripe.Client
	raw     *stripe.BackendImplementation // for requests and answers that must keep their decimals
	key     string
	secret  string // of webhooks
	live    bool
	log     *slog.Logger
	sold    sync.Map           // price id at Stripe → priceMeta: what a price is for does not change
	reading singleflight.Group // of prices for sold
	meters  sync.Map           // event name → meter id
}

const (
	callMax    = 20 * time.Second       // one attempt
	triesMax   = 5                      // attempts of one call
	waitFirst  = 200 * time.Millisecond // before the second attempt; doubled each time, with jitter
	waitMax    = 3 * time.Second
	keyTestPre = "sk_test_"
	keyLivePre = "sk_live_"
)

// Check returns what is wrong with the options, or nil: each message names the setting and says what to write.
func (o Options) Check() error {
	switch err := o.checkKey(); {
	case err != nil:
		return err
	case o.WebhookSecret == "":
		return errors.New("the Stripe webhook secret is missing: set TOLLGATE_STRIPE_WEBHOOK_SECRET to the whsec_… of the endpoint, without which anybody could send webhooks")
	case !strings.HasPrefix(o.WebhookSecret, "whsec_"):
		return errors.New("the Stripe webhook secret must begin with whsec_: it is the endpoint's signing secret, not an API key")
	}
	return nil
}

// checkKey checks what a call needs: the key, and where it goes.
func (o Options) checkKey() error {
	live := strings.HasPrefix(o.SecretKey, keyLivePre) || strings.HasPrefix(o.SecretKey, "rk_live_")
	test := strings.HasPrefix(o.SecretKey, keyTestPre) || strings.HasPrefix(o.SecretKey, "rk_test_")
	switch {
	case o.SecretKey == "":
		return errors.New("the Stripe secret key is missing: set TOLLGATE_STRIPE_SECRET_KEY to sk_test_… or sk_live_…")
	case !live && !test:
		return errors.New("the Stripe secret key must begin with sk_test_, sk_live_, rk_test_ or rk_live_: copy it from Stripe's dashboard, under API keys")
	}
	if o.URL == "" {
		return nil
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("the Stripe URL must be an address such as http://127.0.0.1:12111; leave it empty for Stripe itself")
	}
	if live {
		return errors.New("a live key is never sent anywhere but to Stripe: leave the Stripe URL empty, or use a test key")
	}
	return nil
}

// New returns a client. It is an error when the options are not in order; nothing is sent.
func New(o Options) (*Client, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	return open(o)
}

// NewCaller returns a client that only makes calls, and so needs no webhook secret: tollgate apply makes the endpoint
// that has one. No webhook is ever valid to it. It is an error when the options are not in order; nothing is sent.
func NewCaller(o Options) (*Client, error) {
	if err := o.checkKey(); err != nil {
		return nil, err
	}
	o.WebhookSecret = secretNobodyHas()
	return open(o)
}

// secretNobodyHas stands where an empty secret would: stripe-go takes what was signed with an empty one.
func secretNobodyHas() string { return "whsec_" + cryptorand.Text() }

func open(o Options) (*Client, error) {
	c := &Client{key: o.SecretKey, secret: o.WebhookSecret, live: strings.Contains(o.SecretKey, "_live_"), log: o.Logger}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	config := &stripe.BackendConfig{
		HTTPClient:        &http.Client{Timeout: callMax},
		MaxNetworkRetries: stripe.Int64(0), // ours also repeat what stripe-go does not
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	}
	if o.URL != "" {
		config.URL = stripe.String(strings.TrimSuffix(o.URL, "/"))
	}
	backends := stripe.NewBackendsWithConfig(config)
	raw, ok := backends.API.(*stripe.BackendImplementation)
	if !ok {
		return nil, fmt.Errorf("stripe-go's backend is a %T", backends.API)
	}
	c.raw, c.api = raw, stripe.NewClient(o.SecretKey, stripe.WithBackends(backends))
	return c, nil
}

// Live reports whether real money moves.
func (c *Client) Live() bool { return c.live }

// call makes a call until it is answered for good: 409, 429, 5xx and lost connections are repeated, with the same
// parameters and so with the same idempotency key. What Stripe refuses is a fault whose details name it; what it
// cannot answer is unavailable.
func call[T any](ctx context.Context, c *Client, what string, f func(context.Context) (T, error)) (T, error) {
	wait := waitFirst
	for try := 1; ; try++ {
		v, err := f(ctx)
		if err == nil || ctx.Err() != nil || try == triesMax || !repeatable(err) {
			return v, c.fault(what, err)
		}
		c.log.Debug("stripe: again", "call", what, "try", try, "error", err)
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return v, ctx.Err()
		case <-timer.C:
		}
		wait = min(2*wait, waitMax)
	}
}

// repeatable reports whether the same call may succeed later.
func repeatable(err error) bool {
	var refused *stripe.Error
	if !errors.As(err, &refused) {
		return true // no answer
	}
	return refused.HTTPStatusCode == http.StatusConflict || refused.HTTPStatusCode == http.StatusTooManyRequests ||
		refused.HTTPStatusCode >= http.StatusInternalServerError || refused.HTTPStatusCode == 0
}

// fault words an error for callers. Stripe's own message goes along: it says what to do, and holds no secret.
func (c *Client) fault(what string, err error) error {
	var refused *stripe.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case !errors.As(err, &refused) || repeatable(err):
		return fault.New(fault.Unavailable, "Stripe does not answer now. Nothing is confirmed; send the same request again.").
			Because(fmt.Errorf("stripe: %s: %w", what, err))
	case refused.HTTPStatusCode == http.StatusUnauthorized || refused.HTTPStatusCode == http.StatusForbidden:
		return fault.New(fault.PaymentsNotConfigured, "Stripe does not take the secret key. Set TOLLGATE_STRIPE_SECRET_KEY to a key that is in force.").
			Because(fmt.Errorf("stripe: %s: %w", what, err))
	}
	code := fault.Invalid
	if refused.Type == stripe.ErrorTypeCard {
		code = fault.PaymentRefused
	}
	f := fault.New(code, "Stripe refused this: %s", refused.Msg).Because(fmt.Errorf("stripe: %s: %w", what, err))
	for detail, value := range map[string]string{
		"stripeCode": string(refused.Code), "stripeRequest": refused.RequestID, "stripeParam": refused.Param, "declineCode": string(refused.DeclineCode),
	} {
		if value != "" {
			f = f.With(detail, value)
		}
	}
	return f
}

// missing reports whether an error says that there is no such object.
func missing(err error) bool {
	var refused *stripe.Error
	return errors.As(err, &refused) && refused.Code == stripe.ErrorCodeResourceMissing
}
