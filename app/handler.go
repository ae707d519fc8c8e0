package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rs/cors"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/pace"
)

const (
	// BodyBytesMax is the largest request body.
	BodyBytesMax = 64 << 10
	// RatePerSecond is how many requests a customer may send in the long run, unless Options say otherwise.
	RatePerSecond = 10
	// Burst is how many requests a customer may send at once, unless Options say otherwise.
	Burst = 50

	corsAge = 10 * time.Minute // how long a browser remembers what it may send
)

// Options changes how the routes work. The zero value works.
type Options struct {
	// Prefix is where the routes are: /api when empty.
	Prefix string
	// Origins are the sites, besides the one that serves the routes, whose pages may call them: https://app.example.com.
	// Their pages may send cookies, and checkout may return to them.
	Origins []string
	// RecordUsage lets whoever identify names record usage of their own by POST /usage-events. Set it only where no
	// browser reaches the routes: a page can leave the request out, or change its amount. Customer tokens never record.
	RecordUsage bool
	// Details says what to keep of a customer who calls for the first time; nil keeps no more than the externalId.
	// Handler makes such customers, TokenHandler does not.
	Details func(r *http.Request, externalID string) (tollgate.CustomerChange, error)
	// Payments are the ways to pay; nil answers payments_not_configured.
	Payments *Payments

	RatePerSecond float64 // of one customer; RatePerSecond when 0, no limit below
	Burst         int     // of one customer; Burst when RatePerSecond is 0, else one second's worth when 0

	// Closing, when it is closed, ends the streams of GET /events, so that a server can shut down.
	Closing <-chan struct{}
	Logger  *slog.Logger // trouble that callers are not told of; discarded when nil
}

// Check returns an error for options that Handler and TokenHandler panic on: an origin that is none, or a prefix
// without a slash at its front or with one at its end.
func (o Options) Check() error {
	if o.Prefix != "" && (!strings.HasPrefix(o.Prefix, "/") || strings.HasSuffix(o.Prefix, "/")) {
		return fmt.Errorf("the prefix %q must begin with a slash and not end with one", o.Prefix)
	}
	for _, origin := range o.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || origin != u.Scheme+"://"+u.Host || strings.ContainsAny(u.Host, "*@") {
			return fmt.Errorf("%q is not an origin such as https://app.example.com", origin)
		}
	}
	return nil
}

// Handler returns the routes for a program that knows its users. identify returns the externalId of who calls, from
// the program's own session; an error, or none, answers 401, and a *fault.Error answers as it says. A customer that
// is not there is made on the default plan.
//
// It panics when opts.Check returns an error. The caller keeps the Engine.
func Handler(e *tollgate.Engine, identify func(*http.Request) (externalID string, err error), opts Options) http.Handler {
	return newServer(e, opts, func(r *http.Request) (caller, error) {
		name, err := identify(r)
		if f := fault.Of(err); f != nil {
			return caller{}, f
		}
		if err != nil || name == "" {
			return caller{}, fault.New(fault.Unauthorized, "Nobody is signed in.").Because(errors.Join(err, errors.New("identify named nobody")))
		}
		return caller{customer: id.Customer(name), actions: tollgate.Actions(), known: true}, nil
	})
}

// TokenHandler returns the routes for pages that send a customer token, which Engine.CreateToken or
// POST /v1/customers/{externalId}/tokens makes: as Authorization: Bearer TOKEN or, on GET /events alone, whose caller in
// browsers cannot set headers, as ?access_token=TOKEN. It panics when opts.Check returns an error.
func TokenHandler(e *tollgate.Engine, opts Options) http.Handler {
	return newServer(e, opts, func(r *http.Request) (caller, error) {
		token, ok := bearer(r)
		if !ok && r.Pattern == eventsPattern(opts.prefix()) {
			token = r.URL.Query().Get("access_token")
		}
		if token == "" {
			return caller{}, fault.New(fault.Unauthorized, "The request has no customer token. Get one from your server, and send it as Authorization: Bearer TOKEN.")
		}
		t, err := e.VerifyToken(r.Context(), token)
		if err != nil {
			return caller{}, err
		}
		return caller{customer: t.Customer, actions: t.Actions, until: t.ExpiresAt}, nil
	})
}

