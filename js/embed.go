// Package js serves /embed.js: the custom elements of the npm package tollgate, which this folder also holds, as one
// file for pages without a framework. docs/javascript.md tells how both are used.
package js

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// script is what `node build.js` makes of src; a test fails when it is not.
//
//go:embed embed.js
var script []byte

// embedAge is how long a browser takes the script without asking again: a new version of the server is seen as soon.
const embedAge = "public, max-age=300, must-revalidate"

// Embed answers GET and HEAD with the script, whatever the path; compressed for those who take gzip. Pages of every site
// may load it: it holds no secret, and what it may do is decided by the app routes. It carries an ETag, and answers 304
// to a browser that has it.
func Embed() http.Handler {
	sum := sha256.Sum256(script)
	tag := hex.EncodeToString(sum[:16])
	small := compressed(script)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "Send GET.", http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", embedAge)
		h.Set("Vary", "Accept-Encoding")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Allow-Origin", "*")
		body := script
		h.Set("ETag", `"`+tag+`"`)
		if takesGzip(r) {
			body = small
			h.Set("ETag", `"`+tag+`-gzip"`)
			h.Set("Content-Encoding", "gzip")
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

func compressed(b []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("js: " + err.Error()) // the level is known and memory takes every write
	}
	return out.Bytes()
}

// takesGzip reports whether a request's Accept-Encoding names gzip, and not with the weight 0 (RFC 9110 §12.5.3).
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q := strings.TrimLeft(strings.TrimPrefix(strings.TrimSpace(weight), "q="), "0.")
			return weight == "" || q != ""
		}
	}
	return false
}
