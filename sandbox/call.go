package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"
)

// bodyMax is the most bytes a request may have.
const bodyMax = 1 << 20

// A handler serves one route in a transaction. What it returns is an object of the state, a *page of them, or a value
// that is answered as it is.
type handler func(tx *tx, form *node, r *http.Request) (any, error)

// on makes a handler of a function that takes a struct of parameters (see decodeForm).
func on[P any](serve func(tx *tx, p *P) (any, error)) handler {
	return func(tx *tx, form *node, r *http.Request) (any, error) {
		p := new(P)
		if err := decodeForm(r, form, reflect.ValueOf(p).Elem()); err != nil {
			return nil, &malformed{err}
		}
		return serve(tx, p)
	}
}

// A malformed request was refused before anything was done, so that its idempotency key is free.
type malformed struct{ error }

func (m *malformed) Unwrap() error { return m.error }

// An undone answer is given, and what was done for it is taken back.
type undone struct{ value any }

// A reply is a status and a body that is ready to send.
type reply struct {
	Status   int
	Body     []byte
	replayed bool
}

// ServeHTTP answers the API under /v1, the hosted pages under /c/pay/ and /p/session/, and what only a sandbox has
// under /_sandbox/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// serve answers one route of the API.
func (s *Server) serve(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		req := request{id: s.requestID(), key: r.Header.Get("Idempotency-Key"), base: s.base(r)}
		w.Header().Set("Request-Id", req.id)
		w.Header().Set("Stripe-Version", APIVersion)
		if req.key != "" {
			w.Header().Set("Idempotency-Key", req.key)
		}
		answer := s.answer(h, r, req)
		if answer == nil { // lost: the connection ends without an answer
			panic(http.ErrAbortHandler)
		}
		if answer.replayed {
			w.Header().Set("Idempotent-Replayed", "true")
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body)
		s.log.Debug("request", "method", r.Method, "path", r.URL.Path, "status", answer.Status, "request", req.id, "took", time.Since(start))
	}
}

// answer runs a request and returns its reply, or nil when chaos loses it.
func (s *Server) answer(h handler, r *http.Request, req request) *reply {
	if err := s.authenticate(r); err != nil {
		return s.refusal(err)
	}
	encoded, form, err := readForm(r)
	if err != nil {
		return s.refusal(err)
	}
	trouble := s.chaos.request(r.Method, r.URL.Path)
	if trouble.refuse != nil {
		return s.refusal(trouble.refuse)
	}
	if r.Method != http.MethodPost {
		req.key = ""
	}
	release, err := s.claim(req.key)
	if err != nil {
		return s.refusal(err)
	}
	defer release()
	answer := s.run(h, r, req, encoded, form)
	if trouble.stall(r.Context()); trouble.lose {
		return nil
	}
	return answer
}

// run does a request in a transaction of its own.
func (s *Server) run(h handler, r *http.Request, req request, encoded string, form *node) *reply {
	s.mu.Lock()
	s.catchUp()
	tx := s.begin()
	tx.request = req
	answer, err := tx.perform(h, r, encoded, form)
	if err == nil && !answer.replayed {
		err = tx.commit()
	}
	s.mu.Unlock()
	if err != nil {
		return s.refusal(err)
	}
	for _, f := range tx.later {
		f()
	}
	return answer
}

// perform runs the handler, or finds what an earlier request with the same key was answered. On an error, and when it
// is replayed, the transaction is undone.
func (tx *tx) perform(h handler, r *http.Request, encoded string, form *node) (*reply, error) {
	method, path := r.Method, r.URL.Path
	if old, err := tx.replayOf(method, path, encoded); old != nil || err != nil {
		tx.undo()
		return old, err
	}
	expand, err := form.take("expand").texts("expand")
	if err != nil {
		tx.undo()
		return nil, err
	}
	value, err := h(tx, form, r)
	var refused *fault
	if errors.As(err, &refused) && refused.Kept {
		answer := tx.faultReply(refused)
		tx.remember(method, path, encoded, answer)
		return answer, nil
	}
	if err != nil {
		tx.undo()
		return nil, err
	}
	takeBack := false
	if u, ok := value.(undone); ok {
		value, takeBack = u.value, true
	}
	body, err := tx.render(value, expand)
	if err != nil {
		tx.undo()
		return nil, err
	}
	answer := &reply{Status: http.StatusOK, Body: body}
	if takeBack {
		tx.undo()
		tx.touched, tx.removed, tx.fired = nil, nil, nil
		tx.before = map[*row][]byte{}
	}
	tx.remember(method, path, encoded, answer)
	return answer, nil
}

