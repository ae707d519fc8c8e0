package main

import (
	"context"
	"fmt"
	"os"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// A selling is the flags of commands that sell through Stripe.
type selling struct {
	StripeKey      string `name:"stripe-key" env:"TOLLGATE_STRIPE_SECRET_KEY" placeholder:"sk_..." help:"Stripe's secret key; without it nothing is sold and all else works."`
	WebhookSecret  string `name:"stripe-webhook-secret" env:"TOLLGATE_STRIPE_WEBHOOK_SECRET" placeholder:"whsec_..." help:"The signing secret of the webhook endpoint that points here."`
	StripeURL      string `name:"stripe-url" env:"TOLLGATE_STRIPE_URL" placeholder:"URL" help:"Another server that speaks Stripe's API, such as a sandbox."`
	SuccessURL     string `name:"success-url" env:"TOLLGATE_SUCCESS_URL" placeholder:"URL" help:"Where a checkout ends when a request names no other address."`
	CancelURL      string `name:"cancel-url" env:"TOLLGATE_CANCEL_URL" placeholder:"URL" help:"Where a payer goes back to without paying."`
	ReturnURL      string `name:"return-url" env:"TOLLGATE_RETURN_URL" placeholder:"URL" help:"Where the billing portal leads back to."`
	TrialDays      *int   `name:"trial-days" env:"TOLLGATE_TRIAL_DAYS" placeholder:"N" help:"Days of trial of every plan; the catalog's when not given."`
	PromotionCodes bool   `name:"promotion-codes" env:"TOLLGATE_PROMOTION_CODES" help:"The checkout page takes promotion codes."`
	AutomaticTax   bool   `name:"automatic-tax" env:"TOLLGATE_AUTOMATIC_TAX" help:"Stripe computes tax."`
	Automatic      string `name:"automatic-subscription" env:"TOLLGATE_AUTOMATIC_SUBSCRIPTION" placeholder:"PRICE" help:"A price with a trial that customers with no billing are subscribed to."`
	MailURL        string `name:"mail-url" env:"TOLLGATE_MAIL_URL" placeholder:"smtp://..." help:"The server that sends e-mails to customers; none are sent without it."`
	MailFrom       string `name:"mail-from" env:"TOLLGATE_MAIL_FROM" placeholder:"ADDRESS" help:"Whom e-mails come from."`
	MailProduct    string `name:"mail-product" env:"TOLLGATE_MAIL_PRODUCT" placeholder:"NAME" help:"The name that e-mails show."`
	MailSupport    string `name:"mail-support" env:"TOLLGATE_MAIL_SUPPORT" placeholder:"URL" help:"Where customers ask for help."`
	MailTemplates  string `name:"mail-templates" env:"TOLLGATE_MAIL_TEMPLATES" placeholder:"FOLDER" help:"Templates in place of the built-in ones."`
}

func (s selling) payments() tollgate.Payments {
	out := tollgate.Payments{SecretKey: s.StripeKey, WebhookSecret: s.WebhookSecret, URL: s.StripeURL, SuccessURL: s.SuccessURL, CancelURL: s.CancelURL,
		ReturnURL: s.ReturnURL, TrialDays: s.TrialDays, PromotionCodes: s.PromotionCodes, AutomaticTax: s.AutomaticTax,
		Mail: tollgate.Mail{URL: s.MailURL, From: s.MailFrom, Product: s.MailProduct, Support: s.MailSupport}}
	if s.MailTemplates != "" {
		out.Mail.Templates = os.DirFS(s.MailTemplates)
	}
	if s.Automatic != "" {
		out.Automatic = &tollgate.AutomaticPlan{Price: id.Slug(s.Automatic)}
	}
	return out
}

// A WebhooksCmd holds the commands about Stripe's events.
type WebhooksCmd struct {
	List   WebhooksListCmd   `cmd:"" default:"withargs" help:"List Stripe's events, newest first."`
	Replay WebhooksReplayCmd `cmd:"" help:"Have an event worked on again."`
}

// A WebhooksListCmd lists events of the inbox.
type WebhooksListCmd struct {
	database
	State string `placeholder:"STATE" help:"Only those that are pending, done or parked."`
	Limit rows   `default:"100" help:"How many to show, up to 1000."`
	JSON  bool   `name:"json" help:"Print JSON: a list."`
}

// Run runs the command.
func (cmd *WebhooksListCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		events, err := engine.Webhooks(ctx, cmd.State, int(cmd.Limit))
		if err != nil {
			return err
		}
		if cmd.JSON {
			return c.json(events)
		}
		t := newTable("RECEIVED (UTC)", "TYPE", "STATE", "TRIES", "EVENT", "ERROR")
		for _, e := range events {
			t.add(moment(e.ReceivedAt), e.Type, e.State, fmt.Sprint(e.Attempts), e.ID, e.Error)
		}
		return t.write(c.out)
	})
}

// A WebhooksReplayCmd has an event worked on again.
type WebhooksReplayCmd struct {
	Event string `arg:"" help:"The event's id, evt_..."`
	database
}

// Run runs the command.
func (cmd *WebhooksReplayCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		if err := engine.ReplayWebhook(ctx, cmd.Event); err != nil {
			return err
		}
		return c.print("%s is pending again: a running server works on it within seconds.\n", cmd.Event)
	})
}
