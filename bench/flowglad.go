package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/examples/catalogs"
	"github.com/tollgate/tollgate/flowglad"
)

// active is how many of the customers use something at the time.
const active = 1000

// flowglad compares the two hot routes of Flowglad's API with our own, on the catalog of the chat example: the read that a
// page's hooks run on with /healthz, and a usage event with POST /v1/consume.
func (b *bench) flowglad() {
	engines := []struct{ name, url string }{{"SQLite", filepath.Join(b.dir, "flowglad.db")}}
	if b.postgres != "" {
		engines = append(engines, struct{ name, url string }{"PostgreSQL", b.postgres})
	}
	document, err := fs.ReadFile(catalogs.FS, "chat.yaml")
	check(err)
	for _, on := range engines {
		e := openWith(b.ctx, on.url, string(document), tollgate.Options{})
		subscriptions := subscribe(b, e)
		if on.name == "PostgreSQL" {
			settleDown(b.ctx, e)
		}
		srv := b.serveBoth(e)
		prefix := strconv.FormatInt(time.Now().UnixNano(), 36)
		var reads, writes serial
		r := b.race(
			contender{"GET /healthz, 16 connections", 16, func(int64) error { return srv.send(http.MethodGet, "/healthz", nil) }, &reads},
			contender{"GET billing on " + on.name + ", 16 connections", 16, func(n int64) error {
				return srv.send(http.MethodGet, fmt.Sprintf("/flowglad/api/v1/customers/%s/billing", name(n)), nil)
			}, &reads},
			contender{"POST /v1/consume on " + on.name + ", 64 connections", 64, func(n int64) error {
				return srv.post("/v1/consume", fmt.Appendf(nil, `{"customer":%q,"meter":"ai_requests","amount":1,"transactionId":"%s-c%d","record":true}`, name(n%active), prefix, n))
			}, &writes},
			contender{"POST usage-events on " + on.name + ", 64 connections", 64, func(n int64) error {
				return srv.post("/flowglad/api/v1/usage-events", fmt.Appendf(nil, `{"usageEvent":{"amount":1,"subscriptionId":%q,"transactionId":"%s-u%d","usageMeterSlug":"ai_requests"}}`,
					subscriptions[n%active], prefix, n))
			}, &writes},
		)
		b.rows = append(b.rows,
			row{"Flowglad: p99 of billing on " + on.name + " / of /healthz, 16 connections", fmt.Sprintf("%.2f ms, %.2f ms", ms(r[1].p99), ms(r[0].p99)), float64(r[1].p99) / float64(r[0].p99), 5, true},
			row{"Flowglad: POST usage-events on " + on.name + " / POST /v1/consume, 64 connections", fmt.Sprintf("%.0f/s, %.0f/s", r[3].rate, r[2].rate), r[3].rate / r[2].rate, 0.7, false})
		audit(b.ctx, e)
		srv.close()
		check(e.Close())
	}
}

// subscribe makes the customers and returns the ids of their subscriptions.
func subscribe(b *bench, e *tollgate.Engine) []string {
	ids := make([]string, customers)
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for c := w; c < customers; c += 32 {
				made, _, err := e.PutCustomer(b.ctx, name(int64(c)), tollgate.CustomerChange{})
				check(err)
				ids[c] = made.Subscription
			}
		})
	}
	wg.Wait()
	return ids
}

// serveBoth serves the JSON API and Flowglad's, as the program does.
func (b *bench) serveBoth(e *tollgate.Engine) *server {
	key, _, err := e.CreateKey(b.ctx, tollgate.ScopeFull, "bench", false)
	check(err)
	first := api.New(e, api.Options{})
	second, err := flowglad.New(e, flowglad.Options{Prefix: "/flowglad"})
	check(err)
	s := listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if second.Serves(r) {
			second.ServeHTTP(w, r)
			return
		}
		first.ServeHTTP(w, r)
	}))
	s.key = key
	return s
}
