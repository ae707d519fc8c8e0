package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tollgate/tollgate"
)

// An ImportsCmd imports.
type ImportsCmd struct {
	File      ImportCmd    `cmd:"" default:"withargs" help:"Import usage events from a file, or from standard input."`
	Usageflow UsageflowCmd `cmd:"" help:"Import the plans, limits, events and adjustments of UsageFlow."`
}

// An ImportCmd imports usage events.
type ImportCmd struct {
	File string `arg:"" help:"One JSON event per line; - reads standard input. Compressed with gzip is fine."`
	database
	Catalog  string `placeholder:"FILE" help:"A catalog to publish first, when it has changed."`
	Backfill bool   `help:"Record history: at its true time in the statistics, charged to no balance."`
	All      bool   `help:"Print every invalid line, rather than the first 20."`
	JSON     bool   `name:"json" help:"Print the counts as one JSON object."`
}

// Help tells more than one line does.
func (ImportCmd) Help() string {
	return `A line is an event as POST /v1/events takes it:

    {"customer":"ada","meter":"tokens","amount":1200,"transactionId":"req-1","at":"2026-01-31T12:00:00Z"}

Customers who are not known are made on the default plan. Lines of one customer are decided in their order. The
last line of output is: accepted N duplicate N refused N invalid N. Refused means that the balance did not cover
the event; with "record":true in a line it is never refused. Each invalid line is named with its number and
reason on standard error.

Whatever interrupts it, run it again with the same file: a transactionId counts once, so what was imported before
is counted as duplicate. It exits 1 when it did not get to the end of its input.

Examples:

    tollgate import events.ndjson.gz --db tollgate.db
    psql -c "COPY (...) TO STDOUT" | tollgate import - --db tollgate.db --backfill`
}

// Run runs the command.
func (cmd *ImportCmd) Run(ctx context.Context, c *console) (err error) {
	limitMemory()
	in, size, err := cmd.input(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	read := &counting{from: in}
	lines, err := newLineReader(read)
	if err != nil {
		return fmt.Errorf("read %s: %w", cmd.File, err)
	}
	return cmd.make(ctx, nil, func(engine *tollgate.Engine) error {
		if err := cmd.prepare(ctx, c, engine); err != nil {
			return err
		}
		return cmd.run(ctx, c, engine, lines, progress{bytes: &read.n, size: size})
	})
}

// input opens what is to be imported; its size is 0 when nobody knows it.
func (cmd *ImportCmd) input(c *console) (io.ReadCloser, int64, error) {
	if cmd.File == "-" {
		return io.NopCloser(c.in), 0, nil
	}
	f, err := os.Open(cmd.File)
	if err != nil {
		return nil, 0, fmt.Errorf("read the events: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder", cmd.File)
	}
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("read the events: %w", err), f.Close())
	}
	if !info.Mode().IsRegular() {
		return f, 0, nil
	}
	return f, info.Size(), nil
}

// prepare publishes the catalog that was named. Without any in force no line could be right.
func (cmd *ImportCmd) prepare(ctx context.Context, c *console, engine *tollgate.Engine) error {
	if cmd.Catalog == "" {
		if engine.Catalog().Version == 0 {
			return errors.New("no catalog is in force: name one with --catalog FILE, or run tollgate apply FILE first")
		}
		return nil
	}
	name, document, err := readCatalog(c, cmd.Catalog)
	if err != nil {
		return err
	}
	_, err = engine.Publish(ctx, name, document, false)
	return err
}

// run imports the lines and reports how it went.
func (cmd *ImportCmd) run(ctx context.Context, c *console, engine *tollgate.Engine, lines *lineReader, p progress) error {
	t := newTally(cmd.All, func(l badLine) { c.note("%s%s\n", p.clear(c), printable(l.String())) })
	im := newImporter(engine, t, cmd.Backfill)
	stopProgress := p.show(c, t)
	broken := im.run(ctx, lines)
	stopProgress()
	if more := t.close(); more > 0 {
		c.note("… and %s more; --all prints every one\n", number(more))
	}
	counts := t.counts()
	counts.Complete = broken == nil
	err := cmd.report(c, counts)
	if broken != nil {
		return errors.Join(fmt.Errorf("the import broke off: %w\nRun it again with the same input: what was imported counts as duplicate, not twice", broken), err)
	}
	return err
}

func (cmd *ImportCmd) report(c *console, n counts) error {
	if cmd.JSON {
		return c.json(n)
	}
	return c.print("accepted %d duplicate %d refused %d invalid %d\n", n.Accepted, n.Duplicate, n.Refused, n.Invalid)
}
