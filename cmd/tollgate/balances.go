package main

import (
	"context"
	"errors"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

const (
	barWidth = 20 // cells of a balance's bar
	nearFull = 80 // per cent used from which a balance is marked
)

// A BalancesCmd shows balances.
type BalancesCmd struct {
	ExternalID string `arg:"" name:"external-id" help:"The customer, as your app calls it."`
	Slug       string `arg:"" optional:"" help:"One meter or credits pool, with its grants and holds."`
	database
	At   instant `placeholder:"TIME" help:"The balance as it was then (2026-01-31T12:00:00Z); needs SLUG."`
	JSON bool    `name:"json" help:"Print JSON: one balance with SLUG, else {data}."`
}

// Validate refuses --at without a slug.
func (cmd *BalancesCmd) Validate() error {
	if !cmd.At.IsZero() && cmd.Slug == "" {
		return errors.New("--at needs the slug of a balance")
	}
	return cmd.database.Validate()
}

// Run runs the command.
func (cmd *BalancesCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		if cmd.Slug == "" {
			return cmd.all(ctx, c, engine)
		}
		return cmd.one(ctx, c, engine)
	})
}

func (cmd *BalancesCmd) all(ctx context.Context, c *console, engine *tollgate.Engine) error {
	balances, err := engine.Balances(ctx, id.Customer(cmd.ExternalID))
	if err != nil {
		return err
	}
	if cmd.JSON {
		return c.json(tollgate.Page[credit.Balance]{Data: balances})
	}
	return showBalances(c, balances)
}

// showBalances writes a table of balances, and below it what they owe.
func showBalances(c *console, balances []credit.Balance) error {
	err := balanceTable(c, balances).write(c.out)
	for _, b := range balances {
		switch {
		case err != nil:
		case b.Debt != nil && b.Suspended:
			err = c.print("%s owes %s, and is suspended until they are paid.\n", b.Slug, units(*b.Debt))
		case b.Debt != nil:
			err = c.print("%s owes %s, which the next grants pay first.\n", b.Slug, units(*b.Debt))
		case b.Suspended:
			err = c.print("%s is suspended until the subscription is paid.\n", b.Slug)
		}
	}
	return err
}

func (cmd *BalancesCmd) one(ctx context.Context, c *console, engine *tollgate.Engine) (err error) {
	var b credit.Balance
	customer, slug := id.Customer(cmd.ExternalID), id.Slug(cmd.Slug)
	if cmd.At.IsZero() {
		b, err = engine.Balance(ctx, customer, slug)
	} else {
		b, err = engine.BalanceAt(ctx, customer, slug, cmd.At.Time)
	}
	if err != nil {
		return err
	}
	if cmd.JSON {
		return c.json(b)
	}
	if err := showBalances(c, []credit.Balance{b}); err != nil {
		return err
	}
	if err := showGrants(c, b.Grants); err != nil {
		return err
	}
	return showHolds(c, b.Holds)
}

// balanceTable returns a table of balances, with bars on a terminal.
func balanceTable(c *console, balances []credit.Balance) *table {
	head := []string{"BALANCE", ">USED", ">LIMIT", ">AVAILABLE", ">HELD", "RESETS (UTC)"}
	if c.outTerminal {
		head = append(head, "")
	}
	t := newTable(head...)
	for _, b := range balances {
		resets := "never"
		if b.ResetsAt != nil {
			resets = moment(*b.ResetsAt)
		}
		t.add(string(b.Slug), units(b.Used), limit(b.Limit), limit(b.Available), optional(b.Held), resets, balanceBar(b))
	}
	t.paint = func(row, column int, cell string) string {
		if column != len(head)-1 || !c.outTerminal {
			return cell
		}
		return c.paint(fullness(balances[row]), cell)
	}
	return t
}

// balanceBar returns how much of what a balance gives has been used, as a bar; empty when there is no limit.
func balanceBar(b credit.Balance) string {
	if b.Available == nil {
		return ""
	}
	return bar(int64(b.Used), int64(b.Used+max(*b.Available, 0)), barWidth)
}

// fullness returns the colour of a balance: green, yellow when it is nearly used up, red when it is.
func fullness(b credit.Balance) string {
	switch {
	case b.Available == nil:
		return dim
	case *b.Available <= 0:
		return red
	case int64(b.Used)/nearFull >= int64(b.Used+*b.Available)/100:
		return yellow
	}
	return green
}

func limit(u *quantity.Units) string {
	if u == nil {
		return "unlimited"
	}
	return units(*u)
}

func optional(u *quantity.Units) string {
	if u == nil {
		return ""
	}
	return units(*u)
}

func showGrants(c *console, grants []credit.Lot) error {
	if len(grants) == 0 {
		return nil
	}
	t := newTable("GRANT", "SOURCE", ">AMOUNT", ">REMAINING", ">PRIORITY", "EXPIRES (UTC)")
	for _, l := range grants {
		expires := "never"
		if !l.ExpiresAt.IsZero() {
			expires = moment(l.ExpiresAt)
		}
		t.add(l.ID, l.Source, units(l.Amount), units(l.Remaining), number(int64(l.Priority)), expires)
	}
	if err := c.print("\n"); err != nil {
		return err
	}
	return t.write(c.out)
}

func showHolds(c *console, holds []credit.Hold) error {
	if len(holds) == 0 {
		return nil
	}
	t := newTable("HOLD", "METER", ">AMOUNT", ">CHARGE", "FOR", "EXPIRES (UTC)")
	for _, h := range holds {
		t.add(h.ID, string(h.Meter), units(h.Amount), units(h.Charge), string(h.TransactionID), moment(h.ExpiresAt))
	}
	if err := c.print("\n"); err != nil {
		return err
	}
	return t.write(c.out)
}
