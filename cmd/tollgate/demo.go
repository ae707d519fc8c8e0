package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/examples/catalogs"
	"github.com/tollgate/tollgate/examples/trace"
)

// A DemoCmd meters a real workload, sells to those who run out, and proves that the books balance.
type DemoCmd struct {
	DB   string `name:"db" placeholder:"FILE|URL" help:"An empty database to keep what the demo records; a temporary file when not given."`
	Addr string `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one."`
	Once bool   `help:"Exit at the end instead of staying up."`
	JSON bool   `name:"json" help:"Print the totals as JSON."`
}

// Help tells more than one line does.
func (DemoCmd) Help() string {
	return `Replays an hour of a real LLM service, 19,366 requests with their tokens, through the HTTP API: 200 customers on the
plans of a sample catalog, repeated requests, parallel bursts and holds. Then it audits every ledger and compares
each balance with what the answers have said.

Then 20 customers who are over their limit pay on the checkout page of a Stripe sandbox that runs inside. A card is declined, a
payment is given back, usage is billed, a month passes and subscriptions renew; Tollgate's books are compared with
Stripe's. Exits 1 when anything is not as it must be. See docs/demo.md.

It stays up until Ctrl-C, with a key and commands to paste; --once exits instead.

Examples:

    tollgate demo
    tollgate demo --once --json`
}

// Validate refuses an address nobody can listen on, and databases that Tollgate does not run on.
func (cmd *DemoCmd) Validate() error {
	if err := checkAddr(cmd.Addr); err != nil {
		return err
	}
	return database{cmd.DB}.Validate()
}

// Run runs the command.
func (cmd *DemoCmd) Run(ctx context.Context, c *console) (err error) {
	db := database{cmd.DB}
	if db.DB == "" {
		folder, failed := os.MkdirTemp("", "tollgate-demo-")
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
		db.DB = filepath.Join(folder, "demo.db")
	}
	if err = cmd.open(ctx, c, db); err != nil && ctx.Err() != nil {
		err = errors.New("interrupted before the demo came to its end")
	}
	return err
}

// open opens an engine on a database, a sandbox beside it, and runs the demo on both.
func (cmd *DemoCmd) open(ctx context.Context, c *console, db database) (err error) {
	requests, err := trace.Requests()
	if err != nil {
		return err
	}
	l, err := listen(ctx, "--addr", cmd.Addr)
	if err != nil {
		return err
	}
	defer l.Close() // a second time, once the server has
	d := &demo{clock: &replayClock{at: requests[0].At.Truncate(time.Minute)}, requests: requests, url: urlOf(l), db: db}
	if d.stripe, err = openDemoStripe(context.WithoutCancel(ctx), d.clock.now()); err != nil { // it must outlive the requests of the demo
		return err
	}
	defer d.stripe.stop()
	sells, err := d.stripe.payments(d.url)
	if err != nil {
		return err
	}
	if d.engine, err = openEmpty(ctx, db, tollgate.Options{Now: d.clock.now, Payments: sells}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.engine.Close()) }()
	if d.key, err = prepareDemo(ctx, d.engine); err != nil {
		return err
	}
	if err := d.engine.Stock(ctx); err != nil {
		return err
	}
	return cmd.serve(ctx, c, l, d)
}

// openEmpty opens a database for the demo. One that is in use for something else is refused.
func openEmpty(ctx context.Context, db database, options tollgate.Options) (*tollgate.Engine, error) {
	used := fmt.Errorf("%s is not empty: the demo needs a new database", db.flag())
	if path, ok := db.file(); ok {
		if found, err := os.Stat(path); err == nil && found.Size() > 0 {
			return nil, used
		}
	}
	engine, err := tollgate.Open(ctx, db.DB, options)
	if err != nil {
		return nil, err
	}
	if engine.Catalog().Version != 0 {
		return nil, errors.Join(used, engine.Close())
	}
	return engine, nil
}

// prepareDemo publishes the catalog and makes a key.
func prepareDemo(ctx context.Context, engine *tollgate.Engine) (key string, err error) {
	document, err := fs.ReadFile(catalogs.FS, sampleCatalog)
	if err != nil {
		return "", err
	}
	if _, err := engine.Publish(ctx, sampleCatalog, document, false); err != nil {
		return "", err
	}
	key, _, err = engine.CreateKey(ctx, tollgate.ScopeFull, "demo", false)
	return key, err
}

// serve serves the API while the demo runs, and afterwards until ctx ends unless it is to run once.
func (cmd *DemoCmd) serve(ctx context.Context, c *console, l net.Listener, d *demo) error {
	server, err := newServer(d.engine, slog.New(slog.DiscardHandler), api.Options{}, pages{})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // it must outlive the requests of the demo
	defer stop()
	ended := make(chan error, 1)
	go func() { // ends after stop
		ended <- server.run(serving, l)
	}()
	err = cmd.show(ctx, c, d)
	if err == nil && !cmd.Once {
		err = cmd.welcome(c, d)
	}
	if err == nil && !cmd.Once {
		select {
		case <-ctx.Done():
		case err := <-ended: // nobody has asked it to stop
			return err
		}
	}
	stop()
	return errors.Join(err, <-ended)
}

// show runs the demo and prints what came of it: the replay as soon as it is over, then the sales.
func (cmd *DemoCmd) show(ctx context.Context, c *console, d *demo) error {
	p, report, err := d.run(ctx, c)
	if err == nil && !cmd.JSON {
		err = report.write(c)
	}
	if err == nil {
		err = unbalanced(report.Audit)
	}
	if err == nil {
		err = d.stripe.catchUp(ctx, d.clock)
	}
	if err != nil {
		return err
	}
	if report.Sales, err = d.sell(ctx, c, p); err != nil {
		return err
	}
	if cmd.JSON {
		err = c.json(report)
	} else if err = report.Sales.write(c); err == nil {
		err = c.print("%s", c.paint(dim, wrapped(report.Citation, 0)))
	}
	if err == nil {
		err = unbalanced(report.Sales.Audit)
	}
	return err
}

// unbalanced returns an error when an audit has found something.
func unbalanced(audit tollgate.Audit) error {
	if n := int64(len(audit.Findings)); n > 0 {
		return fmt.Errorf("the ledger does not balance: %s of %s differ", counted(n, "account"), number(audit.Accounts))
	}
	return nil
}

// welcome says what can be looked at.
func (cmd *DemoCmd) welcome(c *console, d *demo) error {
	if cmd.JSON {
		c.note("%s", d.welcome(c)) // standard output carries JSON and nothing else
		return nil
	}
	return c.print("%s", d.welcome(c))
}