func (o Options) prefix() string {
	if o.Prefix == "" {
		return "/api"
	}
	return o.Prefix
}

// A server answers the routes. It owns no goroutine but that of its hub, which ends with the last stream.
type server struct {
	engine   *tollgate.Engine
	opts     Options
	log      *slog.Logger
	mux      *http.ServeMux
	identify func(*http.Request) (caller, error)
	sites    *http.CrossOriginProtection
	pace     *pace.Pace
	hub      *hub
}

func newServer(e *tollgate.Engine, opts Options, identify func(*http.Request) (caller, error)) http.Handler {
	if err := opts.Check(); err != nil {
		panic("app: " + err.Error())
	}
	s := &server{engine: e, opts: opts, log: opts.Logger, mux: http.NewServeMux(), identify: identify, sites: http.NewCrossOriginProtection()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	perSecond, burst := opts.RatePerSecond, opts.Burst
	if perSecond == 0 {
		perSecond, burst = RatePerSecond, Burst
	}
	s.pace, s.hub = pace.New(perSecond, burst), newHub(e, s.log)
	s.routes(opts.prefix())
	if len(opts.Origins) == 0 {
		return s // without CORS headers a browser shows answers to no other site
	}
	for _, origin := range opts.Origins {
		if err := s.sites.AddTrustedOrigin(origin); err != nil {
			panic("app: " + err.Error())
		}
	}
	return cors.New(cors.Options{
		AllowedOrigins: opts.Origins, AllowCredentials: true, MaxAge: int(corsAge / time.Second),
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		AllowedHeaders: []string{"Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"},
		ExposedHeaders: []string{"Retry-After", "X-Request-Id"},
	}).Handler(s)
}

// routes lists every route.
func (s *server) routes(prefix string) {
	s.handle("GET "+prefix+"/billing", tollgate.ActionRead, s.billing)
	s.handle("POST "+prefix+"/check", tollgate.ActionCheck, s.check)
	s.handle("GET "+prefix+"/usage", tollgate.ActionRead, s.usage)
	s.handle(eventsPattern(prefix), tollgate.ActionRead, s.events)
	s.handle("POST "+prefix+"/usage-events", record, s.recordUsage)

	s.handle("POST "+prefix+"/create-checkout", tollgate.ActionCheckout, s.checkout)
	s.handle("GET "+prefix+"/subscriptions", tollgate.ActionRead, s.subscriptions)
	s.handle("DELETE "+prefix+"/subscriptions/{id}", tollgate.ActionManage, s.cancel)
	s.handle("POST "+prefix+"/subscriptions/{id}/change", tollgate.ActionManage, s.change)
	s.handle("GET "+prefix+"/payments", tollgate.ActionRead, s.payments)
	s.handle("POST "+prefix+"/payments/stripe/portal", tollgate.ActionManage, s.portal)
	s.handle("POST "+prefix+"/portal", tollgate.ActionManage, s.portal)

	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, s.unmatched(w, r)) })
}

func eventsPattern(prefix string) string { return "GET " + prefix + "/events" }

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if err := s.checkSite(r); err != nil {
		s.fail(w, err)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// checkSite refuses what a page of another site has its visitor's browser send (cross-site request forgery). Reads are
// refused too: a stream that nobody reads would still take one of the customer's.
func (s *server) checkSite(r *http.Request) error {
	write := *r
	write.Method = http.MethodPost
	if err := s.sites.Check(&write); err != nil {
		return fault.New(fault.Forbidden, "The page that sent this belongs to another site. List its origin, such as https://app.example.com, among those allowed.").
			With("origin", r.Header.Get("Origin")).Because(err)
	}
	return nil
}

// unmatched returns the fault for a request that no route takes.
func (s *server) unmatched(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		probe := *r
		probe.Method = method
		if _, pattern := s.mux.Handler(&probe); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return fault.New(fault.NotFound, "There is no such path among the app routes.").With("path", r.URL.Path)
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return fault.New(fault.MethodNotAllowed, "The path takes %s, not %s.", strings.Join(allowed, ", "), r.Method).
		With("allowed", allowed).With("method", r.Method)
}
