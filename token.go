package tollgate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
)

const (
	// TokenDefault is how long a customer token lasts when nobody says.
	TokenDefault = 15 * time.Minute
	// TokenMax is the longest a customer token lasts.
	TokenMax = 24 * time.Hour
	// TokenKeyBytesMin is the shortest key that may sign customer tokens: as long as the hash (RFC 7518 §3.2).
	TokenKeyBytesMin = 32

	tokenBytesMax  = 4 << 10
	tokenIssuer    = "tollgate"
	tokenAudience  = "app"
	tokenKeyAgeMax = time.Second // how long a key read from the database is believed
)

// Action says what a customer token may be used for. There is none that writes usage, grants or corrections: whatever
// a page sends, its user can change.
type Action string

// The actions.
const (
	ActionRead     Action = "read"     // plan, balances, usage, subscriptions, payments, live balance
	ActionCheck    Action = "check"    // ask whether an amount or a feature is allowed
	ActionCheckout Action = "checkout" // begin to buy
	ActionManage   Action = "manage"   // change and cancel subscriptions, open the billing portal
)

// Actions lists every action, in the order the documentation names them.
func Actions() []Action { return []Action{ActionRead, ActionCheck, ActionCheckout, ActionManage} }

// A TokenRequest asks for a token with which a page speaks for one customer.
type TokenRequest struct {
	Customer  id.Customer `json:"-"`
	Actions   []Action    `json:"actions,omitempty"`   // read and check when empty
	ExpiresIn int64       `json:"expiresIn,omitempty"` // seconds; TokenDefault when 0, TokenMax at most
}

// A Token speaks for one customer until it expires.
type Token struct {
	Token     string      `json:"token,omitempty"` // a JSON Web Token; empty when it was verified rather than made
	Customer  id.Customer `json:"customer"`
	Actions   []Action    `json:"actions"`
	ExpiresAt time.Time   `json:"expiresAt"`
}

// Allows reports whether the token may be used for a.
func (t Token) Allows(a Action) bool { return slices.Contains(t.Actions, a) }

// tokenClaims are what is signed (RFC 7519 §4.1): sub is the externalId. Who tells one customer from a later one of the
// same name, and clocks do not: those of replicas differ.
type tokenClaims struct {
	jwt.RegisteredClaims
	Actions []Action `json:"actions"`
	Who     string   `json:"who"`
}

// tokenWho names a customer for ever, unlike its externalId, which is free again once it has been erased.
func tokenWho(c Customer) string { return id.Derived("who", c.key, tokenAudience) }

// CreateToken makes a token for a customer, signed with HMAC-SHA-256. It is kept nowhere: it ends when it expires, when
// its customer is erased, or when the signing key is replaced. Faults: not_found; invalid_request for an action that
// no token carries or a time that is too long.
func (e *Engine) CreateToken(ctx context.Context, r TokenRequest) (Token, error) {
	lasts := TokenDefault
	switch {
	case r.ExpiresIn < 0 || r.ExpiresIn > int64(TokenMax/time.Second):
		return Token{}, fault.Field("expiresIn", r.ExpiresIn, int64(TokenMax/time.Second), "expiresIn is a number of seconds up to 24 hours.")
	case r.ExpiresIn > 0:
		lasts = time.Duration(r.ExpiresIn) * time.Second
	}
	actions, err := tokenActions(r.Actions)
	if err != nil {
		return Token{}, err
	}
	c, err := e.Customer(ctx, r.Customer)
	if err != nil {
		return Token{}, err
	}
	keys, err := e.tokenKeys.all(ctx, e)
	if err != nil {
		return Token{}, err
	}
	now := e.Now().Truncate(time.Second) // what a token can spell
	out := Token{Customer: c.ExternalID, Actions: actions, ExpiresAt: now.Add(lasts)}
	out.Token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, tokenClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: tokenIssuer, Audience: jwt.ClaimStrings{tokenAudience}, Subject: string(c.ExternalID),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(out.ExpiresAt),
		},
		Actions: actions, Who: tokenWho(c),
	}).SignedString(keys[0])
	if err != nil {
		return Token{}, fmt.Errorf("sign token: %w", err)
	}
	return out, nil
}

