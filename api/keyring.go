package api

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
)

const (
	// keyAgeMax is how long a key is believed without a look at the database: a revoked key is refused after it.
	keyAgeMax = time.Second
	// keysMax is how many keys, good and bad, are remembered.
	keysMax = 10_000
)

// A keyring remembers for a second what Engine.Authenticate said about a key. It keeps hashes, not keys.
type keyring struct {
	engine *tollgate.Engine
	mu     sync.RWMutex
	known  map[[sha256.Size]byte]verdict
}

// A verdict is what was said about a key, and when it was asked for.
type verdict struct {
	key   tollgate.Key
	err   error
	asked time.Time
}

func newKeyring(e *tollgate.Engine) *keyring {
	return &keyring{engine: e, known: map[[sha256.Size]byte]verdict{}}
}

// authenticate is Engine.Authenticate, at most a second old. The end of ctx and trouble of the database are not
// remembered.
func (k *keyring) authenticate(ctx context.Context, secret string) (tollgate.Key, error) {
	hash := sha256.Sum256([]byte(secret))
	asked := time.Now()
	k.mu.RLock()
	v, ok := k.known[hash]
	k.mu.RUnlock()
	if ok && asked.Sub(v.asked) < keyAgeMax {
		return v.key, v.err
	}
	key, err := k.engine.Authenticate(ctx, secret)
	if err == nil || fault.Has(err, fault.Unauthorized) {
		k.mu.Lock()
		if len(k.known) >= keysMax {
			k.known = map[[sha256.Size]byte]verdict{} // older than a second but for a flood of bad keys
		}
		k.known[hash] = verdict{key, err, asked}
		k.mu.Unlock()
	}
	return key, err
}
