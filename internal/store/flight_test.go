package store_test

import (
	"strings"
	"testing"

	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
)

// A pooler or an operator may end what is prepared on a connection. The group under way is told so and writes nothing; the next
// one goes by another connection.
func TestStatementsThatTheServerForgotArePreparedAnew(t *testing.T) {
	t.Parallel()
	url := testdb.Postgres(t)
	mark := "?"
	if strings.Contains(url, "?") {
		mark = "&"
	}
	db := open(t, url+mark+"pool_max_conns=1")
	a := account(t, db, "ann")
	if err := db.Commit(t.Context(), batch(a, 2, "first")); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SQL().Exec("DEALLOCATE ALL"); err != nil {
		t.Fatal(err)
	}
	before := store.Account{AccountKey: a.AccountKey, Version: a.Version + 1, State: fullState()}
	before.State.Seq = a.State.Seq + 3
	if err := db.Commit(t.Context(), batch(&before, 2, "second")); err == nil || store.Lost(err) {
		t.Fatalf("a group whose statements are gone: %v, want an error of this group alone", err)
	}
	if now := reread(t, db, a.AccountKey); now.Version != before.Version || now.State.Seq != before.State.Seq {
		t.Errorf("the account is at line %d, version %d; want %d and %d", now.State.Seq, now.Version, before.State.Seq, before.Version)
	}
	if err := db.Commit(t.Context(), batch(&before, 2, "second")); err != nil {
		t.Errorf("the group again: %v", err)
	}
}
