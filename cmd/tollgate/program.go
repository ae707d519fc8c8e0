package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitDone   = 0 // the command did what it was asked to
	exitFailed = 1 // it could not, or found something wrong
	exitUsage  = 2 // the command line makes no sense
)

// A program is the command line.
type program struct {
	Version kong.VersionFlag `help:"Print the version and exit."`

	Dev   DevCmd   `cmd:"" group:"start" help:"Try Tollgate: a SQLite file, a sample catalog, a key, and a command to paste."`
	Demo  DemoCmd  `cmd:"" group:"start" help:"Meter a real workload, sell to who runs out, and prove that the books balance."`
	Serve ServeCmd `cmd:"" group:"start" help:"Serve the HTTP API."`

	Sandbox SandboxCmd `cmd:"" group:"start" help:"Serve a Stripe for trying things out: no account, no network, no money."`

	Apply ApplyCmd `cmd:"" group:"set" help:"Show what a catalog file changes, then publish it."`
	Key   KeyCmd   `cmd:"" group:"set" help:"Make, list and revoke API keys."`

	Import ImportsCmd `cmd:"" group:"data" help:"Import usage events from a file or standard input, or from UsageFlow."`
	Backup BackupCmd  `cmd:"" group:"data" help:"Copy a SQLite database while it is in use."`
	Audit  AuditCmd   `cmd:"" group:"data" help:"Add up every ledger again and name each account that differs."`

	Adjust AdjustCmd `cmd:"" group:"data" help:"Refund, grant or deduct usage by hand."`
	Limits LimitsCmd `cmd:"" group:"data" help:"Show a customer's limits, and move them."`
	Reset  ResetCmd  `cmd:"" group:"data" help:"Begin a window's counting again."`

	Doctor    DoctorCmd    `cmd:"" group:"look" help:"Compare what is kept of Stripe with Stripe, and mend it."`
	Webhooks  WebhooksCmd  `cmd:"" group:"look" help:"List Stripe's events, and have one worked on again."`
	Usage     UsageCmd     `cmd:"" group:"look" help:"Show what was used, by the day or otherwise, as a table with bars."`
	Customers CustomersCmd `cmd:"" group:"look" help:"List customers, or show one."`
	Balances  BalancesCmd  `cmd:"" group:"look" help:"Show what a customer can still use."`
	Entries   EntriesCmd   `cmd:"" group:"look" help:"Show the ledger of a balance, newest line first."`
	Explain   ExplainCmd   `cmd:"" group:"look" help:"Tell how a balance came about, in words."`
}

const description = `Meter usage, enforce limits and credits exactly, and explain every number.

Start with: tollgate dev`

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, c *console) int {
	ended := -1 // set when --help or --version was all there was to do
	parser, err := newParser(ctx, c, func(code int) { ended = code })
	if err != nil {
		return c.fail(fmt.Errorf("read the commands: %w", err))
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	switch {
	case ended >= 0:
		return ended
	case err != nil:
		return c.misused(err)
	}
	if err := command.Run(); err != nil {
		return c.fail(err)
	}
	return exitDone
}

func newParser(ctx context.Context, c *console, exit func(code int)) (*kong.Kong, error) {
	return kong.New(&program{},
		kong.Name("tollgate"),
		kong.Description(description),
		kong.Vars{"version": "tollgate " + version()},
		kong.Writers(c.out, c.err),
		kong.Exit(exit),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(c),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "start", Title: "Start:"},
			{Key: "set", Title: "Set up:"},
			{Key: "data", Title: "Keep the books:"},
			{Key: "look", Title: "Look into them:"},
		}),
	)
}

// version returns what the program was built from, as the Go toolchain has stamped it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
