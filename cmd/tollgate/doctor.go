package main

import (
	"context"
	"fmt"

	"github.com/tollgate/tollgate"
)

// A DoctorCmd compares what is kept of Stripe with Stripe.
type DoctorCmd struct {
	database
	selling
	Repair bool `help:"Mend what can be mended. Run it without this first."`
	JSON   bool `name:"json" help:"Print JSON."`
}

// Help tells more than one line does.
func (DoctorCmd) Help() string {
	return `Compares customers, plans, billing periods, payments, what they bought, usage that was reported, prices and events with
Stripe, and prints each difference with its cause. It exits 1 when there is one that is not mended.

With --repair, customers are read from Stripe anew, one whose customer at Stripe was lost is bound to it again, usage that
waits is told at once, and usage that Stripe has not counted as it was told for a day is corrected.

Examples:

    tollgate doctor --db tollgate.db
    tollgate doctor --db tollgate.db --repair`
}

// Run runs the command.
func (cmd *DoctorCmd) Run(ctx context.Context, c *console) error {
	sells := cmd.payments()
	sells.NoWork = true
	if sells.SecretKey != "" && sells.WebhookSecret == "" {
		sells.WebhookSecret = "whsec_unused" // no webhook is taken here
	}
	return cmd.useWith(ctx, tollgate.Options{Payments: sells}, func(engine *tollgate.Engine) error {
		found, err := engine.Diagnose(ctx, cmd.Repair)
		if err != nil {
			return err
		}
		left := 0
		for _, d := range found {
			if !d.Repaired {
				left++
			}
		}
		if cmd.JSON {
			if err := c.json(append([]tollgate.Difference{}, found...)); err != nil {
				return err
			}
		} else if err := cmd.print(c, found); err != nil {
			return err
		}
		if left > 0 {
			return fmt.Errorf("%d differences from Stripe are left", left)
		}
		return nil
	})
}

func (cmd *DoctorCmd) print(c *console, found []tollgate.Difference) error {
	if len(found) == 0 {
		return c.print("Everything here is as it is at Stripe.\n")
	}
	t := newTable("CUSTOMER", "WHAT", "HERE", "STRIPE", "MENDED", "CAUSE")
	for _, d := range found {
		mended := "no"
		if d.Repaired {
			mended = "yes"
		}
		t.add(string(d.Customer), d.What, d.Here, d.Stripe, mended, d.Cause)
	}
	return t.write(c.out)
}
