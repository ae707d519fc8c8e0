package main

import (
	"context"
	"slices"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// An ExplainCmd explains a balance.
type ExplainCmd struct {
	ExternalID string `arg:"" name:"external-id" help:"The customer, as your app calls it."`
	Slug       string `arg:"" help:"The meter or credits pool."`
	database
	JSON bool `name:"json" help:"Print JSON."`
}

// Run runs the command.
func (cmd *ExplainCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		told, err := engine.Explain(ctx, id.Customer(cmd.ExternalID), id.Slug(cmd.Slug))
		if err != nil {
			return err
		}
		if cmd.JSON {
			return c.json(told)
		}
		return showExplanation(c, told)
	})
}

func showExplanation(c *console, told tollgate.Explanation) error {
	if err := c.print("%s\nCustomer %s is on the plan %s.\n\n", c.paint(bold, word(told.Summary)), word(string(told.Customer)), told.Plan); err != nil {
		return err
	}
	for _, text := range told.Adjusted {
		if err := c.print("%s\n", word(text)); err != nil {
			return err
		}
	}
	if len(told.Adjusted) > 0 {
		if err := c.print("\n"); err != nil {
			return err
		}
	}
	t := newTable("RECORDED (UTC)", ">AMOUNT", ">BALANCE", "WHAT HAPPENED")
	if told.Earlier {
		t.add("", "", units(told.Opening), "Carried on from older lines; tollgate entries shows them.")
	}
	for _, l := range told.Lines {
		t.add(moment(l.RecordedAt), signed(l.Amount), units(l.Balance), l.Text)
	}
	for _, l := range told.Pending {
		t.add("next", signed(l.Amount), units(l.Balance), l.Text)
	}
	balance := told.Opening
	for _, l := range slices.Concat(told.Lines, told.Pending) {
		balance = l.Balance
	}
	for _, term := range told.Apart {
		balance += term.Amount
		t.add("", signed(term.Amount), units(balance), term.Text)
	}
	if len(t.rows) == 0 {
		return c.print("Nothing has happened yet.\n")
	}
	return t.write(c.out)
}
