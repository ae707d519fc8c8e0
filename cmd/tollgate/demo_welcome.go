package main

import "fmt"

// welcome says where the demo is to be looked at, and what to paste.
func (d *demo) welcome(c *console) string {
	auth := fmt.Sprintf("curl -sS -H 'Authorization: Bearer %s'", d.key)
	return fmt.Sprintf(`
Still up at %s; the clock goes on from a month after the trace.

    API     %[2]s/docs
    Key     %[3]s
    Data    %[4]s
    Stripe  %[6]s/_sandbox/  (moves the clock of both)

Paste to see what a subscriber has, and to use 1,000 tokens (again: a duplicate):

%[5]s \
  %[2]s/v1/customers/user-006/balances

%[5]s \
  %[2]s/v1/consume -d '{"customer":"user-006","meter":"tokens",
  "amount":1000,"transactionId":"try-1"}'

Ctrl-C ends the demo.
`, c.paint(bold, d.url), d.url, d.key, d.db.String(), auth, d.stripe.url)
}
