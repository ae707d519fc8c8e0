package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/meter"
)

// A server is the JSON API on a loopback port, and what calls it.
type server struct {
	http   *http.Server
	url    string
	key    string
	client *http.Client
}

func (b *bench) serve(e *tollgate.Engine) *server {
	key, _, err := e.CreateKey(b.ctx, tollgate.ScopeFull, "bench", false)
	check(err)
	s := listen(api.New(e, api.Options{}))
	s.key = key
	return s
}

func listen(h http.Handler) *server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	s := &server{http: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}, url: "http://" + l.Addr().String()}
	s.client = newClient()
	go s.http.Serve(l) // ends with close
	return s
}

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, MaxConnsPerHost: 256}}
}

func (s *server) close() { check(s.http.Close()) }

func (s *server) post(path string, body []byte) error { return s.send(http.MethodPost, path, body) }

func (s *server) send(method, path string, body []byte) error {
	req, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		answer, err := io.ReadAll(res.Body)
		return errors.Join(fmt.Errorf("%s: %s", res.Status, answer), err)
	}
	_, err = io.Copy(io.Discard, res.Body) // to keep it would be the caller's cost
	return err
}

func consumeBody(n int64) []byte {
	return fmt.Appendf(nil, `{"customer":%q,"meter":"requests","amount":1,"transactionId":"tx-%d"}`, name(n), n)
}

func (s *server) batch(from int64, n int) error {
	body := []byte(`{"events":[`)
	for i := range n {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, consumeBody(from+int64(i))...)
	}
	return s.post("/v1/events", append(body, "]}"...))
}

// http compares POST /v1/consume with a handler that only decodes the same request and encodes the same answer.
func (b *bench) http() {
	engines := []struct{ name, url string }{{"SQLite", filepath.Join(b.dir, "http.db")}}
	if b.postgres != "" {
		engines = append(engines, struct{ name, url string }{"PostgreSQL", b.postgres})
	}
	bare := listen(http.HandlerFunc(bareHandler))
	defer bare.close()
	for _, on := range engines {
		e := openEngine(b.ctx, on.url)
		populate(b.ctx, e)
		if on.name == "PostgreSQL" {
			settleDown(b.ctx, e)
		}
		srv := b.serve(e)
		var s1, s2 serial
		prefix := strconv.FormatInt(time.Now().UnixNano(), 36)
		r := b.race(
			contender{"bare handler, 64 connections", 64, func(n int64) error { return bare.post("/v1/consume", consumeBody(n)) }, &s1},
			contender{"POST /v1/consume on " + on.name + ", 64 connections", 64, func(n int64) error {
				return srv.post("/v1/consume", fmt.Appendf(nil, `{"customer":%q,"meter":"requests","amount":1,"transactionId":"%s-%d"}`, name(n), prefix, n))
			}, &s2},
		)
		b.rows = append(b.rows, row{"HTTP: POST /v1/consume on " + on.name + " / bare handler, 64 connections",
			fmt.Sprintf("%.0f/s, %.0f/s", r[1].rate, r[0].rate), r[1].rate / r[0].rate, 0.55, false})
		audit(b.ctx, e)
		srv.close()
		check(e.Close())
	}
}

// bareHandler decodes a usage fact and encodes a receipt, and does nothing in between.
func bareHandler(w http.ResponseWriter, r *http.Request) {
	var u meter.Usage
	if err := json.NewDecoder(r.Body).Decode(&u); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	now := time.Now()
	out := tollgate.Receipt{Event: meter.Event{Customer: u.Customer, Meter: u.Meter, Amount: *u.Amount, TransactionID: u.TransactionID,
		At: now, RecordedAt: now, Charged: *u.Amount, PaidBy: u.Meter}}
	out.Balance.Slug, out.Balance.Used, out.Balance.Limit, out.Balance.Available, out.Balance.ResetsAt = u.Meter, *u.Amount, u.Amount, u.Amount, &now
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(out); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
