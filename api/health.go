package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

// Health is the answer of /healthz and /readyz.
type Health struct {
	Status string `json:"status"`
}

// health is GET /healthz: the process is alive.
func (s *Server) health(x *exchange, _ *http.Request) error {
	return answer(x, Health{"ok"})
}

// ready is GET /readyz: the database answers.
func (s *Server) ready(x *exchange, r *http.Request) error {
	if err := s.engine.Ready(r.Context()); err != nil {
		return err
	}
	return answer(x, Health{"ready"})
}

// showMetrics is GET /metrics: counts and times, no names of customers.
func (s *Server) showMetrics(x *exchange, r *http.Request) error {
	s.metrics.handler.ServeHTTP(x, r)
	return nil
}

// showOpenAPI is GET /openapi.json.
func (s *Server) showOpenAPI(x *exchange, _ *http.Request) error {
	send(x, http.StatusOK, s.openAPI)
	return nil
}

// A DebugRequest asks to log a customer's acts.
type DebugRequest struct {
	Customer id.Customer `json:"customer"`
	Seconds  *int64      `json:"seconds,omitempty"` // 15 minutes when not sent; 0 ends it
}

func (s *Server) debug(_ context.Context, in *rawBody) (tollgate.Debugging, error) {
	var r DebugRequest
	if err := decode(in.RawBody, fields{"customer": &r.Customer, "seconds": &r.Seconds}); err != nil {
		return tollgate.Debugging{}, err
	}
	lasts := tollgate.DebugDefault
	if r.Seconds != nil {
		if *r.Seconds < 0 || *r.Seconds > int64(tollgate.DebugMax/time.Second) {
			return tollgate.Debugging{}, fault.Field("seconds", *r.Seconds, int64(tollgate.DebugMax/time.Second), "seconds is a whole number from 0, which ends it, to %d.", int64(tollgate.DebugMax/time.Second))
		}
		if lasts = time.Duration(*r.Seconds) * time.Second; lasts == 0 {
			lasts = -1
		}
	}
	return s.engine.Debug(r.Customer, lasts)
}
