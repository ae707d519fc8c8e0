package sandbox

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// APIVersion is the version of Stripe's API that the sandbox answers: that of stripe-go v86.4.0.
const APIVersion = "2026-08-26.dahlia"

// Options say how a sandbox behaves. The zero value is a sandbox in memory that runs with the wall clock.
type Options struct {
	// File is the path of a SQLite file that keeps the state, which one sandbox at a time has open; empty keeps it in memory.
	File string
	// Secret is the only key taken, sk_test_…; empty takes every key that begins so.
	Secret string
	// BaseURL is how a browser reaches the server, such as http://127.0.0.1:12111; empty takes it from each request.
	BaseURL string
	// Start is what the clock shows at first; zero is the wall clock. Either way it runs on.
	Start time.Time
	// Frozen says that the clock stands still but for Advance.
	Frozen bool
	// InvoiceDelay is how long the invoice of a renewal stays a draft; zero is one hour, Stripe's default.
	InvoiceDelay time.Duration
	// Retries are the waits before each further attempt to collect a failed renewal; nil is 3, 5 and 7 days.
	Retries []time.Duration
	// AfterRetries is what a subscription becomes when the last attempt has failed: "canceled" (the default), "unpaid",
	// or "past_due".
	AfterRetries string
	// TaxPercent is the rate of automatic tax, in whole percent, where a request enables it.
	TaxPercent int
	// WebhookBackoff are the waits before each further attempt to deliver a webhook; nil is 1 s, 5 s, 30 s, 5 min, 1 h.
	WebhookBackoff []time.Duration
	// SearchDelay is how long a new customer stays unknown to search, which Stripe does not promise to be fresh.
	SearchDelay time.Duration
	// Seed makes ids, and what Chaos does, repeat. A program that keeps ids for longer than the sandbox keeps its state needs
	// another one with every start, or what it knows comes to name something else.
	Seed int64
	// Chaos is what goes wrong on purpose.
	Chaos Chaos
	// Log takes what the sandbox cannot tell a client; nil drops it.
	Log *slog.Logger
}

// A Server is a sandbox. It is an http.Handler, and safe for concurrent use. Close it when it is no longer needed.
type Server struct {
	options Options
	log     *slog.Logger
	mux     *http.ServeMux

	mu       sync.Mutex // guards what follows
	state    *state
	clock    clock
	chaos    *mischief
	inFlight map[string]bool // idempotency keys
	file     *file

	advancing sync.Mutex
	sender    *sender
	closing   chan struct{}
	ticking   sync.WaitGroup
}

// New starts a sandbox: its clock runs, and webhooks are sent, until Close. It is an error when the options contradict
// themselves or the file cannot be read: ErrInUse when another sandbox has it open.
func New(options Options) (*Server, error) {
	s := &Server{options: options, log: options.Log, inFlight: map[string]bool{}, closing: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.setDefaults(); err != nil {
		return nil, err
	}
	s.state = newState(options.Seed)
	s.chaos = newMischief(options.Chaos, options.Seed)
	s.clock = clock{frozen: options.Frozen, at: time.Now().Unix()}
	if !options.Start.IsZero() {
		s.clock.at, s.clock.ahead = options.Start.Unix(), time.Until(options.Start)
	}
	s.sender = newSender(s)
	if options.File != "" {
		var err error
		if s.file, err = openFile(options.File, s); err != nil {
			return nil, fmt.Errorf("open the sandbox's file %s: %w", options.File, err)
		}
	}
	s.mux = s.routes()
	s.ticking.Add(1)
	go s.tick()
	s.sender.start()
	return s, nil
}

func (s *Server) setDefaults() error {
	o := &s.options
	if o.Secret != "" && !strings.HasPrefix(o.Secret, "sk_test_") {
		return errors.New("the sandbox's secret key must begin with sk_test_")
	}
	if o.InvoiceDelay == 0 {
		o.InvoiceDelay = time.Hour
	}
	if o.Retries == nil {
		o.Retries = []time.Duration{3 * day, 5 * day, 7 * day}
	}
	if o.WebhookBackoff == nil {
		o.WebhookBackoff = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 5 * time.Minute, time.Hour}
	}
	switch o.AfterRetries {
	case "":
		o.AfterRetries = "canceled"
	case "canceled", "unpaid", "past_due":
	default:
		return fmt.Errorf("after its retries a subscription is canceled, unpaid or past_due, not %q", o.AfterRetries)
	}
	if o.TaxPercent < 0 || o.TaxPercent > 100 {
		return fmt.Errorf("a tax of %d percent: it must be between 0 and 100", o.TaxPercent)
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	return nil
}

// day is a day without a daylight saving change: Stripe counts in UTC.
const day = 24 * time.Hour

// Close stops the clock and the webhooks, and closes the file. What was not delivered is sent after the next New with
// the same file.
func (s *Server) Close() error {
	close(s.closing)
	s.sender.stop()
	s.ticking.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil {
		return s.file.close()
	}
	return nil
}

// Reset forgets every object, event and delivery. The clock stays, and no id is given a second time.
func (s *Server) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	given := s.state.ids
	s.state = newState(s.options.Seed)
	s.state.ids = given
	s.sender.clear()
	if s.file != nil {
		return s.file.clear(s.state)
	}
	return nil
}
