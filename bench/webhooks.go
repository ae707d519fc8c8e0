package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v86/webhook"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/sandbox"
)

const (
	webhookRate   = 200                   // per second
	payers        = 200                   // customers with a subscription, whose events come
	stripeLatency = 80 * time.Millisecond // of each call to Stripe
	stripeSecret  = "sk_test_bench"
)

const shopCatalog = catalog + `
  pro:
    name: Pro
    includes:
      requests: {limit: 200000000, every: billing_period}
    prices:
      pro_monthly: {amount: 800, every: month}
`

// webhooks compares what consume reaches while Stripe's webhooks come, 200 a second, are answered and worked on, with what
// it reaches alone. Stripe is a sandbox whose answers are kept and given again after the time that Stripe takes: what they
// cost to make is not Tollgate's.
func (b *bench) webhooks() {
	if b.postgres == "" {
		fmt.Println("no PostgreSQL: run make bench")
		return
	}
	shop := b.openShop()
	defer shop.stop()
	e := openWith(b.ctx, b.postgres+"&schema=webhooks", shopCatalog, tollgate.Options{Payments: tollgate.Payments{
		SecretKey: stripeSecret, WebhookSecret: shop.whsec, URL: shop.answers.URL, SuccessURL: "https://example.com/ok"}})
	defer e.Close()
	populate(b.ctx, e)
	shop.sell(e)
	settleDown(b.ctx, e)
	srv := listen(api.New(e, api.Options{}))
	defer srv.close()

	var s serial
	var alone, beside []result
	var waits []float64
	act := consume(e)
	load(b.ctx, 64, b.span/2, act, &s)
	for range b.rounds {
		alone = append(alone, load(b.ctx, 64, b.span, act, &s))
		stop := make(chan struct{})
		var took []time.Duration
		var sending sync.WaitGroup
		sending.Go(func() { took = shop.deliver(srv, stop) })
		beside = append(beside, load(b.ctx, 64, b.span, act, &s))
		close(stop)
		sending.Wait()
		slices.Sort(took)
		waits = append(waits, ms(took[len(took)*99/100]))
		fmt.Printf("consume %.0f/s alone, %.0f/s beside %d webhooks (p50 %.2f ms, p99 %.2f ms), %v until all were worked on\n", alone[len(alone)-1].rate, beside[len(beside)-1].rate,
			len(took), ms(took[len(took)/2]), waits[len(waits)-1], shop.drain(e))
	}
	rate := func(r result) float64 { return r.rate }
	x, y := median(beside, rate), median(alone, rate)
	slices.Sort(waits)
	p99 := waits[len(waits)/2]
	b.rows = append(b.rows, row{fmt.Sprintf("PostgreSQL: consume beside %d webhooks a second / alone", webhookRate), fmt.Sprintf("%.0f/s, %.0f/s", x, y), x / y, 0.9, false},
		row{"PostgreSQL: p99 of the answer to a webhook / 20 ms", fmt.Sprintf("%.1f ms", p99), p99 / 20, 1, true})
	audit(b.ctx, e)
}

// A shop is a sandbox with subscriptions, and the events that they made.
type shop struct {
	b       *bench
	sandbox *sandbox.Server
	web     *httptest.Server // the sandbox
	answers *httptest.Server // as it answers, after Stripe's time
	whsec   string

	mu     sync.Mutex
	fixed  bool // answers to GET are kept from now on
	kept   map[string]*httptest.ResponseRecorder
	events [][]byte
	sent   int
}

func (b *bench) openShop() *shop {
	s := &shop{b: b, kept: map[string]*httptest.ResponseRecorder{}}
	var err error
	s.sandbox, err = sandbox.New(sandbox.Options{})
	check(err)
	s.web = httptest.NewServer(s.sandbox)
	s.answers = httptest.NewServer(s)
	s.whsec, err = s.sandbox.Listen(s.web.URL + "/nowhere") // events are delivered by deliver
	check(err)
	s.post("/v1/prices", url.Values{"currency": {"usd"}, "unit_amount": {"800"}, "lookup_key": {"pro_monthly"}, "product_data[name]": {"Pro"},
		"metadata[source]": {"tollgate"}, "metadata[price]": {"pro_monthly"}, "metadata[plan]": {"pro"}, "recurring[interval]": {"month"}})
	return s
}

func (s *shop) stop() {
	s.answers.Close()
	s.web.Close()
	check(s.sandbox.Close())
}

