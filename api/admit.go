package api

import (
	"net/http"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/pace"
)

// open is the scope of routes that need no key.
const open tollgate.Scope = ""

// admit lets a request pass when it has a key of the scope needed that does not send too fast.
func (s *Server) admit(x *exchange, r *http.Request, need tollgate.Scope) error {
	if need == open {
		return nil
	}
	secret, ok := bearer(r)
	if !ok {
		x.Header().Set("WWW-Authenticate", `Bearer realm="tollgate"`)
		return fault.New(fault.Unauthorized, "The request has no API key. Send one made by `tollgate key create` as Authorization: Bearer KEY.")
	}
	key, err := s.keys.authenticate(r.Context(), secret)
	if err != nil {
		if fault.Has(err, fault.Unauthorized) {
			x.Header().Set("WWW-Authenticate", `Bearer realm="tollgate", error="invalid_token"`)
		}
		return err
	}
	x.key, x.scope = key.ID, tollgate.Scope(key.Scope)
	if wait := s.rates.Wait(key.ID); wait > 0 {
		x.Header().Set("Retry-After", pace.RetryAfter(wait))
		return fault.New(fault.RateLimited, "The key sends more requests than it may. Wait as long as Retry-After says, in seconds, and send the same request again.").
			With("limit", s.rates.PerSecond).With("retryAfter", pace.WholeSeconds(wait))
	}
	if !x.scope.Allows(need) {
		return forbidden(x.scope, need, "this")
	}
	return nil
}

// forbidden is the fault of a key that has not the scope for what it asks.
func forbidden(has, need tollgate.Scope, what string) *fault.Error {
	return fault.New(fault.Forbidden, "The key has the scope %s; %s needs %s. Make such a key with `tollgate key create --scope %s`.", has, what, need, need).
		With("scope", string(has)).With("required", string(need))
}

// bearer returns the key of an Authorization header.
func bearer(r *http.Request) (string, bool) {
	sent := r.Header["Authorization"]
	if len(sent) != 1 {
		return "", false
	}
	scheme, key, _ := strings.Cut(sent[0], " ")
	key = strings.TrimSpace(key)
	return key, strings.EqualFold(scheme, "Bearer") && key != ""
}
