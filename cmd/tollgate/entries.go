package main

import (
	"context"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// An EntriesCmd shows ledger lines.
type EntriesCmd struct {
	ExternalID string `arg:"" name:"external-id" help:"The customer, as your app calls it."`
	Slug       string `arg:"" help:"The meter or credits pool."`
	database
	Limit  rows   `default:"100" help:"How many lines to show, up to 1000."`
	Cursor string `help:"The next of an earlier page."`
	JSON   bool   `name:"json" help:"Print JSON: {data, next}."`
}

// Run runs the command.
func (cmd *EntriesCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		page, err := engine.Entries(ctx, id.Customer(cmd.ExternalID), id.Slug(cmd.Slug), cmd.Cursor, int(cmd.Limit))
		if err != nil {
			return err
		}
		if cmd.JSON {
			return c.json(page)
		}
		t := newTable(">SEQ", "RECORDED (UTC)", "KIND", ">AMOUNT", ">BALANCE", "CAUSE", "REASON")
		for _, l := range page.Data {
			t.add(number(l.Seq), moment(l.RecordedAt), string(l.Kind), signed(l.Amount), units(l.Balance), l.Cause, l.Reason)
		}
		t.paint = func(row, column int, cell string) string {
			if column != 3 {
				return cell
			}
			return c.paint(direction(page.Data[row].Amount), cell)
		}
		if err := t.write(c.out); err != nil {
			return err
		}
		if page.Next != "" {
			c.note("There are older lines: --cursor %s\n", page.Next)
		}
		return nil
	})
}

// direction returns the colour of a change.
func direction(u quantity.Units) string {
	switch {
	case u > 0:
		return green
	case u < 0:
		return red
	}
	return dim
}
