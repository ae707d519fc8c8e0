package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
)

const (
	demoColumns    = 80 // the widest line
	demoBarWidth   = 12 // cells of a bar
	demoLinesShown = 8  // of the ledger that is explained
)

// write prints the report, but for the sales.
func (r *demoReport) write(c *console) error {
	parts := []func(*console) error{r.writeHead, r.writeTotals, r.writeHeaviest, r.writeExplained, r.writeAudit}
	for i, part := range parts {
		if i > 0 {
			if err := c.print("\n"); err != nil {
				return err
			}
		}
		if err := part(c); err != nil {
			return err
		}
	}
	return nil
}

func (r *demoReport) writeHead(c *console) error {
	return c.print("%s\n%s customers, %s to %s UTC, over HTTP on %s\n",
		c.paint(bold, fmt.Sprintf("Replayed %s requests of a real LLM service in %.1f s", number(r.Trace.Requests), r.Speed.Seconds)),
		number(r.Trace.Customers), r.Trace.From.Format("2006-01-02 15:04"), r.Trace.To.Format("15:04"), strings.Fields(r.database)[0])
}

func (r *demoReport) writeTotals(c *console) error {
	t := newTable("TOTALS", ">COUNT", "")
	t.add("requests sent", number(r.Requests), fmt.Sprintf("%s of the trace, %s more in bursts", number(r.Trace.Requests), number(r.Requests-r.Trace.Requests)))
	t.add("  accepted", number(r.Accepted), share(r.Accepted, r.Requests))
	t.add("  refused", number(r.Refused), share(r.Refused, r.Requests))
	r.addRefusals(t, demoRequests, "")
	t.add("sent twice", number(r.Repeats.Sent), "every hundredth")
	t.add("  duplicates", number(r.Repeats.Duplicates), "counted once, answered alike")
	t.add("  refused again", number(r.Repeats.Refused), "a refusal is not remembered")
	t.add("bursts", number(r.Bursts.Bursts), fmt.Sprintf("of %d requests at once, near a limit", demoBurstSize))
	t.add("  accepted", number(r.Bursts.Accepted), fmt.Sprintf("of %s; %s were left, never one too many", number(r.Bursts.Requests), number(r.Bursts.Left)))
	t.add("tokens charged", number(r.Tokens), "paid from token credits")
	t.add("  refused", number(r.Unpaid), "requests whose tokens the credits did not cover")
	r.addRefusals(t, demoCredits, " credits")
	t.add("holds captured", number(r.Holds.Captured), fmt.Sprintf("of %s; %s tokens held, %s used", number(r.Holds.Opened), number(r.Holds.Held), number(r.Holds.Used)))
	t.add("events a second", number(r.Speed.EventsPerSecond), fmt.Sprintf("%s recorded by %s HTTP requests", number(r.Speed.Events), number(r.Speed.Calls)))
	t.add("latency p50", millis(r.Speed.P50Micros), "each event on disk before its answer")
	t.add("latency p99", millis(r.Speed.P99Micros))
	t.paint = func(_, column int, cell string) string {
		if column == 2 {
			return c.paint(dim, cell)
		}
		return cell
	}
	return t.write(c.out)
}

// addRefusals adds what each plan's allowance of a balance has refused.
func (r *demoReport) addRefusals(t *table, balance id.Slug, unit string) {
	for _, x := range r.Refusals {
		if x.Balance == balance {
			t.add("    "+string(x.Plan), number(x.Refused), fmt.Sprintf("%s%s %s", units(x.Limit), unit, everyInWords(x.Every)))
		}
	}
}

func (r *demoReport) writeHeaviest(c *console) error {
	t := newTable("HEAVIEST", "PLAN", ">SENT", ">REQUESTS", "", ">TOKENS", "CREDITS")
	for _, x := range r.Heaviest {
		t.add(string(x.Customer), string(x.Plan), number(x.Requests), units(x.Used)+"/"+units(x.Limit),
			bar(int64(x.Used), int64(x.Limit), demoBarWidth), number(x.Tokens), bar(int64(x.Credits), int64(x.CreditLimit), demoBarWidth))
	}
	t.paint = func(row, column int, cell string) string {
		x := r.Heaviest[row]
		left, creditsLeft := x.Limit-x.Used, x.CreditLimit-x.Credits
		switch column {
		case 4:
			return c.paint(fullness(credit.Balance{Used: x.Used, Available: &left}), cell)
		case 6:
			return c.paint(fullness(credit.Balance{Used: x.Credits, Available: &creditsLeft}), cell)
		}
		return cell
	}
	return t.write(c.out)
}

// writeExplained prints the newest lines of a ledger in words.
func (r *demoReport) writeExplained(c *console) error {
	told := r.explained
	if err := c.print("%s\n%s", c.paint(bold, fmt.Sprintf("EXPLAINED  %s, plan %s", told.Customer, told.Plan)), wrapped(told.Summary, 0)); err != nil {
		return err
	}
	for _, l := range told.Lines[max(len(told.Lines)-demoLinesShown, 0):] {
		head := fmt.Sprintf("%s %8s ", l.RecordedAt.Format("15:04"), signed(l.Amount))
		text := wrapped(head+l.Text, utf8.RuneCountInString(head))
		if err := c.print("%s", text); err != nil {
			return err
		}
	}
	return nil
}

func (r *demoReport) writeAudit(c *console) error {
	return (&AuditCmd{}).show(c, r.Audit)
}

// everyInWords says how often an allowance renews.
func everyInWords(e period.Every) string {
	switch e {
	case period.BillingPeriod:
		return "a billing period"
	case period.Never:
		return "in all"
	}
	return "a " + string(e)
}

// share returns how much of whole a part is, in per cent and as a bar.
func share(part, whole int64) string {
	return fmt.Sprintf("%s %d %%", bar(part, whole, demoBarWidth), (part*200+whole)/(2*max(whole, 1)))
}

// millis returns a time in milliseconds.
func millis(micros int64) string { return fmt.Sprintf("%.1f ms", float64(micros)/1000) }

// wrapped returns text in lines of demoColumns at most, all but the first one indented, each with its end.
func wrapped(text string, indent int) string {
	var b strings.Builder
	column := 0
	for i, w := range strings.Split(word(text), " ") {
		n := utf8.RuneCountInString(w)
		switch {
		case i > 0 && column+1+n > demoColumns:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		case i > 0:
			b.WriteString(" ")
			column++
		}
		b.WriteString(w)
		column += n
	}
	return b.String() + "\n"
}
