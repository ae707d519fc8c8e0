package api

import (
	"net/http"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
)

// DecodeUsage is decodeUsage for tests.
func DecodeUsage(body []byte, u *meter.Usage) error { return decodeUsage(body, u) }

// DecodeBatch is decodeBatch for tests: the facts, and how many of them are bad.
func DecodeBatch(body []byte) (usage []meter.Usage, bad int, err error) {
	items, err := decodeBatch(body)
	for _, it := range items {
		if usage = append(usage, it.usage); it.bad != nil {
			bad++
		}
	}
	return usage, bad, err
}

// Moments is moments for tests.
type Moments = moments

// AppendReceipt is appendReceipt for tests, with the braces.
func AppendReceipt(m *Moments, b []byte, r *tollgate.Receipt) ([]byte, error) {
	b, err := m.appendReceipt(append(b, '{'), r)
	return append(b, '}'), err
}

// AppendUsage appends a report as it is answered.
func AppendUsage(b []byte, r *tollgate.UsageReport) ([]byte, error) {
	return (*usageReport)(r).appendJSON(b)
}

// AppendUsageByCustomer appends the statistics of customers, counted in the order of names, as a batch is answered.
func AppendUsageByCustomer(b []byte, names []id.Customer, of map[id.Customer][]tollgate.MeterFigures) ([]byte, error) {
	u := &usageByCustomer{customers: len(names)}
	for _, name := range names {
		u.add(name, of[name])
	}
	return u.appendJSON(b)
}

// Routes returns the pattern and the scope of every route that is described.
func (s *Server) Routes() map[string]tollgate.Scope {
	all := map[string]tollgate.Scope{}
	for _, op := range s.operations {
		all[op.Method+" "+op.Path] = op.Metadata[scopeKey].(tollgate.Scope)
	}
	return all
}

// Break registers an open route that ends as fail says.
func (s *Server) Break(pattern string, fail func() error) {
	s.handle(open, pattern, func(*exchange, *http.Request) error { return fail() })
}
