package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tollgate/tollgate/fault"
)

const (
	// StreamsMax is how many streams one handler keeps open.
	StreamsMax = 1000
	// StreamsOfCustomerMax is how many of them one customer has.
	StreamsOfCustomerMax = 10
	// StreamMax is the longest a stream lasts. Its page then opens another, and is identified again.
	StreamMax = 15 * time.Minute

	heartbeat  = 15 * time.Second // so that proxies keep a silent stream, and one that is gone is noticed
	sendMax    = 10 * time.Second // how long one message may take to leave
	retryAfter = 2 * time.Second  // when a browser opens a stream again that was cut
)

// events is GET /events: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). "balances"
// carries {"balances": […]}: at once, and within a second of every change. "end" says why the stream ends as intended:
// expired, or gone when the customer was erased.
func (s *server) events(v *visit) (any, error) {
	if err := v.query(map[string]*string{"access_token": new(string)}); err != nil {
		return nil, err
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	if v.r.Method == http.MethodHead { // it takes what GET takes, and has no stream
		v.w.WriteHeader(http.StatusOK)
		return nil, nil
	}
	stream, err := s.hub.join(v.customer)
	if err != nil {
		return nil, err
	}
	defer s.hub.leave(stream)
	ends := time.Now().Add(StreamMax)
	if left := v.until.Sub(s.engine.Now()); !v.until.IsZero() && left < StreamMax {
		ends = time.Now().Add(left)
	}
	ctx, cancel := context.WithDeadline(v.r.Context(), ends)
	defer cancel()

	control := http.NewResponseController(v.w)
	if err := control.SetReadDeadline(time.Time{}); err != nil { // the server's limit is for requests that end
		return nil, fmt.Errorf("open stream: %w", err)
	}
	v.w.Header().Set("X-Accel-Buffering", "no") // nginx would keep messages back
	say := func(format string, args ...any) bool {
		if control.SetWriteDeadline(time.Now().Add(sendMax)) != nil {
			return false
		}
		if _, err := fmt.Fprintf(v.w, format, args...); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	if !say("retry: %d\n\n", retryAfter.Milliseconds()) {
		return nil, nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		ok := true
		select {
		case balances, open := <-stream.news:
			if !open {
				say("event: end\ndata: {\"reason\":\"gone\"}\n\n")
				return nil, nil
			}
			ok = say("event: balances\ndata: %s\n\n", balances)
		case <-beat.C:
			ok = say(":\n\n")
		case <-s.opts.Closing:
			return nil, nil
		case <-ctx.Done():
			if v.r.Context().Err() == nil {
				say("event: end\ndata: {\"reason\":\"expired\"}\n\n")
			}
			return nil, nil
		}
		if !ok {
			return nil, nil
		}
	}
}

func tooManyStreams(max int) error {
	return fault.New(fault.RateLimited, "Too many live streams are open. Close one, or read GET /billing instead.").With("limit", max)
}
