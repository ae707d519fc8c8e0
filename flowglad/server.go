package flowglad

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

const (
	// BodyBytesMax is the largest request body.
	BodyBytesMax = 1 << 20
	// beliefMax is how long what was read of a key and of amounts synced from Stripe is believed: a revoked key is refused
	// after it.
	beliefMax = time.Second
	// ownersBelieved is how long usage goes on being taken for the subscription of a customer that another process has
	// archived. Of one that was erased none is taken.
	ownersBelieved = 30 * time.Second
)

// Options changes how a Server works. The zero value works.
type Options struct {
	Logger *slog.Logger // one line per request; discarded when nil
	Prefix string       // of every path, such as /flowglad; empty for the root
	AtRoot bool         // answer without the prefix too

	RatePerSecond float64 // requests a key, or a customer's pages, may send in the long run; no limit when 0
	Burst         int     // requests it may send at once; one second's worth when 0

	PublicURL string   // how browsers reach this server, for links; as each request names it when empty
	Webhook   *Webhook // told of customers, subscriptions and payments that change; nobody when nil

	// Identify returns which customer a page's request comes from, and an error when it comes from none. It is called for
	// every request below /api/flowglad; nil answers them with 404.
	Identify func(*http.Request) (id.Customer, error)
	// Live makes pages show livemode. For servers the key says it: sk_live_… or sk_test_….
	Live bool
	// PagesRecord lets pages record usage (usage-events/create). Whoever holds a page can then send any amount, or none:
	// usage that is paid for belongs on the server.
	PagesRecord bool
	// Origins lists other origins whose pages may call /api/flowglad, such as https://app.example.com.
	Origins []string
}

// A Server answers Flowglad's API from an Engine. It keeps no state but caches, so that any number may stand before one
// Engine. It owns one goroutine when it has a Webhook, which Close ends.
type Server struct {
	engine   *tollgate.Engine
	opts     Options
	log      *slog.Logger
	routes   []route
	pages    map[string]page
	keys     *recent[[32]byte, admission]
	owners   *recent[string, owner]
	rates    *rates
	shelves  [2]shelfSlot // test, live
	crossing *http.CrossOriginProtection
	teller   *teller
	editing  sync.Mutex // one change of the catalog at a time
}

// New returns a Server of e. The caller keeps e, and closes it after the Server. The error is about the options.
func New(e *tollgate.Engine, opts Options) (*Server, error) {
	s := &Server{
		engine: e, opts: opts, log: opts.Logger,
		keys: newRecent[[32]byte, admission](10_000, beliefMax), owners: newRecent[string, owner](20_000, ownersBelieved),
		rates: newRates(opts.RatePerSecond, opts.Burst), crossing: http.NewCrossOriginProtection(),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for _, origin := range opts.Origins {
		if err := s.crossing.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("origin %q: %w", origin, err)
		}
	}
	if opts.Webhook != nil {
		t, err := newTeller(e, *opts.Webhook, s.log)
		if err != nil {
			return nil, err
		}
		s.teller = t
	}
	s.routes, s.pages = s.table(), s.pageTable()
	return s, nil
}

// Close ends the Server's goroutine. Webhooks that wait are sent by another process, or after the next start.
func (s *Server) Close() {
	if s.teller != nil {
		s.teller.close()
	}
}

// Serves reports whether a request is for this face.
func (s *Server) Serves(r *http.Request) bool {
	_, ok := s.below(r)
	return ok
}

// below returns the path of a request without the prefix, and false for one that is not for this face.
func (s *Server) below(r *http.Request) (string, bool) {
	path := sentPath(r)
	ours := func(path string) bool { return strings.HasPrefix(path, apiPath) || strings.HasPrefix(path, pagePath) }
	if rest, ok := strings.CutPrefix(path, s.opts.Prefix); ok && ours(rest) {
		return rest, true
	}
	return path, s.opts.AtRoot && ours(path)
}

const (
	apiPath  = "/api/v1/"
	pagePath = "/api/flowglad/"
)

// A call is one request on its way to its answer.
type call struct {
	*http.Request
	w      http.ResponseWriter
	id     string   // of the request
	args   []string // the parts of the path that the route leaves open
	route  string
	live   bool
	body   []byte
	began  time.Time
	status int
	cause  error // why the answer is a 5xx; for the log only
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Request: r, w: w, id: "req_" + strings.ToLower(rand.Text()[:20]), began: time.Now()}
	w.Header()["X-Request-Id"] = []string{c.id}
	defer func() { s.finish(c, recover()) }()
	path, ok := s.below(r)
	if !ok {
		s.fail(c, missing("There is no such path. The API is below %s%s.", s.opts.Prefix, apiPath))
		return
	}
	if page, ok := strings.CutPrefix(path, pagePath); ok {
		s.servePage(c, page)
		return
	}
	s.serveAPI(c, strings.TrimPrefix(path, apiPath))
}

func (s *Server) serveAPI(c *call, path string) {
	// A base URL that ends with /api/v1 makes the packages send the path twice.
	path = strings.TrimPrefix(path, apiPath[1:])
	answer, err := s.answer(c, path)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.send(c, http.StatusOK, answer)
}

func (s *Server) answer(c *call, path string) (any, error) {
	route, err := s.match(c, path)
	if err != nil {
		return nil, err
	}
	if err := s.admit(c, route.need); err != nil {
		return nil, err
	}
	if err := c.read(); err != nil {
		return nil, err
	}
	answer, err := route.do(c)
	if c.Method != http.MethodGet {
		s.teller.nudge()
	}
	return answer, err
}

// finish logs a call, and answers for a handler that panicked with p.
func (s *Server) finish(c *call, p any) {
	switch {
	case p == http.ErrAbortHandler:
		panic(p) // net/http's own way to drop a connection
	case p != nil:
		s.fail(c, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
	}
	level := slog.LevelDebug
	if c.cause != nil && c.Context().Err() == nil && !errors.Is(c.cause, errNotConfigured) {
		level = slog.LevelError
	}
	ctx := c.Context()
	if !s.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("requestId", c.id), slog.String("method", c.Method), slog.String("route", c.route),
		slog.Int("status", c.status), slog.Duration("took", time.Since(c.began)),
	}
	if c.cause != nil {
		attrs = append(attrs, slog.Any("error", c.cause))
	}
	s.log.LogAttrs(ctx, level, "request", attrs...)
}
