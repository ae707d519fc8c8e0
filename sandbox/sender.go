package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// webhookTimeout is how long an endpoint may take.
const webhookTimeout = 10 * time.Second

// A sender delivers events: to each endpoint one after the other, in the order of their time.
type sender struct {
	server *Server
	client *http.Client
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	queues  map[string]*queue // by endpoint
	stopped bool
}

type queue struct {
	waiting []*delivery
	wake    chan struct{}
	busy    bool
}

func newSender(s *Server) *sender {
	ctx, cancel := context.WithCancel(context.Background())
	return &sender{server: s, ctx: ctx, cancel: cancel, queues: map[string]*queue{}, client: &http.Client{
		Timeout:       webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// start takes up what a file says is still to be delivered.
func (s *sender) start() {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	for _, r := range s.server.state.table("event").order {
		if e := r.object.(*event); e.PendingWebhooks > 0 {
			s.enqueue(e)
		}
	}
}

func (s *sender) stop() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
	s.client.CloseIdleConnections()
}

func (s *sender) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		q.waiting = nil
	}
}

// enqueue sends an event to its endpoints. The caller holds the server's lock.
func (s *sender) enqueue(e *event) {
	for _, d := range e.Own.Deliveries {
		if d.Done || d.GivenUp {
			continue
		}
		d.event = e
		for _, wait := range s.server.chaos.deliver() {
			s.push(d, time.Now().Add(wait))
		}
	}
}

