package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/tollgate/tollgate/sandbox"
)

// A SandboxCmd serves a Stripe for trying things out.
type SandboxCmd struct {
	Addr    string `default:"127.0.0.1:12111" placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one."`
	File    string `placeholder:"FILE" help:"A SQLite file that keeps the state over restarts; memory when not given."`
	Secret  string `env:"TOLLGATE_SANDBOX_SECRET" placeholder:"sk_test_..." help:"The only key taken; every sk_test_ key when not given."`
	Tax     int    `placeholder:"PERCENT" help:"The rate of automatic tax, where a request enables it."`
	Webhook string `placeholder:"URL" help:"An endpoint that gets every event; its secret is printed."`
	logging
}

// Help tells more than one line does.
func (SandboxCmd) Help() string {
	return `It answers as Stripe's API does, keeps state, has a clock that can be moved, sends signed webhooks, and shows the hosted
checkout and portal pages. It needs no account and no network, and no money moves. docs/sandbox.md says what it covers.

Its page is at /_sandbox/: objects, events, deliveries, the clock, and what is to go wrong.

Examples:

    tollgate sandbox
    tollgate sandbox --file shop.db --webhook http://127.0.0.1:4242/webhooks/stripe`
}

// Validate refuses an address nobody can listen on.
func (cmd *SandboxCmd) Validate() error { return checkAddr(cmd.Addr) }

// Run runs the command.
func (cmd *SandboxCmd) Run(ctx context.Context, c *console) error {
	l, err := listen(ctx, "--addr", cmd.Addr)
	if err != nil {
		return err
	}
	server, err := openSandbox(sandbox.Options{File: cmd.File, Secret: cmd.Secret, TaxPercent: cmd.Tax, BaseURL: urlOf(l), Log: cmd.logger(c)})
	if errors.Is(err, sandbox.ErrInUse) {
		err = fmt.Errorf("%w: end that one, or name another --file", err)
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { _ = server.Close() }()
	text := fmt.Sprintf("A Stripe sandbox is at %s; its page is %[1]s/_sandbox/. Any sk_test_ key is taken.\n", urlOf(l))
	if cmd.Secret != "" {
		text = fmt.Sprintf("A Stripe sandbox is at %s; its page is %[1]s/_sandbox/. It takes the key it was given.\n", urlOf(l))
	}
	if cmd.Webhook != "" {
		secret, err := server.Listen(cmd.Webhook)
		if err != nil {
			return err
		}
		text += "Every event goes to " + cmd.Webhook + ", signed with " + secret + "\n"
	}
	if err := c.print("%s", text); err != nil {
		return err
	}
	return answer(ctx, l, sandboxServer(server))
}

// sandboxHeaderMax bounds how long a client may take to send its headers.
const sandboxHeaderMax = 10 * time.Second

func sandboxServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: sandboxHeaderMax}
}

// openSandbox opens a sandbox whose ids no other start of the program gives: a database may know customers and payments of one
// whose memory, or file, is gone, and would take new ones for them.
func openSandbox(options sandbox.Options) (*sandbox.Server, error) {
	options.Seed = rand.Int64()
	return sandbox.New(options)
}

// beside runs a sandbox beside another server until the returned function is called.
func beside(ctx context.Context, addr string, options sandbox.Options) (server *sandbox.Server, url string, stop func(), err error) {
	l, err := listen(ctx, "--sandbox", addr)
	if err != nil {
		return nil, "", nil, fmt.Errorf("the Stripe sandbox: %w", err)
	}
	options.BaseURL = urlOf(l)
	server, err = openSandbox(options)
	if err != nil {
		return nil, "", nil, errors.Join(err, l.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { // ends with stop
		defer close(ended)
		if err := answer(ctx, l, sandboxServer(server)); err != nil {
			options.Log.Error("the Stripe sandbox", "error", err)
		}
	}()
	return server, options.BaseURL, func() {
		cancel()
		<-ended
		_ = server.Close()
	}, nil
}
