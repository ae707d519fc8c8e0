package client

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

// OperationID names usage after what it made: OperationID("img", result.ID) is img_<result id>. This is the best name
// there is: it is the same however often the recording is retried, and another one for every other result.
//
// Never name usage by something random, such as a new UUID: it is new on every retry, and the retry counts again. A name
// too long for a transactionId is replaced by its SHA-256; an empty operation has no name, and is refused.
func OperationID(kind, operation string) id.Transaction {
	if operation == "" {
		return "" // all operations would have one name; Tollgate refuses an empty one
	}
	name := kind + "_" + operation
	if len(name) > id.TransactionBytesMax {
		return hashed(kind, []byte(operation))
	}
	return id.Transaction(name)
}

// RequestID names usage after the header X-Request-Id of the request that caused it: req_<header>. Faults:
// invalid_request when the header is missing.
//
// Use it only if those who call you send the same X-Request-Id when they retry; most proxies and browsers make a new one
// every time, and then a retry counts again. And use it only for callers you trust, such as your own servers: whoever
// chooses the id can send an old one again, and is not charged for what you then do.
func RequestID(r *http.Request) (id.Transaction, error) {
	sent := r.Header.Get("X-Request-Id")
	if sent == "" {
		return "", fault.Field("X-Request-Id", "", nil, "The header X-Request-Id is missing: send one that stays the same when you retry.")
	}
	return OperationID("req", sent), nil
}

// ParametersID names usage after what was asked for: kind, and a SHA-256 of the parameters as JSON, which is the same for
// the same values whatever the order of a map's keys. It returns an error for parameters that JSON cannot spell.
//
// Use it only for operations that give the same result for the same parameters, for then a repeat is the same operation
// and is charged once. Where asking again is new work, such as another answer to the same prompt, it would count as
// nothing: put what tells the two apart, such as the message's id, among the parameters. Name the user among them if a
// name may meet another user's: transactionIds belong to one customer each, so Tollgate itself does not need it.
func ParametersID(kind string, parameters any) (id.Transaction, error) {
	body, err := json.Marshal(parameters)
	if err != nil {
		return "", fmt.Errorf("hash parameters of %s: %w", kind, err)
	}
	return hashed(kind, body), nil
}

// hashed returns a name of a kind and 128 bits of a hash: too many for two contents to meet.
func hashed(kind string, content []byte) id.Transaction {
	sum := sha256.Sum256(content)
	const kindBytesMax = 64
	if len(kind) > kindBytesMax {
		long := sha256.Sum256([]byte(kind))
		kind = hex.EncodeToString(long[:8])
	}
	return id.Transaction(kind + "_" + hex.EncodeToString(sum[:16]))
}
