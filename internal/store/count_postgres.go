package store

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// A Count is what acts are expected to add to an account: usage that the plan's allowance pays, which changes nothing else.
type Count struct {
	Known       *Account // the account, as it was read or written some time ago
	Lines       int64
	Used, Spent quantity.Units
	Last        id.Transaction // of the last of its events
}

// errUnforeseen says that counts are not what happens to their accounts.
var errUnforeseen = errors.New("the accounts changed otherwise than by what was counted")

// countsAdd adds counts to their accounts, and returns what they count since.
const countsAdd = `
	UPDATE account AS a
	SET version = a.version + (1 << 20), seq = a.seq + r.lines, used = a.used + r.used, spent = a.spent + r.spent, before = a.last, last = r.last
	FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[]) AS r(customer, slug, lines, used, spent, last)
	WHERE a.customer = r.customer AND a.slug = r.slug
	RETURNING a.customer, a.slug, a.version, a.seq, a.used, a.spent, a.before`

// countStatement locks accounts by adding the counts of w to them and puts them into f as they were before. Those to
// which more has happened than counting since they were known, their customers' plans included, are left out. Acts that repeat others
// count nothing, so their customers are put there as they are known: the event says whether they are there yet.
func countStatement(w Want, f *Found) statement {
	sorted := slices.SortedFunc(slices.Values(w.Counts), func(a, b Count) int { // in which others lock them, too
		return cmp.Or(cmp.Compare(a.Known.Customer, b.Known.Customer), cmp.Compare(a.Known.Slug, b.Known.Slug))
	})
	n := len(w.Counts)
	customer, lines, used, spent := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	slug, last := make([]string, n), make([]string, n)
	counts := make(map[AccountKey]*Count, n)
	maps.Copy(f.Customers, w.Known)
	for i := range sorted {
		c := &sorted[i]
		customer[i], slug[i], lines[i] = int64(c.Known.Customer), string(c.Known.Slug), c.Lines
		used[i], spent[i], last[i] = int64(c.Used), int64(c.Spent), string(c.Last)
		counts[c.Known.AccountKey] = c
	}
	return statement{text: countsAdd, args: []any{customer, slug, lines, used, spent, last}, read: func(row scanner) error {
		var now Account
		err := row.Scan(&now.Customer, &now.Slug, &now.Version, &now.State.Seq,
			(*int64)(&now.State.Window.Used), (*int64)(&now.State.Window.Spent), &now.lastID)
		if err != nil {
			return err
		}
		c, customer := counts[now.AccountKey], w.Known[now.Customer]
		if c == nil || customer == nil || !now.onlyCountedSince(c.Known.Version) {
			return nil
		}
		a := *c.Known
		a.Version, a.CustomerVersion, a.lastID = now.Version-versionCounted, customer.Version, now.lastID
		a.State.Seq = now.State.Seq - c.Lines
		a.State.Window.Used, a.State.Window.Spent = now.State.Window.Used-c.Used, now.State.Window.Spent-c.Spent
		a.lines = a.State.Seq
		f.Accounts[a.AccountKey] = &a
		return nil
	}}
}

// countedStatements is statements of a batch decided on f, whose accounts counts have written. It fails with errUnforeseen when the
// batch does not leave them as those did.
func (b *Batch) countedStatements(counts []Count, f Found) ([]statement, error) {
	if err := b.place(); err != nil {
		return nil, err
	}
	if len(b.Accounts) != len(counts) {
		return nil, errUnforeseen
	}
	written := make(map[AccountKey]*Account, len(b.Accounts))
	for _, a := range b.Accounts {
		written[a.AccountKey] = a
	}
	for _, c := range counts {
		before, after := f.Accounts[c.Known.AccountKey], written[c.Known.AccountKey]
		if after == nil || !after.Counted || after.lastID != c.Last || after.State.Seq != before.State.Seq+c.Lines ||
			after.State.Window.Used != before.State.Window.Used+c.Used || after.State.Window.Spent != before.State.Window.Spent+c.Spent {
			return nil, errUnforeseen
		}
	}
	return b.linesStatements()
}