// tokenActions returns the actions asked for in their order, each once.
func tokenActions(asked []Action) ([]Action, error) {
	if len(asked) == 0 {
		return []Action{ActionRead, ActionCheck}, nil
	}
	for _, a := range asked {
		if !slices.Contains(Actions(), a) {
			return nil, fault.Field("actions", string(a), nil,
				"A customer token carries read, check, checkout or manage. It never records usage, grants, adjusts or refunds: what a browser sends, its user can change. Do that from your server with a secret key.")
		}
	}
	return slices.DeleteFunc(Actions(), func(a Action) bool { return !slices.Contains(asked, a) }), nil
}

// VerifyToken returns what a customer token stands for. Faults: unauthorized when it was not signed by us, has expired,
// or was made for a customer that has been erased since.
func (e *Engine) VerifyToken(ctx context.Context, token string) (Token, error) {
	refused := fault.New(fault.Unauthorized, "The customer token is unknown or has expired. Get a new one from your server: POST /v1/customers/{externalId}/tokens.")
	if len(token) > tokenBytesMax {
		return Token{}, refused
	}
	keys, err := e.tokenKeys.all(ctx, e)
	if err != nil {
		return Token{}, err
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(tokenIssuer),
		jwt.WithAudience(tokenAudience), jwt.WithExpirationRequired(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(e.Now))
	set := jwt.VerificationKeySet{}
	for _, key := range keys {
		set.Keys = append(set.Keys, key)
	}
	var claims tokenClaims
	if _, err := parser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return set, nil }); err != nil {
		return Token{}, refused.Because(err)
	}
	c, err := e.Customer(ctx, id.Customer(claims.Subject))
	switch {
	case fault.Has(err, fault.NotFound), fault.Has(err, fault.Invalid):
		return Token{}, refused
	case err != nil:
		return Token{}, err
	case claims.Who != tokenWho(c):
		return Token{}, refused // it was made for the one who had this name before
	}
	return Token{Customer: c.ExternalID, Actions: claims.Actions, ExpiresAt: claims.ExpiresAt.UTC()}, nil
}

// ReplaceTokenKey puts a new signing key in place of the one in the database: every token made before is refused, within
// a second in every process. Keys given by Options.TokenKeys are the caller's own: then it returns a conflict fault.
func (e *Engine) ReplaceTokenKey(ctx context.Context) error {
	if len(e.tokenKeys.given) > 0 {
		return fault.New(fault.Conflict, "The signing keys of customer tokens are given to the program, not kept in the database: replace them there.")
	}
	err := e.db.Update(ctx, func(tx *store.Tx) error { return tx.ReplaceTokenKey(ctx, freshTokenKey(), e.Now()) })
	e.tokenKeys.forget()
	return outside("replace token key", err)
}

// A tokenRing holds the keys that sign customer tokens.
type tokenRing struct {
	given [][]byte // by Options
	mu    sync.Mutex
	kept  [][]byte // from the database
	read  time.Time
}

func newTokenRing(given [][]byte) (*tokenRing, error) {
	for _, key := range given {
		if len(key) < TokenKeyBytesMin {
			return nil, fmt.Errorf("a key that signs customer tokens has %d bytes; it needs at least %d", len(key), TokenKeyBytesMin)
		}
	}
	return &tokenRing{given: given}, nil
}

// all returns the keys: the first one signs, all of them verify.
func (r *tokenRing) all(ctx context.Context, e *Engine) ([][]byte, error) {
	if len(r.given) > 0 {
		return r.given, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := time.Now()
	if r.kept != nil && asked.Sub(r.read) < tokenKeyAgeMax {
		return r.kept, nil
	}
	key, err := e.db.TokenKey(ctx)
	if store.None(err) {
		err = e.db.Update(ctx, func(tx *store.Tx) (err error) {
			key, err = tx.EnsureTokenKey(ctx, freshTokenKey(), e.Now())
			return err
		})
	}
	if err != nil {
		return nil, outside("read token key", err)
	}
	if len(key) < TokenKeyBytesMin {
		return nil, errors.New("the key of customer tokens in the database is too short")
	}
	r.kept, r.read = [][]byte{key}, asked
	return r.kept, nil
}

func (r *tokenRing) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = nil
}

func freshTokenKey() []byte {
	key := make([]byte, TokenKeyBytesMin)
	rand.Read(key) // never fails (crypto/rand since Go 1.24)
	return key
}
