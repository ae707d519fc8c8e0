package tollgate_test

import (
	"fmt"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
)

// The events of an account are a chain; whatever breaks it is found.
func TestTheAuditFindsABrokenChain(t *testing.T) {
	t.Parallel()
	testdb.Each(t, theAuditFindsABrokenChain)
}

func theAuditFindsABrokenChain(t *testing.T, url string) {
	e := openWith(t, url, tollgate.Options{NoRollUp: true}) // which would count what is broken meanwhile
	const two = `
meters:
  requests: {aggregation: sum}
  tokens: {aggregation: sum}
plans:
  free: {default: true, includes: {requests: {limit: 1000000, every: never}, tokens: {limit: 1000000, every: never}}}
`
	if _, err := e.Publish(t.Context(), "two.yaml", []byte(two), false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []id.Customer{"ann", "bob"} {
		put(t, e, c, "")
		for i := range 70 {
			for _, m := range []id.Slug{"requests", "tokens"} {
				if _, err := e.Consume(t.Context(), use(c, m, int64(1+i%3), fmt.Sprint(c, i, m))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	findings := func() []tollgate.Finding {
		t.Helper()
		a, err := e.Audit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return a.Findings
	}
	if found := findings(); len(found) != 0 {
		t.Fatalf("before anything is broken: %+v", found)
	}
	link, none := "id", "0"
	if store.IsPostgres(url) {
		link, none = "transaction_id", "''"
	}
	const of = " WHERE transaction_id = 'ann30requests'"
	for name, stmt := range map[string]string{
		"cut":                        "UPDATE event SET prev = " + none + of,
		"a link left out":            "UPDATE event SET prev = (SELECT prev FROM event AS e WHERE e." + link + " = event.prev)" + of,
		"into another's":             "UPDATE event SET prev = (SELECT " + link + " FROM event AS e WHERE e.transaction_id = 'bob29requests')" + of,
		"a ring":                     "UPDATE event SET prev = (SELECT " + link + " FROM event AS e WHERE e.transaction_id = 'ann60requests')" + of,
		"into another balance's":     "UPDATE event SET prev = (SELECT " + link + " FROM event AS e WHERE e.transaction_id = 'ann29tokens')" + of,
		"the last one left out":      "UPDATE account SET last = (SELECT prev FROM event AS e WHERE e." + link + " = account.last) WHERE last = (SELECT " + link + " FROM event WHERE transaction_id = 'ann69requests')",
		"the last one of another":    "UPDATE account SET last = (SELECT " + link + " FROM event WHERE transaction_id = 'bob69requests') WHERE last = (SELECT " + link + " FROM event WHERE transaction_id = 'ann69requests')",
		"an event that is gone":      "DELETE FROM event" + of,
		"an amount that was changed": "UPDATE event SET delta = delta - 1" + of,
	} {
		before := []string{"CREATE TABLE kept_event AS SELECT * FROM event", "CREATE TABLE kept_account AS SELECT * FROM account"}
		after := []string{"DELETE FROM event", "INSERT INTO event SELECT * FROM kept_event", "DROP TABLE kept_event",
			"DELETE FROM account", "INSERT INTO account SELECT * FROM kept_account", "DROP TABLE kept_account"}
		execAll(t, e, append(before, stmt)...)
		found := findings()
		if len(found) != 1 || found[0].Customer != "ann" || found[0].Balance != "requests" {
			t.Errorf("%s: %+v, want ann's account alone", name, found)
		}
		page, err := e.Entries(t.Context(), "ann", "requests", "", 200)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page.Data {
			if l.Event != nil && (l.Event.TransactionID[:3] != "ann" || l.Event.PaidBy != "requests") {
				t.Errorf("%s: ann's ledger shows %s", name, l.Event.TransactionID)
			}
		}
		execAll(t, e, after...)
	}
	if found := findings(); len(found) != 0 {
		t.Errorf("after all is mended: %+v", found)
	}
}

func execAll(t *testing.T, e *tollgate.Engine, stmts ...string) {
	t.Helper()
	for _, stmt := range stmts {
		if _, err := e.SQL().ExecContext(t.Context(), stmt); err != nil {
			t.Fatal(stmt, err)
		}
	}
}
