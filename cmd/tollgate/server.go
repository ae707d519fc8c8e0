package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/js"
)

const (
	// flowgladPrefix is where Flowglad's API is served.
	flowgladPrefix = "/flowglad"
)

// pages are the flags of commands that serve the app routes and Flowglad's API beside our own.
type pages struct {
	Origins         []string `name:"origin" env:"TOLLGATE_ORIGINS" placeholder:"ORIGIN" help:"Sites whose pages may call the app routes under /api, such as https://app.example.com; may be given several times."`
	FlowgladRoot    bool     `env:"TOLLGATE_FLOWGLAD_ROOT" help:"Serve Flowglad's API at /api/v1 too, not only below /flowglad."`
	FlowgladWebhook string   `env:"TOLLGATE_FLOWGLAD_WEBHOOK" placeholder:"URL" help:"Where to send Flowglad's webhooks."`
	PublicURL       string   `name:"public-url" env:"TOLLGATE_PUBLIC_URL" placeholder:"URL" help:"How browsers reach this server, for links to the billing portal in Flowglad's API; as each request names it when not given."`
	FlowgladSecret  string   `name:"flowglad-webhook-secret" env:"TOLLGATE_FLOWGLAD_WEBHOOK_SECRET" placeholder:"whsec_…" help:"What Flowglad's webhooks are signed with."`
}

// Validate refuses origins that no browser sends, and an address that none can be sent to.
func (p pages) Validate() error {
	if err := (app.Options{Origins: p.Origins}).Check(); err != nil {
		return fmt.Errorf("--origin: %w", err)
	}
	return checkAddress("--public-url", p.PublicURL, "https://billing.example.com")
}

// A server is the HTTP server with its faces.
type server struct {
	*http.Server
	flowglad *flowglad.Server
}

// newServer returns a server of the HTTP API, of the app routes behind customer tokens, and of Flowglad's API.
func newServer(engine *tollgate.Engine, log *slog.Logger, opts api.Options, p pages) (*server, error) {
	sold := flowglad.Options{Logger: log, Prefix: flowgladPrefix, AtRoot: p.FlowgladRoot, PublicURL: p.PublicURL, RatePerSecond: opts.RatePerSecond, Burst: opts.Burst, Identify: visitor(engine)}
	if p.FlowgladWebhook != "" {
		sold.Webhook = &flowglad.Webhook{URL: p.FlowgladWebhook, Secret: p.FlowgladSecret}
	}
	second, err := flowglad.New(engine, sold)
	if err != nil {
		return nil, fmt.Errorf("--flowglad-webhook: %w", err)
	}
	opts.Logger, opts.Version = log, version()
	closing := make(chan struct{})
	mounted := app.Options{Origins: p.Origins, Closing: closing, Logger: log, Payments: app.Sell(engine)}
	opts.Describe = func(doc *huma.OpenAPI) []*huma.Operation { return app.Describe(doc, mounted) }
	first := api.New(engine, opts)
	first.Mount("/api/", app.TokenHandler(engine, mounted))
	first.Mount("/embed.js", js.Embed())
	s := &server{first.HTTPServer(""), second}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if second.Serves(r) {
			second.ServeHTTP(w, r)
			return
		}
		first.ServeHTTP(w, r)
	})
	s.RegisterOnShutdown(sync.OnceFunc(func() { close(closing) })) // Shutdown waits for streams otherwise
	return s, nil
}

// visitor identifies a page of Flowglad's by a customer token that allows everything a page may do, because its routes
// read, buy and cancel alike.
func visitor(engine *tollgate.Engine) func(*http.Request) (id.Customer, error) {
	return func(r *http.Request) (id.Customer, error) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			return "", fault.New(fault.Unauthorized, "The request has no customer token.")
		}
		t, err := engine.VerifyToken(r.Context(), token)
		if err != nil {
			return "", err
		}
		for _, a := range tollgate.Actions() {
			if !t.Allows(a) {
				return "", fault.New(fault.Unauthorized, "The customer token must allow every action.")
			}
		}
		return t.Customer, nil
	}
}

// run answers on l until ctx ends, as answer does.
func (s *server) run(ctx context.Context, l net.Listener) error {
	defer s.flowglad.Close()
	return answer(ctx, l, s.Server)
}

// tokenKeys reads the keys that sign customer tokens from their flag: hexadecimal, the first one signs.
func tokenKeys(flags []string) ([][]byte, error) {
	var keys [][]byte
	for i, text := range flags {
		key, err := hex.DecodeString(text)
		if err != nil || len(key) < tollgate.TokenKeyBytesMin { // err would show the key
			return nil, fmt.Errorf("--token-key: number %d is not at least %d bytes in hexadecimal, such as `openssl rand -hex 32` prints", i+1, tollgate.TokenKeyBytesMin)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