// push puts a delivery into its endpoint's queue.
func (s *sender) push(d *delivery, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	q := s.queues[d.Endpoint]
	if q == nil {
		q = &queue{wake: make(chan struct{}, 1)}
		s.queues[d.Endpoint] = q
		s.work.Go(func() { s.serve(q) })
	}
	copied := *d
	copied.next = at
	i, _ := slices.BinarySearchFunc(q.waiting, at, func(w *delivery, at time.Time) int {
		if w.next.After(at) {
			return 1
		}
		return -1
	})
	q.waiting = slices.Insert(q.waiting, i, &copied)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// serve delivers what stands in a queue, until the sender stops.
func (s *sender) serve(q *queue) {
	for {
		s.mu.Lock()
		var next *delivery
		wait := time.Hour
		if len(q.waiting) > 0 {
			if wait = time.Until(q.waiting[0].next); wait <= 0 {
				next = q.waiting[0]
				q.waiting = slices.Delete(q.waiting, 0, 1)
				q.busy = true
			}
		}
		s.mu.Unlock()
		if next != nil {
			s.deliver(next)
			s.mu.Lock()
			q.busy = false
			s.mu.Unlock()
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-s.ctx.Done():
			timer.Stop()
			return
		case <-q.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// deliver makes one attempt, writes it down, and plans the next one when it failed.
func (s *sender) deliver(d *delivery) {
	server := s.server
	server.mu.Lock()
	r := server.state.table((*webhookEndpoint)(nil).kind()).rows[d.Endpoint]
	if r == nil || r.object.(*webhookEndpoint).Status != "enabled" {
		server.settle(d, attempt{At: time.Now(), Error: "the endpoint is gone or disabled"}, true)
		server.mu.Unlock()
		return
	}
	endpoint := *r.object.(*webhookEndpoint)
	body := encode(d.event.shown(nil))
	server.mu.Unlock()

	made := s.post(&endpoint, body)

	server.mu.Lock()
	defer server.mu.Unlock()
	tries := 0
	if kept := server.settle(d, made, false); kept != nil {
		tries = len(kept.Attempts)
		if kept.Done || s.ctx.Err() != nil {
			return
		}
		if tries > len(server.options.WebhookBackoff) {
			server.settle(d, attempt{}, true)
			return
		}
		d.tried = true
		s.push(d, time.Now().Add(server.options.WebhookBackoff[tries-1]))
	}
}

// post sends a body with its signature (Stripe documentation, "Verify webhook signatures manually"). The time of the
// signature is the wall clock's, whatever the sandbox's clock shows, because receivers compare it with theirs.
func (s *sender) post(endpoint *webhookEndpoint, body []byte) attempt {
	made := attempt{At: time.Now()}
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, endpoint.URL, bytes.NewReader(body))
	if err != nil {
		made.Error = err.Error()
		return made
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (sandbox)")
	req.Header.Set("Stripe-Signature", sign(body, endpoint.Secret, made.At))
	answer, err := s.client.Do(req)
	if err != nil {
		made.Error = err.Error()
		return made
	}
	defer answer.Body.Close()
	const answerMax = 64 << 10
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, answerMax))
	made.Status = answer.StatusCode
	return made
}

func sign(body []byte, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", at.Unix())
	mac.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// settle writes an attempt down, or that there will be no more. It returns the delivery as the event keeps it, or nil
// when the event is gone. The caller holds the lock.
func (s *Server) settle(d *delivery, made attempt, giveUp bool) *delivery {
	r := s.state.table("event").rows[d.event.ID]
	if r == nil {
		return nil
	}
	e := r.object.(*event)
	i := slices.IndexFunc(e.Own.Deliveries, func(kept *delivery) bool { return kept.Endpoint == d.Endpoint })
	if i < 0 {
		return nil
	}
	kept := e.Own.Deliveries[i]
	if !made.At.IsZero() {
		kept.Attempts = append(kept.Attempts, made)
	}
	const okMin, okMax = 200, 299
	if made.Status >= okMin && made.Status <= okMax && !kept.Done {
		kept.Done, kept.GivenUp = true, false
		e.PendingWebhooks--
	}
	kept.GivenUp = kept.GivenUp || giveUp && !kept.Done
	if s.file != nil {
		if err := s.file.save(r); err != nil {
			s.log.Error("sandbox: write a delivery", "error", err)
		}
	}
	return kept
}

// Flush waits until every delivery that is due was tried: it returns when no webhook is on its way or waits for less
// than a retry would, or when ctx ends. Failed ones may still wait for their next attempt.
func (s *Server) Flush(ctx context.Context) error {
	for {
		if s.sender.idle() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// idle reports whether nothing is being sent, and what waits has been tried before.
func (s *sender) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		if q.busy || slices.ContainsFunc(q.waiting, func(d *delivery) bool { return !d.tried }) {
			return false
		}
	}
	return true
}

// Resend delivers an event once more to every endpoint that wants its type.
func (s *Server) Resend(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := s.begin()
	e, ok := find[*event](tx, id)
	if !ok {
		return absent("event", id, "id", true)
	}
	for _, w := range every[*webhookEndpoint](tx) {
		if !w.wants(e.Type) {
			continue
		}
		i := slices.IndexFunc(e.Own.Deliveries, func(d *delivery) bool { return d.Endpoint == w.ID })
		if i < 0 {
			i = len(e.Own.Deliveries)
			e.Own.Deliveries = append(e.Own.Deliveries, &delivery{Endpoint: w.ID})
			e.PendingWebhooks++
		}
		d := e.Own.Deliveries[i]
		d.GivenUp, d.event = false, e
		s.sender.push(d, time.Now())
	}
	return nil
}

// A delivery is one event on its way to one endpoint.
type delivery struct {
	Endpoint string    `json:"endpoint"`
	Attempts []attempt `json:"attempts,omitempty"`
	Done     bool      `json:"done,omitempty"` // answered with 2xx
	GivenUp  bool      `json:"given_up,omitempty"`

	next  time.Time // when it is tried, by the wall clock
	tried bool
	event *event
}

// An attempt is one request to an endpoint.
type attempt struct {
	At     time.Time `json:"at"`
	Status int       `json:"status,omitempty"` // 0 when there was no answer
	Error  string    `json:"error,omitempty"`
}

// address gives an event a delivery to each endpoint that wants it.
func (tx *tx) address(e *event) {
	for _, w := range every[*webhookEndpoint](tx) {
		if w.wants(e.Type) {
			e.Own.Deliveries = append(e.Own.Deliveries, &delivery{Endpoint: w.ID, event: e})
			e.PendingWebhooks++
		}
	}
}
