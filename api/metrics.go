package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tollgate/tollgate/fault"
)

// metrics is what a Server counts of itself.
type metrics struct {
	requests *prometheus.CounterVec   // by route and status
	seconds  *prometheus.HistogramVec // by route
	usage    *prometheus.CounterVec   // by outcome
	handler  http.Handler
}

func newMetrics(registry *prometheus.Registry) *metrics {
	if registry == nil {
		registry = prometheus.NewRegistry()
		registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tollgate_http_request_seconds", Help: "How long requests took, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
		usage: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_usage_total", Help: "Usage facts sent to consume and events, by outcome.",
		}, []string{"outcome"}),
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	}
	m.requests = registered(registry, m.requests)
	m.seconds = registered(registry, m.seconds)
	m.usage = registered(registry, m.usage)
	return m
}

// registered returns the collector that a registry counts with: c, or the one another Server put there before.
func registered[C prometheus.Collector](registry *prometheus.Registry, c C) C {
	err := registry.Register(c)
	var there prometheus.AlreadyRegisteredError
	if errors.As(err, &there) {
		if c, ok := there.ExistingCollector.(C); ok {
			return c
		}
	}
	if err != nil {
		panic(err) // somebody else's collector has taken one of our names
	}
	return c
}

func (m *metrics) observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// consumed counts the outcome of one usage fact.
func (m *metrics) consumed(duplicate bool, err error) {
	m.usage.WithLabelValues(outcome(duplicate, err)).Inc()
}

func outcome(duplicate bool, err error) string {
	switch {
	case err == nil && duplicate:
		return "duplicate"
	case err == nil:
		return "accepted"
	case fault.Has(err, fault.InsufficientCredits), fault.Has(err, fault.Suspended):
		return "refused"
	case faultOf(err).Status() >= http.StatusInternalServerError:
		return "failed"
	}
	return "invalid"
}
