package main

import (
	"context"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
)

// An AdjustCmd corrects usage by hand.
type AdjustCmd struct {
	ExternalID string `arg:"" name:"external-id" help:"The customer, as your app calls it."`
	Amount     amount `arg:"" help:"How many units of the meter. Without --kind, below 0 is a refund (write -- before it) and above 0 a bonus."`
	database
	Meter  string `required:"" placeholder:"SLUG" help:"The meter."`
	Kind   string `enum:",refund,bonus,deduction" default:"" help:"refund, bonus or deduction."`
	Reason string `required:"" help:"Why, for the ledger. It must be given."`
	ID     string `name:"id" required:"" help:"Your own id of this adjustment, which must be given: the same command again adjusts nothing more."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run runs the command.
func (cmd *AdjustCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		done, err := engine.AdjustUsage(ctx, tollgate.AdjustmentRequest{
			Customer: id.Customer(cmd.ExternalID), Meter: id.Slug(cmd.Meter), Amount: cmd.Amount.Units, Kind: tollgate.AdjustmentKind(cmd.Kind),
			Reason: cmd.Reason, TransactionID: id.Transaction(cmd.ID),
		})
		if err != nil || cmd.JSON {
			return orJSON(c, done, err)
		}
		return c.print("%s%s\n%s\n", done.Kind, again(done.Duplicate), balanceLine(done.Balance))
	})
}

// A ResetCmd resets usage.
type ResetCmd struct {
	ExternalID string `arg:"" name:"external-id" help:"The customer, as your app calls it."`
	Slug       string `arg:"" help:"The meter or credits pool."`
	database
	Reason string `help:"Why, for the ledger."`
	ID     string `name:"id" help:"Your own id of this reset: the same command again resets nothing more."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run runs the command.
func (cmd *ResetCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		done, err := engine.ResetUsage(ctx, tollgate.ResetRequest{
			Customer: id.Customer(cmd.ExternalID), Balance: id.Slug(cmd.Slug), Reason: cmd.Reason, ID: id.Transaction(cmd.ID),
		})
		if err != nil || cmd.JSON {
			return orJSON(c, done, err)
		}
		return c.print("reset after %s were used%s\n%s\n", units(done.PreResetTotal), again(done.Duplicate), balanceLine(done.Balance))
	})
}

// A LimitsCmd shows and moves limits.
type LimitsCmd struct {
	Show   LimitsShowCmd   `cmd:"" default:"withargs" help:"Show a customer's limit and what moves it."`
	Add    LimitsAddCmd    `cmd:"" help:"Move a customer's limit."`
	Remove LimitsRemoveCmd `cmd:"" help:"Remove a limit adjustment."`
}

// A LimitsShowCmd shows a limit.
type LimitsShowCmd struct {
	ExternalID string `arg:"" name:"external-id" help:"The customer, as your app calls it."`
	Slug       string `arg:"" optional:"" help:"The meter or credits pool; without it all adjustments are listed."`
	database
	JSON bool `name:"json" help:"Print JSON."`
}

// Run runs the command.
func (cmd *LimitsShowCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		if cmd.Slug == "" {
			all, err := engine.LimitAdjustments(ctx, id.Customer(cmd.ExternalID))
			if err != nil || cmd.JSON {
				return orJSON(c, tollgate.Page[tollgate.LimitAdjusted]{Data: all}, err)
			}
			return adjustmentTable(all).write(c.out)
		}
		l, err := engine.LimitOf(ctx, id.Customer(cmd.ExternalID), id.Slug(cmd.Slug))
		if err != nil || cmd.JSON {
			return orJSON(c, l, err)
		}
		if err := c.print("%s of %s: %s (the plan %s gives %s)\n", l.Balance, word(string(l.Customer)), limit(l.Limit), l.Plan, limit(l.OfPlan)); err != nil {
			return err
		}
		if len(l.Adjustments) == 0 {
			return nil
		}
		if err := c.print("\n"); err != nil {
			return err
		}
		return adjustmentTable(l.Adjustments).write(c.out)
	})
}

func adjustmentTable(all []tollgate.LimitAdjusted) *table {
	t := newTable("LIMIT ADJUSTMENT", "BALANCE", ">AMOUNT", "TYPE", "FROM (UTC)", "TO (UTC)", "STATE", "REASON")
	for _, a := range all {
		state, end := "waiting or over", "until removed"
		switch {
		case !a.RemovedAt.IsZero():
			state = "removed"
		case a.Active:
			state = "in force"
		}
		if !a.EndsAt.IsZero() {
			end = moment(a.EndsAt)
		}
		t.add(a.ID, string(a.Balance), signed(a.Amount), string(a.Type), moment(a.StartsAt), end, state, a.Reason)
	}
	return t
}

// A LimitsAddCmd moves a limit.
type LimitsAddCmd struct {
	ExternalID string `arg:"" name:"external-id" help:"The customer, as your app calls it."`
	Slug       string `arg:"" help:"The meter or credits pool."`
	Amount     amount `arg:"" help:"What to add to the limit; write -- before a number below 0."`
	database
	Type   string  `enum:"one_time,recurring" default:"one_time" help:"one_time (from --from to --to) or recurring (every window that they overlap)."`
	From   instant `placeholder:"TIME" help:"From when (2026-01-31T12:00:00Z); now when not given."`
	To     instant `placeholder:"TIME" help:"Until when; a recurring one without it lasts until it is removed."`
	Reason string  `help:"Why."`
	ID     string  `name:"id" help:"Your own id of this adjustment: the same command again adds nothing more."`
	JSON   bool    `name:"json" help:"Print JSON."`
}

// Run runs the command.
func (cmd *LimitsAddCmd) Run(ctx context.Context, c *console) error {
	r := tollgate.LimitAdjustmentRequest{Customer: id.Customer(cmd.ExternalID), Balance: id.Slug(cmd.Slug), Amount: cmd.Amount.Units,
		Type: credit.AdjustmentType(cmd.Type), Reason: cmd.Reason, ID: id.Transaction(cmd.ID)}
	if !cmd.From.IsZero() {
		r.StartsAt = &cmd.From.Time
	}
	if !cmd.To.IsZero() {
		r.EndsAt = &cmd.To.Time
	}
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		a, err := engine.AddLimitAdjustment(ctx, r)
		if err != nil || cmd.JSON {
			return orJSON(c, a, err)
		}
		return adjustmentTable([]tollgate.LimitAdjusted{a}).write(c.out)
	})
}

// A LimitsRemoveCmd removes a limit adjustment.
type LimitsRemoveCmd struct {
	ID string `arg:"" name:"id" help:"The limit adjustment."`
	database
	JSON bool `name:"json" help:"Print JSON."`
}

// Run runs the command.
func (cmd *LimitsRemoveCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		a, err := engine.RemoveLimitAdjustment(ctx, cmd.ID)
		if err != nil || cmd.JSON {
			return orJSON(c, a, err)
		}
		return adjustmentTable([]tollgate.LimitAdjusted{a}).write(c.out)
	})
}

func orJSON(c *console, v any, err error) error {
	if err != nil {
		return err
	}
	return c.json(v)
}

func again(duplicate bool) string {
	if duplicate {
		return " (done before; nothing changed)"
	}
	return ""
}

func balanceLine(b credit.Balance) string {
	return string(b.Slug) + ": " + units(b.Used) + " used, " + limit(b.Available) + " available"
}
