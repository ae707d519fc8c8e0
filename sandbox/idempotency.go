package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// replayKept is for how long an answer is repeated to its idempotency key (API reference, "Idempotent requests").
const replayKept = 24 * 60 * 60

// keyMax is the most characters an idempotency key may have.
const keyMax = 255

// A replay is what the first request with an idempotency key was answered.
type replay struct {
	header
	Method string `json:"method"`
	Path   string `json:"path"`
	Form   string `json:"form"` // the SHA-256 of the parameters
	Reply  reply  `json:"reply"`
}

func (*replay) kind() string    { return "replay" }
func (p *replay) shown(*tx) any { return p }
func (p *replay) dues() []due   { return []due{{p.Created + replayKept, "forget", forgetReplay}} }

func forgetReplay(tx *tx, id string) error {
	if p, ok := find[*replay](tx, id); ok {
		tx.drop(p)
	}
	return nil
}

// claim takes an idempotency key for the length of a request. Another request that holds it is a 409.
func (s *Server) claim(key string) (release func(), err error) {
	if key == "" {
		return func() {}, nil
	}
	if len(key) > keyMax {
		return nil, &fault{Status: http.StatusBadRequest, Type: faultIdempotency,
			Message: "Idempotency keys can have up to 255 characters."}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight[key] {
		return nil, &fault{Status: http.StatusConflict, Type: faultIdempotency, Code: "idempotency_key_in_use",
			Message: "There is currently another in-progress request using this Idempotency Key (that probably means you submitted twice, and the other request is still going through): " +
				key + ". Please try again later."}
	}
	s.inFlight[key] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.inFlight, key)
	}, nil
}

// replayOf returns the reply that the request's key was answered before, nil for a new key, or the fault that the key
// was used for something else.
func (tx *tx) replayOf(method, path, encoded string) (*reply, error) {
	p, ok := find[*replay](tx, tx.request.key)
	if !ok || tx.request.key == "" {
		return nil, nil
	}
	refuse := func(message string) (*reply, error) {
		return nil, &fault{Status: http.StatusBadRequest, Type: faultIdempotency, Message: message}
	}
	switch {
	case p.Method != method || p.Path != path:
		return refuse("Keys for idempotent requests can only be used for the same endpoint they were first used for ('" +
			p.Path + "'). Try using a key other than '" + p.ID + "' if you meant to execute a different request.")
	case p.Form != digest(encoded):
		return refuse("Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '" +
			p.ID + "' if you meant to execute a different request.")
	}
	again := p.Reply
	again.replayed = true
	return &again, nil
}

// remember keeps a reply for the request's key. Refused forms are not kept: their key is free.
func (tx *tx) remember(method, path, encoded string, answer *reply) {
	if tx.request.key == "" {
		return
	}
	tx.add(&replay{header: header{ID: tx.request.key, Object: "replay", Created: tx.nowOn("")},
		Method: method, Path: path, Form: digest(encoded), Reply: *answer})
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
