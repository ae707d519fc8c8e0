package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
)

const (
	// bufferBytesMax is the largest buffer kept for the next request, of a single act or of a batch.
	bufferBytesMax, batchBytesMax = 64 << 10, 512 << 10
	// outcomeBytes is about how long an answer to an item of a batch is.
	outcomeBytes = 400
)

// buffers lends out buffers for bodies and answers, and keeps those up to max bytes.
type buffers struct {
	pool sync.Pool
	max  int
}

func (p *buffers) take() *[]byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, 1024)
	return &b
}

func (p *buffers) give(b *[]byte) {
	if cap(*b) <= p.max {
		*b = (*b)[:0]
		p.pool.Put(b)
	}
}

// consume is POST /v1/consume: the hot route, by hand from body to answer.
func (s *Server) consume(x *exchange, r *http.Request) error {
	buf := s.buffers.take()
	defer s.buffers.give(buf)
	var err error
	if *buf, err = readBody(r, *buf); err != nil {
		return err
	}
	var u meter.Usage
	if err := decodeUsage(*buf, &u); err != nil {
		s.metrics.consumed(false, err)
		return err
	}
	receipt, err := s.engine.Consume(r.Context(), u)
	s.metrics.consumed(receipt.Duplicate, err)
	if err != nil {
		return err
	}
	var m moments
	if *buf, err = m.appendReceipt(append((*buf)[:0], '{'), &receipt); err != nil {
		return err
	}
	*buf = append(*buf, "}\n"...)
	send(x, http.StatusOK, *buf)
	return nil
}

// events is POST /v1/events: a batch, answered item by item.
func (s *Server) events(x *exchange, r *http.Request) error {
	buf := s.batches.take()
	defer s.batches.give(buf)
	var err error
	if *buf, err = readBody(r, *buf); err != nil {
		return err
	}
	items, err := decodeBatch(*buf)
	if err != nil {
		return err
	}
	usage := make([]meter.Usage, 0, len(items))
	for i := range items {
		if items[i].bad == nil {
			usage = append(usage, items[i].usage)
		}
	}
	out, err := s.engine.Batch(r.Context(), usage)
	if err != nil {
		return err
	}
	if *buf, err = s.appendOutcomes(x, (*buf)[:0], items, out); err != nil {
		return err
	}
	send(x, http.StatusOK, *buf)
	return nil
}

// appendOutcomes appends the answer to a batch. out answers the items that are not bad, in their order.
func (s *Server) appendOutcomes(x *exchange, b []byte, items []item, out []tollgate.Outcome) ([]byte, error) {
	b = append(slices.Grow(b, len(items)*outcomeBytes), `{"data":[`...)
	var m moments
	for i := range items {
		o := tollgate.Outcome{Err: items[i].bad}
		if o.Err == nil {
			o, out = out[0], out[1:]
		}
		s.metrics.consumed(o.Receipt != nil && o.Duplicate, o.Err)
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = m.appendOutcome(x, b, o); err != nil {
			return b, err
		}
	}
	return append(b, "]}\n"...), nil
}

// appendOutcome appends a receipt or an error as an object that begins with its status.
func (m *moments) appendOutcome(x *exchange, b []byte, o tollgate.Outcome) ([]byte, error) {
	if o.Err != nil {
		f := told(x, o.Err)
		body, err := json.Marshal(f.With("status", f.Status()))
		return append(b, body...), err
	}
	b = append(b, `{"status":200,`...)
	b, err := m.appendReceipt(b, o.Receipt)
	if err != nil {
		return b, fault.New(fault.Internal, "The receipt cannot be told.").Because(err)
	}
	return append(b, '}'), nil
}
