// Package js serves /embed.js: the custom elements of the npm package tollgate, which this folder also holds, as one
// file for pages without a framework. docs/javascript.md tells how both are used.
package js

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"time"
)

// script is what `node build.js` makes of src; a test fails when it is not.
//
//go:embed embed.js
var script []byte

// embedAge is how long a browser takes the script without asking again: a new version of the server is seen as soon.
const embedAge = "public, max-age=300, must-revalidate"

// Embed answers GET and HEAD with the script, whatever the path. Pages of every site may load it: it holds no secret,
// and what it asks for is decided by the app routes. It carries an ETag, and answers 304 to a browser that has it.
func Embed() http.Handler {
	sum := sha256.Sum256(script)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Send GET.", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", embedAge)
		h.Set("ETag", tag)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Allow-Origin", "*")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(script))
	})
}
