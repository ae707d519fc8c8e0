package store_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/store"
)

func TestRecordsAreKeptAsLastSaid(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a := account(t, db, "ann")
		record := func(name string, body string) store.Record {
			return store.Record{ID: name, Kind: store.RecordInvoice, Customer: a.Customer, Body: json.RawMessage(body), CreatedAt: noon().Add(time.Duration(len(name)) * time.Minute)}
		}
		write := func(all ...store.Record) {
			t.Helper()
			update(t, db, func(tx *store.Tx) error { return tx.WriteRecords(t.Context(), all) })
		}
		kept := func() []string {
			t.Helper()
			all, err := db.Records(t.Context(), a.Customer, store.RecordInvoice, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, r := range all {
				if r.Customer != a.Customer || !r.CreatedAt.Equal(record(r.ID, "").CreatedAt) {
					t.Errorf("%s is of %d, %v", r.ID, r.Customer, r.CreatedAt)
				}
				out = append(out, r.ID+string(r.Body))
			}
			return out
		}
		expect := func(want ...string) {
			t.Helper()
			if got := kept(); !slices.Equal(got, want) {
				t.Errorf("kept %q, want %q", got, want)
			}
		}
		write()
		expect()
		odd := `{"text":"\u0000 é \" \\ <b> \ud83d\ude00"}`
		write(record("a", `{"n":1}`), record("bb", odd), record("a", `{"n":2}`))
		expect("bb"+odd, `a{"n":2}`)
		write(record("ccc", `{}`), record("a", `{"n":3}`), record("bb", odd))
		expect("ccc{}", "bb"+odd, `a{"n":3}`)
		if !db.Postgres() {
			return
		}
		written := func() (rows string) { // which transaction wrote each row
			if err := db.SQL().QueryRow("SELECT string_agg(id || xmin, ' ' ORDER BY id) FROM stripe_record").Scan(&rows); err != nil {
				t.Fatal(err)
			}
			return rows
		}
		before := written()
		write(record("a", `{"n":3}`), record("bb", odd))
		if after := written(); after != before {
			t.Errorf("what was kept already is written again: %s, then %s", before, after)
		}
	})
}
