package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	random "math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/examples/catalogs"
	"github.com/tollgate/tollgate/sandbox"
)

const (
	headersMax = 10 * time.Second // how long a browser may take to send its headers
	drainMax   = 10 * time.Second // how long answers under way have when the program ends
)

// options say where the chat is and what it is made of.
type options struct {
	addr, url, dir, stripeAddr string
	stripeKey, webhookSecret   string        // of Stripe itself; a sandbox takes its place when empty
	pace                       time.Duration // of the model, for a word
	log                        *slog.Logger
}

// A chat is the running program: its site, the engine behind it, and a Stripe sandbox.
type chat struct {
	site
	stripe    *sandbox.Server // nil where Stripe itself is paid through
	stripeURL string
	ends      []func() error // what open began, to be ended in the opposite order
}

// open starts everything. What it began has ended when it returns an error, or when close has returned.
func open(ctx context.Context, o options) (c *chat, err error) {
	c = &chat{site: site{url: o.url, model: model{o.pace}, talks: newTalks(), log: o.log}}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "chat"); err != nil {
			return c, err
		}
		c.ends = append(c.ends, func() error { return os.RemoveAll(o.dir) })
	}
	if c.key, err = sessionKey(filepath.Join(o.dir, "session.key")); err != nil {
		return c, err
	}
	l, err := net.Listen("tcp", o.addr)
	if err != nil {
		return c, err
	}
	c.ends = append(c.ends, l.Close)
	here := "http://" + l.Addr().String()
	if c.url == "" {
		c.url = here
	}
	opts := tollgate.Options{Logger: o.log, Payments: tollgate.Payments{SecretKey: o.stripeKey, WebhookSecret: o.webhookSecret, ReturnURL: c.url + "/account"}}
	if o.stripeKey == "" {
		if err = c.openStripe(o, here, &opts); err != nil {
			return c, err
		}
	}
	if c.engine, err = tollgate.Open(ctx, filepath.Join(o.dir, "chat.db"), opts); err != nil {
		return c, err
	}
	c.ends = append(c.ends, c.engine.Close)
	catalog, err := fs.ReadFile(catalogs.FS, "chat.yaml")
	if err != nil {
		return c, err
	}
	if _, err = c.engine.Publish(ctx, "chat.yaml", catalog, false); err != nil {
		return c, err
	}
	if err = c.engine.Stock(ctx); err != nil {
		return c, err
	}
	c.sell, c.closing = app.Sell(c.engine), make(chan struct{})
	c.serve(l, c.handler(), func() { close(c.closing) })
	return c, nil
}

// openStripe starts a Stripe of our own and pays through it. The engine lives on its clock, which can be moved.
// here is where its webhooks go.
func (c *chat) openStripe(o options, here string, opts *tollgate.Options) error {
	l, err := net.Listen("tcp", o.stripeAddr)
	if err != nil {
		return fmt.Errorf("the Stripe sandbox: %w", err)
	}
	c.stripeURL = "http://" + l.Addr().String()
	c.stripe, err = sandbox.New(sandbox.Options{BaseURL: c.stripeURL, File: filepath.Join(o.dir, "stripe.db"), Seed: random.Int64(), Log: o.log})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	c.ends = append(c.ends, c.stripe.Close)
	c.serve(l, c.stripe, func() {})
	secret, err := c.stripe.Listen(here + "/webhooks/stripe")
	opts.Now = c.stripe.Now
	opts.Payments.SecretKey, opts.Payments.WebhookSecret, opts.Payments.URL = "sk_test_chat", secret, c.stripeURL
	return err
}

// serve answers on a listener until close; ending is called when that begins.
func (c *chat) serve(l net.Listener, h http.Handler, ending func()) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: headersMax}
	server.RegisterOnShutdown(ending)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	c.ends = append(c.ends, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drainMax)
		defer cancel()
		err := server.Shutdown(ctx)
		if err != nil {
			err = errors.Join(err, server.Close())
		}
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	})
}

// close ends what open began.
func (c *chat) close() error {
	var all error
	for i := len(c.ends) - 1; i >= 0; i-- {
		if err := c.ends[i](); !errors.Is(err, net.ErrClosed) { // a server has closed its listener before
			all = errors.Join(all, err)
		}
	}
	c.ends = nil
	return all
}

// sessionKey reads the key that signs cookies, or makes one.
func sessionKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = []byte(rand.Text() + rand.Text())
	return key, os.WriteFile(path, key, 0o600)
}
