package tollgate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A Finding is an account whose ledger does not add up to its state.
type Finding struct {
	Customer id.Customer `json:"customer"`
	Balance  id.Slug     `json:"balance"`
	Problem  string      `json:"problem"`
}

// An Audit is what auditing found. The books balance when Findings is empty.
type Audit struct {
	Accounts int64     `json:"accounts"`
	Lines    int64     `json:"lines"`
	Findings []Finding `json:"findings"`
}

// auditPage is how many accounts one step of an audit holds in memory.
const auditPage = 500

// Audit posts every ledger line of every account again, at one moment of the database, and compares the outcome
// with the balance that is kept. It writes nothing.
func (e *Engine) Audit(ctx context.Context) (Audit, error) {
	out := Audit{Findings: []Finding{}}
	err := e.db.View(ctx, func(tx *store.Tx) error {
		var last store.AccountKey
		for {
			page, err := tx.AccountsAfter(ctx, last, auditPage)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, a := range page {
				last = a.AccountKey
				out.Accounts++
				problem, lines, err := auditAccount(ctx, tx, a)
				if err != nil {
					return err
				}
				out.Lines += lines
				if problem != nil {
					name, err := tx.NameOf(ctx, a.Customer)
					if err != nil {
						return err
					}
					out.Findings = append(out.Findings, Finding{name, a.Slug, problem.Error()})
				}
			}
		}
	})
	return out, outside("audit", err)
}

// auditAccount returns what is wrong with an account, nil when nothing is.
func auditAccount(ctx context.Context, tx *store.Tx, a store.Account) (problem error, lines int64, err error) {
	var s credit.State
	err = eachLine(ctx, tx, a.AccountKey, func(l store.Line) (bool, error) {
		lines++
		s, problem = credit.Fold(s, []credit.Entry{l.Entry})
		if problem == nil && l.Event != nil && l.Event.Charged != -sum(l.Parts) && l.Event.Charged > 0 {
			problem = fmt.Errorf("event %s was charged %s but %s was paid", l.Event.TransactionID, l.Event.Charged, -sum(l.Parts))
		}
		return problem == nil, nil
	})
	if err != nil || problem != nil {
		return problem, lines, err
	}
	if problem = a.State.Same(&s); problem != nil {
		return problem, lines, nil
	}
	problem, err = auditUsage(ctx, tx, a.AccountKey)
	return problem, lines, err
}

// auditUsage counts an account's lines again, as far as the roll-up of usage has come, and compares.
func auditUsage(ctx context.Context, tx *store.Tx, k store.AccountKey) (problem, err error) {
	tally, rolled, err := tx.RolledOf(ctx, k)
	if err != nil || tally == 0 {
		return nil, err
	}
	again, err := tx.Recount(ctx, k, tally)
	if err != nil {
		return nil, err
	}
	for m, months := range again {
		for month, slots := range months {
			if got := rolled[m][month]; got.String() != slots.String() {
				return fmt.Errorf("the roll-up of %s in %s is not what its events add up to", m.Meter, period.AddMonths(time.Unix(0, 0), int(month)).Format("January 2006")), nil
			}
			delete(rolled[m], month)
		}
		if len(rolled[m]) == 0 {
			delete(rolled, m)
		}
	}
	for m := range rolled {
		if m.Meter == "" {
			return errors.New("the roll-up says that it has more lines than it counted"), nil
		}
		return fmt.Errorf("the roll-up counts usage of %s that the ledger has not", m.Meter), nil
	}
	return nil, nil
}

func sum(parts []credit.Part) quantity.Units {
	var n quantity.Units
	for _, p := range parts {
		n += p.Amount
	}
	return n
}
