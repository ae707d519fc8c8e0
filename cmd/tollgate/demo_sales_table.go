package main

import (
	"fmt"
	"strings"

	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// write prints the sales.
func (r *demoSales) write(c *console) error {
	if err := c.print("\n%s\n", c.paint(bold, fmt.Sprintf("Sold to %d customers over their limit, and renewed a month later, in %.1f s", demoBuyers, r.Seconds))); err != nil {
		return err
	}
	if err := c.print("through a Stripe sandbox: its checkout page, its clock, %s signed webhooks\n\n", number(int64(r.Webhooks))); err != nil {
		return err
	}
	for i, t := range []*table{r.soldTable(), r.declinedTable(), r.refundTable(), r.meteredTable(), r.renewedTable(), r.booksTable()} {
		if i > 0 {
			if err := c.print("\n"); err != nil {
				return err
			}
		}
		t.paint = func(_, column int, cell string) string {
			if column == len(t.head)-1 && !strings.HasPrefix(t.head[column], ">") { // what is said, and no number
				return c.paint(dim, cell)
			}
			return cell
		}
		if err := t.write(c.out); err != nil {
			return err
		}
	}
	if err := c.print("\n"); err != nil {
		return err
	}
	return (&AuditCmd{}).show(c, r.Audit)
}

func (r *demoSales) soldTable() *table {
	t := newTable("SOLD", ">BUYERS", ">EACH", ">PAID", "REFUSED BEFORE, SERVED NOW")
	for _, x := range r.Sold {
		served := number(x.Tokens) + " tokens"
		if x.Requests > 0 {
			served = number(x.Requests) + " requests, " + served
		}
		t.add(x.Name, number(x.Buyers), x.Each.Format(), x.Paid.Format(), served)
	}
	return t
}

func (r *demoSales) declinedTable() *table {
	x := r.Declined
	t := newTable("DECLINED", "CARD", ">ASKED", "ANSWER", "PLAN", "STILL")
	t.add(string(x.Customer), x.Card, x.Asked.Format(), x.Answer, string(x.Plan), "refused")
	return t
}

func (r *demoSales) refundTable() *table {
	x := r.Refund
	t := newTable("REFUNDED", ">BACK", ">CREDITS BOUGHT", ">SPENT", ">TAKEN BACK", ">LEFT")
	t.add(string(x.Customer), x.Back.Format(), units(x.Granted), units(x.Spent), units(x.TakenBack), units(x.Left))
	return t
}

func (r *demoSales) meteredTable() *table {
	t := newTable("BILLED BY USE", ">TOKENS USED", ">REPORTED", ">STRIPE COUNTS", ">BILLED")
	for _, x := range r.Metered {
		t.add(string(x.Customer), number(x.Used), number(x.Reported), number(x.AtStripe), x.Cost.Format())
	}
	return t
}

func (r *demoSales) renewedTable() *table {
	t := newTable("A MONTH LATER", ">RENEWED", ">IN ADVANCE", ">BY USE", ">PAID", "NEW PERIOD")
	for _, x := range r.Renewed {
		t.add(string(x.Plan), number(x.Subscriptions), x.Advance.Format(), x.Usage.Format(), x.Paid.Format(), "when paid, not before")
	}
	return t
}

func (r *demoSales) booksTable() *table {
	t := newTable("BOOKS", ">TOLLGATE", ">STRIPE", "")
	here, there, currency := r.Books.Here, r.Books.Stripe, r.Refund.Back.Currency
	amount := func(minor int64) string { return money.Amount{Minor: minor, Currency: currency}.Format() }
	t.add("payments", number(here.Paid), number(there.Paid), "")
	t.add("  amount", amount(here.Amount), amount(there.Amount), "")
	t.add("  given back", amount(here.Refunded), amount(there.Refunded), "")
	t.add("  declined", number(here.Failed), number(there.Failed), "")
	for _, x := range r.Books.Credits {
		t.add(string(x.Balance), units(x.Granted), units(x.PaidFor), "granted, and paid for")
	}
	var used, counted int64
	for _, x := range r.Metered {
		used, counted = used+x.Reported, counted+x.AtStripe
	}
	t.add(string(demoTokens), units(quantity.Whole(used)), units(quantity.Whole(counted)), "reported, and counted")
	return t
}
