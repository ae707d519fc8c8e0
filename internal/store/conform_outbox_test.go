package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
)

// causes names letters.
func causes(letters []store.Letter) []string {
	var out []string
	for _, l := range letters {
		out = append(out, l.Cause)
	}
	slices.Sort(out)
	return out
}

func TestALetterIsSettledByWhoClaimedItLast(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a := account(t, db, "ann")
		for _, box := range []store.Outbox{store.MailBox, store.NoticeBox} {
			for n := range 3 {
				update(t, db, func(tx *store.Tx) error {
					return tx.Post(t.Context(), box, store.Letter{Cause: fmt.Sprint("c", n%2), Customer: a.Customer, Body: json.RawMessage(`{}`), CreatedAt: noon()})
				})
			}
			claim := func(at time.Time) []store.Letter {
				found, err := db.Claim(t.Context(), box, at, at.Add(time.Minute), 10)
				if err != nil {
					t.Fatal(err)
				}
				return found
			}
			want := []string{"c0", "c1"} // each cause once
			if box == store.NoticeBox {
				want = want[:1] // the second waits for the first
			}
			first := claim(noon())
			if got := causes(first); !slices.Equal(got, want) {
				t.Errorf("%s: claimed %v, want %v", box, got, want)
			}
			if again := claim(noon().Add(time.Second)); len(again) > 0 {
				t.Errorf("%s: %v were claimed twice", box, causes(again))
			}
			second := claim(noon().Add(2 * time.Minute)) // the lease is over
			settle := func(l store.Letter, state string, want bool) {
				if mine, err := db.Settle(t.Context(), box, l, state); err != nil || mine != want {
					t.Errorf("%s: settling %s after %d claims: %t, %v, want %t", box, l.Cause, l.Attempts, mine, err, want)
				}
			}
			settle(first[0], store.LetterFailed, false)
			settle(second[0], store.LetterSent, true)
			settle(second[0], store.LetterPending, false)
		}
	})
}

func TestWhatWasSentIsForgottenAndWhatWaitsIsNot(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for _, box := range []store.Outbox{store.MailBox, store.NoticeBox} {
			for n, state := range []string{store.LetterSent, store.LetterFailed, store.LetterPending, "young"} {
				l := store.Letter{Cause: state, Customer: account(t, db, id.Customer(fmt.Sprint(box, n))).Customer, Body: json.RawMessage(`{}`), CreatedAt: noon()}
				if state == "young" {
					l.CreatedAt = noon().Add(48 * time.Hour)
				}
				update(t, db, func(tx *store.Tx) error { return tx.Post(t.Context(), box, l) })
			}
			claimed, err := db.Claim(t.Context(), box, noon().Add(48*time.Hour), noon().Add(48*time.Hour), 10)
			if err != nil || len(claimed) != 4 {
				t.Fatal(claimed, err)
			}
			for _, l := range claimed {
				state := l.Cause
				if state == "young" {
					state = store.LetterSent
				}
				if state != store.LetterPending {
					l.NextAt = l.CreatedAt
					if mine, err := db.Settle(t.Context(), box, l, state); err != nil || !mine {
						t.Fatal(mine, err)
					}
				}
			}
			for _, want := range []int{1, 1, 0} {
				if got, err := db.Purge(t.Context(), box, noon().Add(24*time.Hour), 1); err != nil || got != want {
					t.Errorf("%s: %d are purged, want %d (%v)", box, got, want, err)
				}
			}
			rows, err := db.SQL().Query("SELECT cause FROM " + string(box) + " ORDER BY cause")
			if err != nil {
				t.Fatal(err)
			}
			var left []string
			for rows.Next() {
				var cause string
				if err := rows.Scan(&cause); err != nil {
					t.Fatal(err)
				}
				left = append(left, cause)
			}
			if err := rows.Err(); err != nil || !slices.Equal(left, []string{"pending", "young"}) {
				t.Errorf("%s: left %v, want what waits and what is young (%v)", box, left, err)
			}
		}
	})
}
