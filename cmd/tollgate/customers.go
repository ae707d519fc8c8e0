package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// A CustomersCmd holds the commands about customers.
type CustomersCmd struct {
	List CustomersListCmd `cmd:"" default:"withargs" help:"List customers, oldest first."`
	Get  CustomersGetCmd  `cmd:"" help:"Show one customer."`
}

// A CustomersListCmd lists customers.
type CustomersListCmd struct {
	database
	After string `placeholder:"EXTERNAL_ID" help:"Begin after this customer."`
	Limit rows   `default:"100" help:"How many to show, up to 1000."`
	JSON  bool   `name:"json" help:"Print JSON: {data, next}."`
}

// Run runs the command.
func (cmd *CustomersListCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		page, err := engine.Customers(ctx, id.Customer(cmd.After), int(cmd.Limit))
		if err != nil {
			return err
		}
		if cmd.JSON {
			return c.json(page)
		}
		t := newTable("CUSTOMER", "PLAN", "STATUS", "NAME", "EMAIL", "CREATED (UTC)")
		for _, x := range page.Data {
			t.add(string(x.ExternalID), string(x.Plan), x.Status, x.Name, x.Email, moment(x.CreatedAt))
		}
		if err := t.write(c.out); err != nil {
			return err
		}
		if page.Next != "" {
			c.note("There are more: --after %s\n", quoted(page.Next))
		}
		return nil
	})
}

// A CustomersGetCmd shows a customer.
type CustomersGetCmd struct {
	ExternalID string `arg:"" name:"external-id" help:"The customer, as your app calls it."`
	database
	JSON bool `name:"json" help:"Print JSON."`
}

// Run runs the command.
func (cmd *CustomersGetCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		x, err := engine.Customer(ctx, id.Customer(cmd.ExternalID))
		if err != nil {
			return err
		}
		if cmd.JSON {
			return c.json(x)
		}
		t := newTable("CUSTOMER", string(x.ExternalID))
		t.facts([][2]string{
			{"Name", x.Name}, {"Email", x.Email}, {"Time zone", x.Timezone},
			{"Plan", fmt.Sprintf("%s (%s) since %s UTC", x.Plan, x.Status, moment(x.Since))},
			{"Billing period", moment(x.Period.Start) + " to " + moment(x.Period.End) + " UTC"},
			{"Subscription", x.Subscription},
			{"Created", moment(x.CreatedAt) + " UTC"}, {"Changed", moment(x.UpdatedAt) + " UTC"},
		})
		for _, key := range slices.Sorted(maps.Keys(x.Metadata)) {
			t.add("Metadata "+key, x.Metadata[key])
		}
		return t.write(c.out)
	})
}

// facts appends names with their values; those without a value are left out.
func (t *table) facts(pairs [][2]string) {
	for _, pair := range pairs {
		if pair[1] != "" {
			t.add(pair[0], pair[1])
		}
	}
}
