package main

import (
	"log/slog"
	"net/http"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
)

// newServer returns a server of the HTTP API, with what api.Options says of rate and burst.
func newServer(engine *tollgate.Engine, log *slog.Logger, rate float64, burst int) *http.Server {
	opts := api.Options{Logger: log, Version: version(), RatePerSecond: rate, Burst: burst}
	return api.New(engine, opts).HTTPServer("")
}
