package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/pace"
)

// Limits of what a server reads and how long it waits.
const (
	// BodyBytesMax is the largest request body.
	BodyBytesMax = 1 << 20
	// HeaderBytesMax is the largest request header.
	HeaderBytesMax = 64 << 10
	// ReadHeaderTimeout is how long a client may take to send a header.
	ReadHeaderTimeout = 10 * time.Second
	// ReadTimeout is how long a client may take to send a request.
	ReadTimeout = 30 * time.Second
	// WriteTimeout is how long a request may take, from the end of its header to the end of its answer.
	WriteTimeout = 60 * time.Second
	// IdleTimeout is how long a connection may wait for its next request.
	IdleTimeout = 120 * time.Second
)

// Options changes how a Server works. The zero value works.
type Options struct {
	Logger        *slog.Logger         // one line per request; discarded when nil
	Registry      *prometheus.Registry // what /metrics shows; one with Go's own figures when nil
	Title         string               // of the documentation; "Tollgate" when empty
	Version       string               // of the program; "dev" when empty
	RatePerSecond float64              // requests a key may send, in the long run; no limit when 0
	Burst         int                  // requests a key may send at once; one second's worth when 0

	// Describe adds the routes of faces that are mounted to the OpenAPI document, and returns them in order; nil adds none.
	Describe func(*huma.OpenAPI) []*huma.Operation
}

// A Server answers the API. It keeps no state but caches, so that any number of Servers may stand before one
// Engine. It owns no goroutines.
type Server struct {
	engine  *tollgate.Engine
	log     *slog.Logger
	mux     *http.ServeMux
	huma    huma.API
	buffers buffers // of single acts
	batches buffers
	keys    *keyring
	rates   *pace.Pace
	metrics *metrics

	operations []*huma.Operation // in the order of their routes
	openAPI    []byte
	docs       []byte
}

// New returns a Server of e's verbs. The caller keeps e, and closes it after the server has stopped.
func New(e *tollgate.Engine, opts Options) *Server {
	if opts.Title == "" {
		opts.Title = "Tollgate"
	}
	if opts.Version == "" {
		opts.Version = "dev"
	}
	s := &Server{
		engine:  e,
		log:     opts.Logger,
		mux:     http.NewServeMux(),
		keys:    newKeyring(e),
		rates:   pace.New(opts.RatePerSecond, opts.Burst),
		metrics: newMetrics(opts.Registry),
		buffers: buffers{max: bufferBytesMax},
		batches: buffers{max: batchBytesMax},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.huma = s.newHuma(opts)
	s.routes()
	if opts.Describe != nil {
		s.operations = append(s.operations, opts.Describe(s.huma.OpenAPI())...)
	}
	s.document()
	return s
}

// Mount answers every path below prefix, which begins and ends with a slash, or the one path that has no slash at its end,
// by h: another face, with request ids, log lines and metrics as the API's own, and nothing else of it. Call it before the
// Server serves.
func (s *Server) Mount(prefix string, h http.Handler) {
	s.mux.Handle(prefix, h)
}

// HTTPServer returns an http.Server on addr with the package's limits. The caller runs it and shuts it down.
func (s *Server) HTTPServer(addr string) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           s,
		ReadHeaderTimeout: ReadHeaderTimeout,
		ReadTimeout:       ReadTimeout,
		WriteTimeout:      WriteTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    HeaderBytesMax,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, id: requestID(r), began: time.Now()}
	w.Header()["X-Request-Id"] = []string{x.id}
	defer func() { s.finish(x, r, recover()) }()
	if err := checkPath(r); err != nil {
		s.fail(x, err)
		return
	}
	r = x.keepSlashes(r)
	s.mux.ServeHTTP(x, r)
}
