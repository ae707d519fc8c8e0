package app

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/pace"
)

// record is what POST /usage-events needs. No token carries it.
const record tollgate.Action = "record"

// A caller is who sent a request.
type caller struct {
	customer id.Customer
	actions  []tollgate.Action
	until    time.Time // when what identified it ends; zero when it does not say
	known    bool      // by the program itself, which may make the customer
	server   bool      // by a secret key: it speaks for every customer, and has none of its own
}

// A visit is one admitted request.
type visit struct {
	caller
	w http.ResponseWriter
	r *http.Request
}

// A handler answers a visit with what it returns as JSON; nil when it has written the answer itself.
type handler func(*visit) (any, error)

// handle registers a handler that requests reach when they are admitted.
func (s *server) handle(pattern string, need tollgate.Action, h handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v, err := s.admit(w, r, need)
		var out any
		if err == nil {
			out, err = h(v)
		}
		switch {
		case err != nil:
			s.fail(w, err)
		case out != nil:
			s.answer(w, out)
		}
	})
}

// admit lets a request pass when its caller is known, may do what is needed and does not send too fast.
func (s *server) admit(w http.ResponseWriter, r *http.Request, need tollgate.Action) (*visit, error) {
	v := &visit{w: w, r: r}
	var err error
	if v.caller, err = s.caller(r, need); err != nil {
		return nil, err
	}
	if v.server {
		return v, nil
	}
	if wait := s.pace.Wait(string(v.customer)); wait > 0 {
		w.Header().Set("Retry-After", pace.RetryAfter(wait))
		return nil, fault.New(fault.RateLimited, "You send more requests than you may. Wait as long as Retry-After says, in seconds.").
			With("limit", s.pace.PerSecond).With("retryAfter", pace.WholeSeconds(wait))
	}
	if err := s.allow(v.caller, need); err != nil {
		return nil, err
	}
	return v, s.ensure(v)
}

// caller finds out who sent a request. A secret key is the program's own server, and only records.
func (s *server) caller(r *http.Request, need tollgate.Action) (caller, error) {
	secret, _ := bearer(r)
	if need != record || !strings.HasPrefix(secret, "sk_") {
		return s.identify(r)
	}
	key, err := s.engine.Authenticate(r.Context(), secret)
	if err != nil {
		return caller{}, err
	}
	if !tollgate.Scope(key.Scope).Allows(tollgate.ScopeRecord) {
		return caller{}, fault.New(fault.Forbidden, "The key has the scope %s; this needs record.", key.Scope).
			With("scope", key.Scope).With("required", string(tollgate.ScopeRecord))
	}
	return caller{server: true}, nil
}

// allow returns the fault for a caller who may not do what is needed.
func (s *server) allow(c caller, need tollgate.Action) error {
	switch {
	case need == record && c.known && s.opts.RecordUsage:
		return nil
	case need == record:
		return fault.New(fault.Forbidden,
			"A browser cannot record usage, grant, adjust or refund: whoever sits before it can leave the request out or change its amount. Record on your server, with a secret key, where the work is done.").
			With("required", "a secret key of scope record")
	case !slices.Contains(c.actions, need):
		return fault.New(fault.Forbidden, "The customer token does not carry the action %s. Have your server make one that does.", need).
			With("actions", c.actions).With("required", string(need))
	}
	return nil
}

// ensure makes the customer when the program itself has named it and it is not there.
func (s *server) ensure(v *visit) error {
	if !v.known {
		return nil
	}
	_, err := s.engine.Customer(v.r.Context(), v.customer)
	if !fault.Has(err, fault.NotFound) {
		return err
	}
	var details tollgate.CustomerChange
	if s.opts.Details != nil {
		if details, err = s.opts.Details(v.r, string(v.customer)); err != nil {
			return err
		}
	}
	_, _, err = s.engine.PutCustomer(v.r.Context(), v.customer, details)
	return err
}

// bearer returns what an Authorization header carries.
func bearer(r *http.Request) (string, bool) {
	sent := r.Header["Authorization"]
	if len(sent) != 1 {
		return "", false
	}
	scheme, secret, _ := strings.Cut(sent[0], " ")
	secret = strings.TrimSpace(secret)
	return secret, strings.EqualFold(scheme, "Bearer") && secret != ""
}
