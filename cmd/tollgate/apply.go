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
	DryRun bool `help:"Only show what would change; exit 1 when the file has problems."`
	Yes    bool `short:"y" help:"Publish without asking."`
	JSON   bool `name:"json" help:"Print the changes as JSON, and do not ask."`
}

// Help tells more than one line does.
func (ApplyCmd) Help() string {
	return `Reads the whole file first: every problem is printed as file:line:column with what to write instead, and
nothing is published. Then the differences to the catalog in force are shown, and published as a new version.
Running servers take it up within a second. A file without differences publishes nothing.

On a terminal it asks before it publishes; in a script it does not.

Examples:

    tollgate apply catalog.yaml --db tollgate.db
    tollgate apply catalog.yaml --db tollgate.db --dry-run`
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
	if cmd.DryRun && cmd.missing() { // a look must not make a database either
		return cmd.show(c, tollgate.Publication{Changes: plan.Diff(nil, catalog), DryRun: true})
	}
	return cmd.make(ctx, nil, func(engine *tollgate.Engine) error {
		return cmd.publish(ctx, c, engine, name, document)
	})
}

func (cmd *ApplyCmd) publish(ctx context.Context, c *console, engine *tollgate.Engine, name string, document []byte) error {
	asks := c.inTerminal && c.outTerminal && !cmd.Yes && !cmd.JSON
	out, err := engine.Publish(ctx, name, document, cmd.DryRun || !cmd.JSON)
	if err != nil {
		return err
	}
	out.DryRun = cmd.DryRun
	if err := cmd.show(c, out); err != nil {
		return err
	}
	if cmd.DryRun || cmd.JSON || len(out.Changes) == 0 {
		return nil
	}
	if asks {
		if err := c.confirm(ctx, "Publish these changes?"); err != nil {
			return err
		}
	}
	if out, err = engine.Publish(ctx, name, document, false); err != nil {
		return err
	}
	return c.print("Published as version %d.\n", out.Version)
}

// show prints what publishing does, or would do.
func (cmd *ApplyCmd) show(c *console, out tollgate.Publication) error {
	if cmd.JSON {
		return c.json(out)
	}
	if err := plan.Render(c.out, out.Changes, c.color); err != nil {
		return err
	}
	if cmd.DryRun && len(out.Changes) > 0 {
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
