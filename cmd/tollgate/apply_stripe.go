package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/plan"
)

// seller are the flags of a command that sells the catalog at Stripe, too.
type seller struct {
	StripeKey  string `name:"stripe-key" env:"TOLLGATE_STRIPE_SECRET_KEY" placeholder:"sk_..." help:"Stripe's secret key: the catalog is sold there, too. Better set in the environment, where other users do not see it."`
	StripeURL  string `name:"stripe-url" env:"TOLLGATE_STRIPE_URL" placeholder:"URL" help:"Another server that speaks Stripe's API, such as a sandbox."`
	WebhookURL string `name:"webhook-url" placeholder:"URL" help:"Where Stripe sends its events; an endpoint is made there, and its secret is printed this once."`
	ReturnURL  string `name:"return-url" env:"TOLLGATE_STRIPE_RETURN_URL,TOLLGATE_RETURN_URL" placeholder:"URL" help:"Where the link out of Stripe's portal leads to."`
}

func (s seller) check() error {
	for _, each := range []struct{ flag, value string }{{"--webhook-url", s.WebhookURL}, {"--return-url", s.ReturnURL}} {
		if err := checkAddress(each.flag, each.value, "https://app.example.com/webhooks/stripe"); err != nil {
			return err
		}
	}
	if s.WebhookURL != "" && s.StripeKey == "" {
		return errors.New("--webhook-url needs Stripe's key: set TOLLGATE_STRIPE_SECRET_KEY")
	}
	return nil
}

// checkAddress refuses a flag's value that is given and no whole address.
func checkAddress(flag, value, example string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%s: %q is not an address such as %s", flag, value, example)
	}
	return nil
}

// A storefront is Stripe's side of an apply; nil without a key.
type storefront struct {
	client  *stripe.Client
	changes *stripe.Changes
}

// look compares what Stripe sells with a catalog. It changes nothing.
func (s seller) look(ctx context.Context, catalog *plan.Catalog) (*storefront, error) {
	if s.StripeKey == "" {
		return nil, nil
	}
	client, err := stripe.NewCaller(stripe.Options{SecretKey: s.StripeKey, URL: s.StripeURL})
	if err != nil {
		return nil, err
	}
	changes, err := client.PlanCatalog(ctx, stripe.Wish{Catalog: catalog, WebhookURL: s.WebhookURL, ReturnURL: s.ReturnURL})
	if err != nil {
		return nil, err
	}
	return &storefront{client, changes}, nil
}

// pending reports whether there is anything to do.
func (s *storefront) pending() bool { return s != nil && s.changes.Pending() > 0 }

// apply does what look found. When it fails the catalog is in force already, so that is said.
func (s *storefront) apply(ctx context.Context, c *console) (secret string, err error) {
	if !s.pending() {
		return "", nil
	}
	if secret, err = s.client.ApplyCatalog(ctx, s.changes); err != nil {
		c.note("The catalog is published, but not all of it is at Stripe: run the same command again.\n")
	}
	return secret, err
}

// steps is what apply --json prints of Stripe.
type steps struct {
	Live          bool          `json:"live"`
	Steps         []stripe.Step `json:"steps"`
	WebhookSecret string        `json:"webhookSecret,omitempty"` // of an endpoint just made
}

// printJSON prints what publishing did, or would do, with Stripe's side if there is one.
func (s *storefront) printJSON(c *console, out tollgate.Publication, secret string) error {
	if s == nil {
		return c.json(out)
	}
	return c.json(struct {
		tollgate.Publication
		Stripe steps `json:"stripe"`
	}{out, steps{Live: s.client.Live(), Steps: s.changes.Steps(), WebhookSecret: secret}})
}

// print prints the steps, in the manner of plan.Render.
func (s *storefront) print(c *console) error {
	if s == nil {
		return nil
	}
	all := s.changes.Steps()
	if len(all) == 0 {
		return c.print("Stripe: no changes.\n")
	}
	mode := "test mode"
	if s.client.Live() {
		mode = "live mode: real money"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nStripe (%s):\n", mode)
	counts := map[string]int{}
	signs := map[string]string{stripe.OpCreate: "+", stripe.OpChange: "~", stripe.OpArchive: "-", stripe.OpKeep: "="}
	colors := map[string]string{stripe.OpCreate: "32", stripe.OpChange: "33", stripe.OpArchive: "31"}
	for _, step := range all {
		counts[step.Op]++
		sign := signs[step.Op]
		if color := colors[step.Op]; c.color && color != "" {
			sign = "\x1b[" + color + "m" + sign + "\x1b[0m"
		}
		name := strings.TrimSpace(step.Kind + " " + string(step.Slug))
		fmt.Fprintf(&b, "  %s %s (%s)\n", sign, printable(name), printable(step.What))
	}
	fmt.Fprintf(&b, "\nStripe: %d to create, %d to change, %d to archive.\n",
		counts[stripe.OpCreate], counts[stripe.OpChange], counts[stripe.OpArchive])
	return c.print("%s", b.String())
}

// sell does the steps and says so.
func (s *storefront) sell(ctx context.Context, c *console) error {
	if !s.pending() {
		return nil
	}
	secret, err := s.apply(ctx, c)
	if secret != "" {
		said := c.print("The webhook endpoint signs with %s\nSet TOLLGATE_STRIPE_WEBHOOK_SECRET to that where Tollgate serves. It is shown here this once; later, Stripe's dashboard has it.\n", secret)
		err = errors.Join(err, said)
	}
	if err != nil {
		return err
	}
	return c.print("Stripe sells the catalog.\n")
}
