package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/plan"
)

// An ApplyCmd publishes a catalog.
type ApplyCmd struct {
	File string `arg:"" help:"The catalog, in YAML; - reads standard input."`
	database
	seller
	DryRun bool `help:"Only show what would change; exit 1 when the file has problems."`
	Yes    bool `short:"y" help:"Publish without asking."`
	JSON   bool `name:"json" help:"Print the changes as JSON, and do not ask."`
}

// Help tells more than one line does.
func (ApplyCmd) Help() string {
	return `Reads the whole file first: every problem is printed as file:line:column with what to write instead, and
nothing is published. Then the differences to the catalog in force are shown, and published as a new version.
Running servers take it up within a second. A file without differences publishes nothing.

With Stripe's secret key the catalog is sold there, too: products, prices, meters, the portal, and with --webhook-url the
endpoint that gets Stripe's events. What is to be done is shown first. Amounts are never edited: a changed one is a new
price, and customers keep the one they have. Repeat the command when it was interrupted; nothing is made twice.

On a terminal it asks before it publishes; in a script it does not.

Examples:

    tollgate apply catalog.yaml --db tollgate.db
    tollgate apply catalog.yaml --db tollgate.db --dry-run
    TOLLGATE_STRIPE_SECRET_KEY=sk_test_... tollgate apply catalog.yaml --db tollgate.db`
}

// Validate refuses databases and addresses that make no sense.
func (cmd *ApplyCmd) Validate() error {
	return errors.Join(cmd.database.Validate(), cmd.check())
}

// Run runs the command.
func (cmd *ApplyCmd) Run(ctx context.Context, c *console) error {
	name, document, err := readCatalog(c, cmd.File)
	if err != nil {
		return err
	}
	catalog, err := plan.Parse(name, document) // before a database is made for it
	if err != nil {
		return err
	}
	at, err := cmd.look(ctx, catalog)
	if err != nil {
		return err
	}
	if cmd.DryRun && cmd.missing() { // a look must not make a database either
		return cmd.show(c, tollgate.Publication{Changes: plan.Diff(nil, catalog), DryRun: true}, at)
	}
	return cmd.make(ctx, nil, func(engine *tollgate.Engine) error {
		if cmd.JSON && !cmd.DryRun {
			return cmd.publishJSON(ctx, c, engine, name, document, at)
		}
		return cmd.publish(ctx, c, engine, name, document, at)
	})
}

func (cmd *ApplyCmd) publish(ctx context.Context, c *console, engine *tollgate.Engine, name string, document []byte, at *storefront) error {
	out, err := engine.Publish(ctx, name, document, true)
	if err != nil {
		return err
	}
	if err := cmd.show(c, out, at); err != nil {
		return err
	}
	if cmd.DryRun || len(out.Changes) == 0 && !at.pending() {
		return nil
	}
	if c.inTerminal && c.outTerminal && !cmd.Yes {
		if err := c.confirm(ctx, "Publish these changes?"); err != nil {
			return err
		}
	}
	if len(out.Changes) > 0 {
		if out, err = engine.PublishOver(ctx, out.Version, name, document, false); err != nil { // what was agreed to is what was shown
			return err
		}
		if err := c.print("Published as version %d.\n", out.Version); err != nil {
			return err
		}
	}
	return at.sell(ctx, c)
}

// publishJSON publishes without asking, and prints what it did. A secret that Stripe told is printed even when Stripe
// failed after that.
func (cmd *ApplyCmd) publishJSON(ctx context.Context, c *console, engine *tollgate.Engine, name string, document []byte, at *storefront) error {
	out, err := engine.Publish(ctx, name, document, false)
	if err != nil {
		return err
	}
	secret, err := at.apply(ctx, c)
	if err != nil && secret == "" {
		return err
	}
	return errors.Join(err, at.printJSON(c, out, secret))
}

// show prints what publishing would do.
func (cmd *ApplyCmd) show(c *console, out tollgate.Publication, at *storefront) error {
	out.DryRun = cmd.DryRun
	if cmd.JSON {
		return at.printJSON(c, out, "")
	}
	if err := plan.Render(c.out, out.Changes, c.color); err != nil {
		return err
	}
	if err := at.print(c); err != nil {
		return err
	}
	switch {
	case cmd.DryRun && at.pending():
		return c.print("Dry run: nothing was published, and nothing changed at Stripe.\n")
	case cmd.DryRun && len(out.Changes) > 0:
		return c.print("Dry run: nothing was published.\n")
	}
	return nil
}

// readCatalog reads a catalog file and returns what to call it in messages.
func readCatalog(c *console, file string) (name string, document []byte, err error) {
	from, name := c.in, "standard input"
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", nil, fmt.Errorf("read the catalog: %w", err)
		}
		defer f.Close() // nothing was written
		from, name = f, file
	}
	document, err = io.ReadAll(io.LimitReader(from, plan.DocumentBytesMax+1)) // Parse refuses what is longer
	if err != nil {
		return "", nil, fmt.Errorf("read the catalog: %w", err)
	}
	return name, document, nil
}

// confirm asks a question on the terminal. It returns an error when the answer is anything but yes.
func (c *console) confirm(ctx context.Context, question string) error {
	if err := c.print("\n%s Only yes is taken for yes: ", question); err != nil {
		return err
	}
	answer := make(chan string, 1)
	go func() { // ends with the answer, or with the process
		line, err := bufio.NewReader(c.in).ReadString('\n')
		if err != nil && err != io.EOF {
			line = ""
		}
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case line := <-answer:
		if line == "yes" || line == "y" {
			return nil
		}
		return errors.New("nothing was published, as you wished")
	case <-ctx.Done():
		return errors.New("interrupted: nothing was published")
	}
}
