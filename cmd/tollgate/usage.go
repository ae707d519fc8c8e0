package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// A UsageCmd shows statistics of usage.
type UsageCmd struct {
	ExternalID string `arg:"" name:"external-id" help:"The customer, as your app calls it."`
	database
	Meter     string            `required:"" placeholder:"SLUG" help:"The meter."`
	Period    string            `placeholder:"PERIOD" help:"current_month (default), last_30_days, last_28_days, current_week, current_period, today, last_7_days or since_reset."`
	From      string            `placeholder:"TIME" help:"Instead of a period: from when on (2026-01-31, or 2026-01-31T12:00:00Z)."`
	To        string            `placeholder:"TIME" help:"Until when; now when not given."`
	GroupBy   string            `placeholder:"UNIT" help:"hour, day (default), week, month or none."`
	Timezone  string            `placeholder:"ZONE" help:"An IANA time zone; the customer's when not given."`
	WeekStart string            `placeholder:"DAY" help:"monday (default) or sunday."`
	Property  string            `placeholder:"NAME" help:"Show usage by the values of this property of the events."`
	Filter    map[string]string `placeholder:"NAME=VALUE" help:"Count only events with this property; may be given again."`
	Fill      bool              `help:"Show parts of the span without usage too."`
	JSON      bool              `name:"json" xor:"form" help:"Print JSON."`
	CSV       bool              `name:"csv" xor:"form" help:"Print CSV: date, total, events, and the value with --property."`
}

// Run runs the command.
func (cmd *UsageCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		r := tollgate.UsageRequest{Customer: id.Customer(cmd.ExternalID), Meter: id.Slug(cmd.Meter), Property: cmd.Property, Filters: cmd.Filter,
			UsageSpan: tollgate.UsageSpan{Period: usage.Period(cmd.Period), GroupBy: usage.Grouping(cmd.GroupBy), Timezone: cmd.Timezone, WeekStart: cmd.WeekStart, Fill: cmd.Fill}}
		var errs [2]error
		r.From, errs[0] = usage.ParseMoment("from", cmd.From)
		r.To, errs[1] = usage.ParseMoment("to", cmd.To)
		if err := errors.Join(errs[:]...); err != nil {
			return err
		}
		report, err := engine.Usage(ctx, r)
		switch {
		case err != nil:
			return err
		case cmd.JSON:
			return c.json(report)
		case cmd.CSV:
			return cmd.csv(c, report)
		}
		return showUsage(c, report)
	})
}

func (cmd *UsageCmd) csv(c *console, r tollgate.UsageReport) error {
	w := csv.NewWriter(c.out)
	write := func(cells ...string) { w.Write(cells) } //nolint:errcheck // Error tells
	if cmd.Property == "" {
		write("date", "total", "events")
		for _, b := range r.ByPeriod {
			write(b.Date, b.Total.String(), fmt.Sprint(b.Events))
		}
	} else {
		write(cmd.Property, "date", "total", "events")
		for _, g := range r.Groups {
			for _, b := range g.ByPeriod {
				write(groupName(g), b.Date, b.Total.String(), fmt.Sprint(b.Events))
			}
		}
	}
	w.Flush()
	return w.Error()
}

func groupName(g tollgate.UsageGroup) string {
	if g.Value == nil {
		return ""
	}
	return *g.Value
}

func showUsage(c *console, r tollgate.UsageReport) error {
	unit := r.Unit
	if unit == "" {
		unit = "unit"
	}
	zone, err := time.LoadLocation(r.Timezone)
	if err != nil {
		return err
	}
	left := "unlimited"
	if !r.IsUnlimited {
		left = fmt.Sprintf("%s of %s left", units(*r.Remaining), units(*r.Limit))
	}
	if r.Total != quantity.One && unit == strings.ToLower(unit) {
		unit += "s" // units in capitals, such as GB, have no plural
	}
	if err := c.print("%s: %s %s of %s from %s to %s (%s)\n%s: %s used in the running window, %s\n\n", c.paint(bold, word(string(r.Customer))),
		units(r.Total), word(unit), r.Meter, local(r.From.In(zone)), local(r.To.In(zone)), r.Timezone, r.Balance, units(r.Current), left); err != nil {
		return err
	}
	if r.LastResetDate != nil {
		if err := c.print("Last reset %s, after %s\n\n", local(r.LastResetDate.In(zone)), units(*r.PreResetTotal)); err != nil {
			return err
		}
	}
	if len(r.ByPeriod) == 0 {
		return c.print("Nothing was used.\n")
	}
	if len(r.Groups) > 0 {
		t := usageTable(c, "VALUE")
		var most quantity.Units
		for _, g := range r.Groups {
			most = max(most, g.Total)
		}
		for _, g := range r.Groups {
			name := "(none)"
			if g.Value != nil {
				name = *g.Value
			}
			t.add(name, units(g.Total), number(g.Events), usageBar(g.Total, most))
		}
		return t.write(c.out)
	}
	t := usageTable(c, strings.ToUpper(string(r.GroupBy)))
	for _, b := range r.ByPeriod {
		t.add(b.Date, units(b.Total), number(b.Events), usageBar(b.Total, r.Max))
	}
	if err := t.write(c.out); err != nil {
		return err
	}
	return c.print("\naverage %s, least %s, most %s\n", units(r.Average), units(r.Min), units(r.Max))
}

// usageTable returns an empty table, with room for bars on a terminal.
func usageTable(c *console, first string) *table {
	head := []string{first, ">TOTAL", ">EVENTS"}
	if c.outTerminal {
		head = append(head, "")
	}
	t := newTable(head...)
	t.paint = func(_, column int, cell string) string {
		if column != len(head)-1 || !c.outTerminal {
			return cell
		}
		return c.paint(green, cell)
	}
	return t
}

// usageBar shows a total beside the largest; net refunds have none.
func usageBar(total, most quantity.Units) string {
	if total <= 0 || most <= 0 {
		return ""
	}
	return strings.TrimRight(bar(int64(total), int64(most), barWidth), "░")
}