// ServeHTTP answers as the sandbox does, or did.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fixed, answer := s.fixed && r.Method == http.MethodGet, s.kept[r.URL.String()]
	s.mu.Unlock()
	if !fixed {
		s.sandbox.ServeHTTP(w, r)
		return
	}
	time.Sleep(stripeLatency)
	if answer == nil {
		answer = httptest.NewRecorder()
		s.sandbox.ServeHTTP(answer, r)
		s.mu.Lock()
		s.kept[r.URL.String()] = answer
		s.mu.Unlock()
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes()) //nolint:errcheck // the caller has left
}

func (s *shop) post(path string, form url.Values) []byte {
	return s.ask(http.MethodPost, path, form)
}

func (s *shop) ask(method, path string, form url.Values) []byte {
	r, err := http.NewRequestWithContext(s.b.ctx, method, s.web.URL+path, strings.NewReader(form.Encode()))
	check(err)
	r.Header.Set("Authorization", "Bearer "+stripeSecret)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w, err := http.DefaultClient.Do(r)
	check(err)
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	check(err)
	if w.StatusCode != http.StatusOK {
		check(fmt.Errorf("%s %s: %s", method, path, body))
	}
	return body
}

// sell subscribes the payers, and keeps the events that came of it.
func (s *shop) sell(e *tollgate.Engine) {
	for n := range int64(payers) {
		session, err := e.Checkout(s.b.ctx, tollgate.CheckoutRequest{Customer: name(n), Price: "pro_monthly"})
		check(err)
		form := url.Values{"action": {"pay"}, "email": {"x@example.com"}, "number": {"4242424242424242"}, "expiry": {"12/40"}, "cvc": {"123"}}
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		w, err := client.PostForm(session.URL, form)
		check(err)
		check(w.Body.Close())
		check(e.SyncCustomer(s.b.ctx, name(n)))
	}
	after := ""
	for more := true; more; {
		var page struct {
			HasMore bool              `json:"has_more"`
			Data    []json.RawMessage `json:"data"`
		}
		check(json.Unmarshal(s.ask(http.MethodGet, "/v1/events?limit=100"+after, nil), &page))
		for _, ev := range page.Data {
			s.events = append(s.events, ev)
		}
		var last struct{ ID string }
		check(json.Unmarshal(page.Data[len(page.Data)-1], &last))
		after, more = "&starting_after="+last.ID, page.HasMore
	}
	slices.Reverse(s.events) // Stripe lists the newest first
	var hooks struct {
		Data []struct{ ID string } `json:"data"`
	}
	check(json.Unmarshal(s.ask(http.MethodGet, "/v1/webhook_endpoints", nil), &hooks))
	for _, hook := range hooks.Data { // or the sandbox would try nowhere again and again, beside what is measured
		s.ask(http.MethodDelete, "/v1/webhook_endpoints/"+hook.ID, nil)
	}
	s.mu.Lock()
	s.fixed = true
	s.mu.Unlock()
	fmt.Printf("%d payers, %d events\n", payers, len(s.events))
}

// deliver sends the events again and again under new ids, signed, on 16 connections, until stop; it returns how long each
// answer took.
func (s *shop) deliver(srv *server, stop <-chan struct{}) []time.Duration {
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	due := make(chan []byte)
	for range 16 {
		wg.Go(func() {
			for body := range due {
				signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: s.whsec})
				r, err := http.NewRequestWithContext(s.b.ctx, http.MethodPost, srv.url+"/webhooks/stripe", bytes.NewReader(body))
				check(err)
				r.Header.Set("Stripe-Signature", signed.Header)
				began := time.Now()
				w, err := srv.client.Do(r)
				check(err)
				_, err = io.Copy(io.Discard, w.Body)
				check(err)
				check(w.Body.Close())
				if w.StatusCode != http.StatusOK {
					check(fmt.Errorf("the webhook was answered %s", w.Status))
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
		})
	}
	tick := time.NewTicker(time.Second / webhookRate)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			close(due)
			wg.Wait()
			return took
		case <-tick.C:
			s.sent++
			var event struct {
				ID string `json:"id"`
			}
			body := s.events[s.sent%len(s.events)]
			check(json.Unmarshal(body, &event))
			due <- bytes.Replace(body, []byte(event.ID), fmt.Appendf(nil, "%sx%d", event.ID, s.sent), 1)
		}
	}
}

// drain waits until the inbox is empty.
func (s *shop) drain(e *tollgate.Engine) time.Duration {
	began := time.Now()
	for {
		waiting, err := e.Webhooks(s.b.ctx, "pending", 1)
		check(err)
		if len(waiting) == 0 {
			return time.Since(began).Round(time.Millisecond)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
