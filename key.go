package tollgate

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/store"
)

// Scope says what a key may do.
type Scope string

// The scopes, each of which may do all that those below it may.
const (
	ScopeFull   Scope = "full"   // everything
	ScopeRecord Scope = "record" // consume, record, hold, check, create customers; and read
	ScopeRead   Scope = "read"   // read
)

// Allows reports whether a key of scope s may do what needs scope need.
func (s Scope) Allows(need Scope) bool {
	order := []Scope{ScopeRead, ScopeRecord, ScopeFull}
	return slices.Index(order, s) >= slices.Index(order, need) && slices.Contains(order, s)
}

// A Key is an API key as it is kept: without the key itself.
type Key = store.Key

// CreateKey makes a secret key and returns it with its record. The key is returned this once and kept only as a
// hash. live makes it sk_live_…, else it is sk_test_…. Faults: invalid_request for an unknown scope.
func (e *Engine) CreateKey(ctx context.Context, scope Scope, name string, live bool) (string, Key, error) {
	if !scope.Allows(ScopeRead) {
		return "", Key{}, fault.Field("scope", string(scope), nil, "scope must be full, record or read.")
	}
	if err := checkText("name", name, 255); err != nil {
		return "", Key{}, err
	}
	prefix := "sk_test_"
	if live {
		prefix = "sk_live_"
	}
	secret := prefix + rand.Text() + rand.Text()[:6] // 160 bits
	k := Key{ID: "key_" + strings.ToLower(rand.Text()[:16]), Hash: hashKey(secret), Hint: secret[:len(prefix)+2] + "…" + secret[len(secret)-4:],
		Name: name, Scope: string(scope), CreatedAt: e.Now()}
	err := e.db.Update(ctx, func(tx *store.Tx) error { return tx.InsertKey(ctx, k) })
	return secret, k, outside("write key", err)
}

// Authenticate returns the record of a secret key. Faults: unauthorized when it is unknown or revoked.
func (e *Engine) Authenticate(ctx context.Context, secret string) (Key, error) {
	unknown := fault.New(fault.Unauthorized, "The API key is unknown or revoked. Send a key made by `tollgate key create` as Authorization: Bearer KEY.")
	if !strings.HasPrefix(secret, "sk_") || len(secret) > 128 {
		return Key{}, unknown
	}
	hash := hashKey(secret)
	k, err := e.db.KeyOf(ctx, hash)
	switch {
	case store.None(err):
		return Key{}, unknown
	case err != nil:
		return Key{}, outside("read key", err)
	case subtle.ConstantTimeCompare([]byte(k.Hash), []byte(hash)) != 1 || !k.RevokedAt.IsZero():
		return Key{}, unknown
	}
	return k, nil
}

// Keys returns every key, oldest first.
func (e *Engine) Keys(ctx context.Context) ([]Key, error) {
	keys, err := e.db.Keys(ctx)
	return keys, outside("read keys", err)
}

// RevokeKey makes a key useless, within a second in every process. Faults: not_found.
func (e *Engine) RevokeKey(ctx context.Context, keyID string) error {
	var found bool
	err := e.db.Update(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.RevokeKey(ctx, keyID, e.Now())
		return err
	})
	if err == nil && !found {
		return fault.New(fault.NotFound, "There is no key %q that could be revoked.", keyID).With("key", keyID)
	}
	return outside("revoke key", err)
}

// hashKey is what is kept of a key. A plain hash is enough: a key has 160 random bits, nothing to guess.
func hashKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
