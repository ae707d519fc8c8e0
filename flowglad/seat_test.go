package flowglad_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/internal/testdb"
)

func (b *bench) pro(name string) string {
	b.t.Helper()
	b.customer(name)
	return b.must("POST", "/api/v1/subscriptions", `{"priceSlug":"pro_monthly","doNotCharge":true,"customerExternalId":`+quote(name)+`}`).text(b.t, "subscription.id")
}

// TestNoSeatIsClaimedTwice: thirty people want ten seats at once, each of them twice.
func TestNoSeatIsClaimedTwice(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, flowglad.Options{})
		sub := b.pro("team")
		claim := "/api/v1/resource-claims/" + sub + "/claim"
		var seated atomic.Int64
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				switch a := b.send("POST", claim, fmt.Sprintf(`{"resourceSlug":"seats","externalId":"u%d","metadata":{"try":%d}}`, i%30, i)); a.status {
				case 200:
					seated.Add(1)
				case 400:
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		a := b.must("GET", "/api/v1/resource-claims/"+sub+"/usage?resourceSlug=seats", "")
		if a.text(t, "usage.claimed") != "10" || a.text(t, "usage.available") != "0" || a.text(t, "usage.capacity") != "10" {
			t.Errorf("ten seats are %s", a.text(t, "usage"))
		}
		names := map[string]bool{}
		for i := range 10 {
			names[a.text(t, fmt.Sprintf("claims.%d.externalId", i))] = true
		}
		if len(names) != 10 || a.at(t, "claims.10") != nil {
			t.Errorf("the seats are claimed by %v", names)
		}
		if n := seated.Load(); n < 10 || n > 20 {
			t.Errorf("%d claims were granted, want one or two for each of ten", n)
		}
	})
}

func TestASeatReleasedCanBeClaimedAnew(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	sub := b.pro("team")
	path := "/api/v1/resource-claims/" + sub
	var before string
	for range 3 {
		a := b.must("POST", path+"/claim", `{"resourceSlug":"seats","externalId":"u1"}`)
		if id := a.text(t, "claims.0.id"); id == before {
			t.Errorf("a seat claimed anew has the old claim's id %s", id)
		} else {
			before = id
		}
		if got := a.text(t, "usage.claimed"); got != "1" {
			t.Errorf("%s seats are claimed, want 1", got)
		}
		a = b.must("POST", path+"/release", `{"resourceSlug":"seats","externalId":"u1"}`)
		if got := a.text(t, "usage.claimed"); got != "0" {
			t.Errorf("%s seats are claimed after the release, want 0", got)
		}
	}
	for _, bad := range []string{`{"resourceSlug":"seats"}`, `{"resourceSlug":"seats","quantity":1,"externalId":"x"}`, `{"resourceSlug":"seats","quantity":0}`,
		`{"resourceSlug":"seats","externalId":""}`, `{"resourceSlug":"seats","claimIds":["x"]}`} {
		if a := b.send("POST", path+"/claim", bad); a.status != 400 {
			t.Errorf("claim %s: %d %s", bad, a.status, a.body)
		}
	}
	if a := b.send("POST", path+"/claim", `{"resourceSlug":"tokens","quantity":1}`); a.status != 404 {
		t.Errorf("a meter that renews is no resource: %d %s", a.status, a.body)
	}
}

// TestAClaimOfSeveralIsAllOrNothing: and a downgrade keeps who has a seat.
func TestAClaimOfSeveralIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	sub := b.pro("team")
	path := "/api/v1/resource-claims/"
	b.must("POST", path+sub+"/claim", `{"resourceSlug":"seats","quantity":8}`)
	if a := b.send("POST", path+sub+"/claim", `{"resourceSlug":"seats","externalIds":["a","b","c"]}`); a.status != 400 {
		t.Errorf("three of two seats: %d %s", a.status, a.body)
	}
	if a := b.must("GET", path+sub+"/usage?resourceId=res_seats", ""); a.text(t, "usage.claimed") != "8" {
		t.Errorf("a refused claim left %s", a.text(t, "usage"))
	}
	b.must("POST", path+sub+"/claim", `{"resourceSlug":"seats","externalIds":["a","b","a"]}`)
	free := b.must("POST", "/api/v1/subscriptions", `{"priceSlug":"free","customerExternalId":"team"}`).text(t, "subscription.id")
	a := b.must("GET", path+free+"/usage?resourceSlug=seats", "")
	if a.text(t, "usage.claimed") != "10" || a.text(t, "usage.available") != "0" || a.text(t, "usage.capacity") != "2" {
		t.Errorf("after a downgrade to two seats: %s", a.text(t, "usage"))
	}
	if a := b.send("GET", path+sub+"/usage?resourceSlug=seats", ""); a.status != 404 {
		t.Errorf("the seats of a subscription that has ended: %d %s", a.status, a.body)
	}
}
