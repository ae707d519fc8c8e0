package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

// A UsageflowCmd imports what UsageFlow keeps in its four tables.
type UsageflowCmd struct {
	DSN string `arg:"" name:"dsn" help:"UsageFlow's PostgreSQL database: postgres://user:password@host/name."`
	database
	PlansTable       string `default:"user_plans" help:"The table of plans."`
	LimitsTable      string `default:"usage_feature_limits" help:"The table of limits."`
	EventsTable      string `default:"usage_events" help:"The table of events."`
	AdjustmentsTable string `default:"user_limit_adjustments" help:"The table of limit adjustments; it may be missing."`
	Customers        string `placeholder:"FILE" help:"Which customer is on which plan: a CSV file of externalId,plan. UsageFlow itself does not say."`
	CatalogOut       string `placeholder:"FILE" help:"Write the catalog made of the plans and limits here, too."`
	DryRun           bool   `help:"Show the catalog and what would be imported; write nothing."`
	JSON             bool   `name:"json" help:"Print the counts as one JSON object."`
}

// Help tells more than one line does.
func (UsageflowCmd) Help() string {
	return `Plans and limits become a catalog: each feature a meter, each limit an allowance that renews every month, -1
unlimited. It is published when no catalog is in force; where one is, it must have the same meters and plans.

Events of this calendar month (UTC), since the last reset of their feature, are charged as they stand; older ones are
history: in the statistics, charged to no balance. Negative adjustments are refunds; positive ones are bonuses, granted
until the month's end when they are of this month. Limit adjustments keep their dates.

It is safe to run again, also after an interruption: every row has a transactionId of its own, usageflow:ID.`
}

// Run runs the command.
func (cmd *UsageflowCmd) Run(ctx context.Context, c *console) (err error) {
	source, err := openUsageflow(ctx, cmd.DSN, usageflowTables{cmd.PlansTable, cmd.LimitsTable, cmd.EventsTable, cmd.AdjustmentsTable})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.close()) }()
	shop, err := source.shop(ctx)
	if err != nil {
		return err
	}
	if cmd.CatalogOut != "" && !cmd.DryRun {
		if err := os.WriteFile(cmd.CatalogOut, []byte(shop.yaml()), 0o644); err != nil {
			return fmt.Errorf("write the catalog: %w", err)
		}
	}
	if cmd.DryRun {
		n, err := source.count(ctx)
		if err != nil {
			return err
		}
		return c.print("%s\n%s\nDry run: nothing was written.\n", shop.yaml(), n)
	}
	var plans map[id.Customer]string
	if cmd.Customers != "" {
		if plans, err = readPlans(cmd.Customers); err != nil {
			return err
		}
	}
	return cmd.make(ctx, nil, func(engine *tollgate.Engine) error {
		m := &migration{engine: engine, source: source, shop: shop, plans: plans, console: c}
		m.month = time.Date(engine.Now().Year(), engine.Now().Month(), 1, 0, 0, 0, 0, time.UTC)
		if err := m.run(ctx); err != nil {
			return fmt.Errorf("%w\nRun it again: what was imported before counts as duplicate, not twice", err)
		}
		if cmd.JSON {
			return c.json(m.counts)
		}
		if cmd.Customers == "" {
			c.note("Every customer is on the default plan: UsageFlow does not say who is on which plan. Name a file with --customers.\n")
		}
		return c.print("%s\n", m.counts)
	})
}

// usageflowCounts says what an import did.
type usageflowCounts struct {
	Customers   int64 `json:"customers"`
	Charged     int64 `json:"charged"`     // events of this month
	History     int64 `json:"history"`     // older events
	Refunds     int64 `json:"refunds"`     //
	Bonuses     int64 `json:"bonuses"`     // of this month
	Resets      int64 `json:"resets"`      // usage before them is history
	Adjustments int64 `json:"adjustments"` // of limits
	Duplicate   int64 `json:"duplicate"`   // imported before
	Skipped     int64 `json:"skipped"`     // named on standard error
}

func (n usageflowCounts) String() string {
	return fmt.Sprintf("customers %d charged %d history %d refunds %d bonuses %d resets %d adjustments %d duplicate %d skipped %d",
		n.Customers, n.Charged, n.History, n.Refunds, n.Bonuses, n.Resets, n.Adjustments, n.Duplicate, n.Skipped)
}

// was reports whether an act has been done before: as a duplicate, or under its id with what has come to be
// history since.
func was(duplicate bool, err error) bool {
	return err == nil && duplicate || fault.Has(err, fault.Conflict)
}
