package flowglad

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
)

// An admission is what was said about a key.
type admission struct {
	key  tollgate.Key
	live bool
	err  error
}

// admit lets a call pass when it has a key of the scope needed that does not send too fast. Flowglad's packages send the bare
// key, everything else that speaks to it sends Bearer and the key.
func (s *Server) admit(c *call, need tollgate.Scope) error {
	secret, ok := secretOf(c.Request)
	if !ok {
		return refuse(http.StatusUnauthorized, unauthorized, "The request has no API key. Set FLOWGLAD_SECRET_KEY to one made by `tollgate key create`.")
	}
	a, err := s.keys.get(c.Context(), sha256.Sum256([]byte(secret)), func(ctx context.Context) (admission, error) {
		key, err := s.engine.Authenticate(ctx, secret)
		if err != nil && !fault.Has(err, fault.Unauthorized) {
			return admission{}, err // trouble of the database is not remembered
		}
		return admission{key, strings.HasPrefix(secret, "sk_live_"), err}, nil
	})
	if err == nil {
		err = a.err
	}
	if err != nil {
		return err
	}
	if err := s.rates.pass("key " + a.key.ID); err != nil {
		return err
	}
	if !tollgate.Scope(a.key.Scope).Allows(need) {
		return refuse(http.StatusForbidden, forbidden, "The key has the scope %s; this needs %s. Make such a key with `tollgate key create --scope %s`.", a.key.Scope, need, need)
	}
	c.live = a.live
	return nil
}

// secretOf returns the key of an Authorization header.
func secretOf(r *http.Request) (string, bool) {
	sent := r.Header["Authorization"]
	if len(sent) != 1 {
		return "", false
	}
	scheme, key, two := strings.Cut(strings.TrimSpace(sent[0]), " ")
	if !two {
		return scheme, scheme != ""
	}
	key = strings.TrimSpace(key)
	return key, strings.EqualFold(scheme, "Bearer") && key != ""
}
