package main

import (
	"context"
	"fmt"

	"github.com/tollgate/tollgate"
)

// An AuditCmd checks the books.
type AuditCmd struct {
	database
	JSON bool `name:"json" help:"Print JSON."`
}

// Help tells more than one line does.
func (AuditCmd) Help() string {
	return `Adds up every ledger line of every account again and compares the outcome with the balance that is kept.
Writes nothing, and may run while the database is in use. Exits 1 when an account differs, and names it.`
}

// Run runs the command.
func (cmd *AuditCmd) Run(ctx context.Context, c *console) error {
	return cmd.use(ctx, func(engine *tollgate.Engine) error {
		audit, err := engine.Audit(ctx)
		if err != nil {
			return err
		}
		if err := cmd.show(c, audit); err != nil {
			return err
		}
		if n := int64(len(audit.Findings)); n > 0 {
			return fmt.Errorf("the ledger does not balance: %s of %s accounts differ", number(n), number(audit.Accounts))
		}
		return nil
	})
}

func (cmd *AuditCmd) show(c *console, audit tollgate.Audit) error {
	if cmd.JSON {
		return c.json(audit)
	}
	if len(audit.Findings) == 0 {
		return c.print("ledger balanced: %d accounts, %d lines\n", audit.Accounts, audit.Lines)
	}
	t := newTable("CUSTOMER", "BALANCE", "PROBLEM")
	for _, f := range audit.Findings {
		t.add(string(f.Customer), string(f.Balance), f.Problem)
	}
	return t.write(c.out)
}
