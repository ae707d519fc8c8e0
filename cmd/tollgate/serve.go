package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
)

// A ServeCmd serves the HTTP API.
type ServeCmd struct {
	database
	Addr  string  `env:"TOLLGATE_ADDR" default:"127.0.0.1:4242" placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one, :4242 listens on all interfaces."`
	Rate  float64 `name:"rate" env:"TOLLGATE_RATE" placeholder:"N" help:"Requests a second that one key may send, in the long run; no limit when 0."`
	Burst int     `env:"TOLLGATE_BURST" placeholder:"N" help:"Requests one key may send at once; one second's worth when 0."`
	selling
	pages
	TokenKeys []string `name:"token-key" env:"TOLLGATE_TOKEN_KEYS" placeholder:"HEX" help:"Keys that sign customer tokens, 32 bytes or more in hexadecimal: the first one signs, all verify. One in the database when none is given."`
	logging
}

// Help tells more than one line does.
func (ServeCmd) Help() string {
	return `Makes the database when it is not there, and says on standard error where it listens and what is still missing:
a catalog (tollgate apply) or a key (tollgate key create). Both can be added while it runs. With a Stripe key it sells
plans and top-ups, and takes webhooks at /webhooks/stripe; docs/stripe.md says how.

SIGINT or SIGTERM stops it in order: no new requests, those in flight are answered (for up to 30 seconds), and
what was acknowledged is on disk. A second signal ends it at once; even then nothing acknowledged is lost.

It keeps its memory under 150 MiB, unless GOMEMLIMIT says otherwise.

Examples:

    tollgate serve --db tollgate.db
    TOLLGATE_DATABASE_URL=postgres://... TOLLGATE_ADDR=:8080 tollgate serve --log-format json`
}

// Validate refuses an address nobody can listen on.
func (cmd *ServeCmd) Validate() error {
	if err := checkAddr(cmd.Addr); err != nil {
		return err
	}
	if cmd.Rate < 0 || cmd.Burst < 0 {
		return errors.New("--rate and --burst must not be negative")
	}
	if _, err := tokenKeys(cmd.TokenKeys); err != nil {
		return err
	}
	return errors.Join(cmd.pages.Validate(), cmd.database.Validate())
}

func checkAddr(addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("--addr: %q is not HOST:PORT, such as 127.0.0.1:4242", addr)
	}
	return nil
}

// Run runs the command.
func (cmd *ServeCmd) Run(ctx context.Context, c *console) error {
	limitMemory()
	log := cmd.logger(c)
	keys, err := tokenKeys(cmd.TokenKeys)
	if err != nil {
		return err
	}
	return cmd.open(ctx, tollgate.Options{Logger: log, Payments: cmd.payments(), TokenKeys: keys, Notices: cmd.FlowgladWebhook != ""}, func(engine *tollgate.Engine) error {
		l, err := listen(ctx, "--addr", cmd.Addr)
		if err != nil {
			return err
		}
		server, err := newServer(engine, log, api.Options{RatePerSecond: cmd.Rate, Burst: cmd.Burst}, cmd.pages)
		if err != nil {
			return err
		}
		url := urlOf(l)
		cmd.announce(c, "tollgate serves "+url+" from "+cmd.database.String(), "url", url)
		cmd.sayMissing(ctx, c, engine)
		if engine.Sells() {
			for _, text := range engine.StripeReady(ctx) {
				cmd.announce(c, text)
			}
		}
		if err := server.run(ctx, l); err != nil {
			return err
		}
		log.Info("stopped: every request was answered")
		return nil
	})
}

// sayMissing says what the server needs before it can be of use.
func (cmd *ServeCmd) sayMissing(ctx context.Context, c *console, engine *tollgate.Engine) {
	if engine.Catalog().Version == 0 {
		cmd.announce(c, "No catalog is in force, so nothing can be metered: tollgate apply catalog.yaml "+cmd.flag())
	}
	usable := func(k tollgate.Key) bool { return k.RevokedAt.IsZero() }
	if keys, err := engine.Keys(ctx); err == nil && !slices.ContainsFunc(keys, usable) {
		cmd.announce(c, "There is no API key, so every request is refused: tollgate key create "+cmd.flag()+" --scope full")
	}
}