// refusal makes the reply of an error. What is not a fault is logged, and answered as Stripe's own failure.
func (s *Server) refusal(err error) *reply {
	var f *fault
	if !errors.As(err, &f) {
		s.log.Error("sandbox", "error", err)
		f = &fault{Status: http.StatusInternalServerError, Type: faultAPI, Message: "The sandbox failed: its log says how."}
	}
	tx := &tx{state: s.state, server: s}
	return tx.faultReply(f)
}

func (tx *tx) faultReply(f *fault) *reply {
	shown := struct {
		*fault
		PaymentIntent any `json:"payment_intent,omitempty"`
		SetupIntent   any `json:"setup_intent,omitempty"`
		PaymentMethod any `json:"payment_method,omitempty"`
	}{fault: f}
	for _, part := range []struct {
		from object
		to   *any
	}{{f.PaymentIntent, &shown.PaymentIntent}, {f.SetupIntent, &shown.SetupIntent}, {f.PaymentMethod, &shown.PaymentMethod}} {
		if part.from != nil {
			*part.to = part.from.shown(tx)
		}
	}
	return &reply{Status: f.Status, Body: encode(map[string]any{"error": shown})}
}

// readForm returns the parameters of a request: its query, and its body when it has one.
func readForm(r *http.Request) (encoded string, form *node, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyMax+1))
	if err != nil {
		return "", nil, invalid("", "The request could not be read.")
	}
	if len(body) > bodyMax {
		return "", nil, &fault{Status: http.StatusRequestEntityTooLarge, Type: faultInvalid,
			Message: fmt.Sprintf("The request is larger than %d bytes.", bodyMax)}
	}
	if kind := r.Header.Get("Content-Type"); strings.HasPrefix(kind, "application/json") && len(body) > 0 {
		return "", nil, invalid("", "Invalid request: send parameters form-encoded, not as JSON.")
	}
	encoded = strings.Trim(r.URL.RawQuery+"&"+string(body), "&")
	form, err = parseForm(encoded)
	return encoded, form, err
}

// authenticate takes a secret key of test mode as a bearer token, or as the user of Basic.
func (s *Server) authenticate(r *http.Request) error {
	key, _, ok := r.BasicAuth()
	if !ok {
		key, ok = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	refuse := func(format string, args ...any) error {
		return &fault{Status: http.StatusUnauthorized, Type: faultInvalid, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case !ok || key == "":
		return refuse("You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
	case strings.HasPrefix(key, "sk_live_"), strings.HasPrefix(key, "rk_live_"):
		return refuse("A sandbox takes no live key: use sk_test_… instead of sk_live_….")
	case strings.HasPrefix(key, "pk_"):
		return refuse("This API call cannot be made with a publishable API key (pk_test_…). Use your secret key (sk_test_…).")
	case !strings.HasPrefix(key, "sk_test_"), s.options.Secret != "" && key != s.options.Secret:
		return refuse("Invalid API Key provided: %s", masked(key))
	}
	return nil
}

// masked shows no more of a key than Stripe's message does.
func masked(key string) string {
	const ends = 4
	if len(key) <= 2*ends {
		return strings.Repeat("*", len(key))
	}
	return key[:ends] + strings.Repeat("*", len(key)-2*ends) + key[len(key)-ends:]
}

// requestID returns an id that no other request of this process has.
func (s *Server) requestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.requests++
	return fmt.Sprintf("req_%014d", s.state.requests)
}

// base returns the address under which a browser reaches the pages.
func (s *Server) base(r *http.Request) string {
	if s.options.BaseURL != "" {
		return s.options.BaseURL
	}
	if r == nil {
		return "http://localhost"
	}
	return "http://" + r.Host
}

// unknownRoute refuses what the sandbox does not serve.
func (s *Server) unknownRoute(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", s.requestID())
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": &fault{Type: faultInvalid,
		Message: fmt.Sprintf("Unrecognized request URL (%s: %s). The sandbox serves a part of Stripe's API.", r.Method, r.URL.Path)}})
}
