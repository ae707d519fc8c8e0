package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/flowglad"
)

const (
	// flowgladPrefix is where Flowglad's API is served.
	flowgladPrefix = "/flowglad"
	// webhooksMax is how long webhooks that wait have when the server stops.
	webhooksMax = 10 * time.Second
)

// faces says how Flowglad's API is served beside our own.
type faces struct {
	FlowgladRoot    bool   `env:"TOLLGATE_FLOWGLAD_ROOT" help:"Serve Flowglad's API at /api/v1 too, not only below /flowglad."`
	FlowgladWebhook string `env:"TOLLGATE_FLOWGLAD_WEBHOOK" placeholder:"URL" help:"Where to send Flowglad's webhooks."`
	FlowgladSecret  string `name:"flowglad-webhook-secret" env:"TOLLGATE_FLOWGLAD_WEBHOOK_SECRET" placeholder:"whsec_…" help:"What Flowglad's webhooks are signed with."`
}

// A server is the HTTP server with its faces.
type server struct {
	*http.Server
	flowglad *flowglad.Server
}

// newServer returns a server of the HTTP APIs, with what api.Options says of rate and burst.
func newServer(engine *tollgate.Engine, log *slog.Logger, rate float64, burst int, f faces) (*server, error) {
	opts := flowglad.Options{Logger: log, Prefix: flowgladPrefix, AtRoot: f.FlowgladRoot, RatePerSecond: rate, Burst: burst}
	if f.FlowgladWebhook != "" {
		opts.Webhook = &flowglad.Webhook{URL: f.FlowgladWebhook, Secret: f.FlowgladSecret}
	}
	second, err := flowglad.New(engine, opts)
	if err != nil {
		return nil, err
	}
	first := api.New(engine, api.Options{Logger: log, Version: version(), RatePerSecond: rate, Burst: burst})
	s := &server{first.HTTPServer(""), second}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if second.Serves(r) {
			second.ServeHTTP(w, r)
			return
		}
		first.ServeHTTP(w, r)
	})
	return s, nil
}

// run answers on l until ctx ends, as answer does, and then sends the webhooks that wait.
func (s *server) run(ctx context.Context, l net.Listener) error {
	err := answer(ctx, l, s.Server)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), webhooksMax)
	defer cancel()
	return errors.Join(err, s.flowglad.Close(last))
}
