package main

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/app"
)

// pages are the flags of commands that serve the app routes.
type pages struct {
	Origins []string `name:"origin" env:"TOLLGATE_ORIGINS" placeholder:"ORIGIN" help:"Sites whose pages may call the app routes under /api, such as https://app.example.com; may be given several times."`
}

// Validate refuses origins that no browser sends.
func (p pages) Validate() error {
	if err := (app.Options{Origins: p.Origins}).Check(); err != nil {
		return fmt.Errorf("--origin: %w", err)
	}
	return nil
}

// newServer returns a server of the HTTP API and, behind customer tokens, of the app routes.
func newServer(engine *tollgate.Engine, log *slog.Logger, opts api.Options, p pages) *http.Server {
	opts.Logger, opts.Version = log, version()
	closing := make(chan struct{})
	mounted := app.Options{Origins: p.Origins, Closing: closing, Logger: log, Payments: app.Sell(engine)}
	opts.Describe = func(doc *huma.OpenAPI) []*huma.Operation { return app.Describe(doc, mounted) }
	s := api.New(engine, opts)
	s.Mount("/api/", app.TokenHandler(engine, mounted))
	server := s.HTTPServer("")
	server.RegisterOnShutdown(sync.OnceFunc(func() { close(closing) })) // Shutdown waits for streams otherwise
	return server
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
