package billing_test

import (
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
)

func TestAChangeToOverageOfTheSameMeterBillsAllThatFollows(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "scale", nil)
		s.burn("50", "on scale")
		s.change("past_monthly", tollgate.Now) // its limit is 10
		s.settle()
		s.wantBilled("at once", "scale_tokens", 50, 500)
		s.advance(2 * time.Hour)
		s.wantReported("after the change", "org", "tokens", 0, 50)
		s.burn("20", "past the limit")
		s.wantReported("used", "org", "tokens", 20, 50)
		s.minute()
		s.wantReported("told", "org", "tokens", 0, 70)
		s.advance(31 * day)
		s.wantBilled("after the renewal", "scale_tokens", 50, 500)
		s.wantBilled("after the renewal", "past_overage", 20, 60)
		s.noErrors()
		s.audit()
	})
}

func TestAVoidOfWhatAPlanBeforeBilledTakesNothingOfWhatFollows(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "scale", nil)
		s.burn("50", "on scale")
		s.change("past_monthly", tollgate.Now) // its limit is 10
		s.settle()
		s.advance(2 * time.Hour)
		if _, err := s.engine.Void(s.ctx, "org", "on scale", "a mistake"); err != nil {
			t.Fatal(err)
		}
		s.minute()
		s.burn("15", "on past")
		s.minute()
		s.advance(31 * day)
		s.wantBilled("after the renewal", "scale_tokens", 50, 500)
		s.wantBilled("after the renewal", "past_overage", 5, 15)
		s.noErrors()
		s.audit()
	})
}
