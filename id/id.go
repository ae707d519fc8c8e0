// Package id holds the names of things: which strings are allowed, and how ours are made.
package id

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/tollgate/tollgate/fault"
)

const (
	// CustomerBytesMax is the longest externalId.
	CustomerBytesMax = 255
	// TransactionBytesMax is the longest transactionId, and the longest id given to a grant.
	TransactionBytesMax = 255
	// SlugBytesMax is the longest slug.
	SlugBytesMax = 64
)

// A Customer is the app's own name for a customer (externalId): 1 to 255 bytes of UTF-8 without NUL.
type Customer string

// A Slug names a meter, a credits pool, a feature, a plan, a price or a top-up in the catalog:
// lower-case letters, digits, _ and -, starting with a letter or digit, at most 64 bytes.
type Slug string

// A Transaction is the caller's own name for one act, the same on every retry: 1 to 255 bytes of
// UTF-8 without NUL.
type Transaction string

// A Key is the store's number of a customer: positive, random, never reused, never shown.
type Key int64

// Check returns a fault that names field when c is not a well-formed name.
func (c Customer) Check(field string) error { return check(field, string(c), CustomerBytesMax) }

// Check returns a fault that names field when t is not a well-formed id.
func (t Transaction) Check(field string) error { return check(field, string(t), TransactionBytesMax) }

func check(field, s string, max int) error {
	switch {
	case s == "":
		return fault.Field(field, s, nil, "%s is missing: send 1 to %d bytes of text.", field, max)
	case len(s) > max:
		return fault.Field(field, strings.ToValidUTF8(s[:32], "")+"…", max, "%s has %d bytes; the limit is %d.", field, len(s), max)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return fault.Field(field, strings.ToValidUTF8(s, "?"), nil, "%s must be UTF-8 text without NUL bytes.", field)
	}
	return nil
}

// Valid reports whether s is a well-formed slug.
func (s Slug) Valid() bool {
	for i, c := range []byte(s) {
		word := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !word && (i == 0 || c != '_' && c != '-') {
			return false
		}
	}
	return 0 < len(s) && len(s) <= SlugBytesMax
}

// alphabet is Crockford's base 32 in lower case (https://www.crockford.com/base32.html): no i, l, o, u.
func alphabet() *base32.Encoding {
	return base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)
}

// NewKey returns a fresh customer key from the operating system's random source.
func NewKey() Key {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	return Key(binary.BigEndian.Uint64(b[:])>>2 | 1)
}

// New returns a fresh id that carries its customer: prefix_<customer><80 random bits>. KeyOf reads the
// customer back, so that an id alone finds its rows.
func New(prefix string, customer Key) string {
	var b [18]byte
	binary.BigEndian.PutUint64(b[:8], uint64(customer))
	rand.Read(b[8:])
	return prefix + "_" + alphabet().EncodeToString(b[:])
}

// Derived returns the id of what a customer's transaction makes, the same for the same arguments:
// prefix_<customer><80 bits of SHA-256>. A retry so finds what its first try made.
func Derived(prefix string, customer Key, t Transaction) string {
	var b [18]byte
	binary.BigEndian.PutUint64(b[:8], uint64(customer))
	sum := sha256.Sum256([]byte(prefix + "\x00" + string(t)))
	copy(b[8:], sum[:10])
	return prefix + "_" + alphabet().EncodeToString(b[:])
}

// KeyOf returns the customer that an id made by New or Derived carries, and false when s is not such an id.
func KeyOf(prefix, s string) (Key, bool) {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(rest) != alphabet().EncodedLen(18) {
		return 0, false
	}
	b, err := alphabet().DecodeString(rest)
	if err != nil || alphabet().EncodeToString(b) != rest { // the decoder skips line breaks and spare bits
		return 0, false
	}
	k := Key(binary.BigEndian.Uint64(b))
	return k, k > 0
}
