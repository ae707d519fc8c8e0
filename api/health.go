package api

import "net/http"

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
