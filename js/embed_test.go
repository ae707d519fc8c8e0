package js_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/tollgate/tollgate/js"
)

// entryBytesMax is how large an entry of the package may be, compressed, with all that it imports.
const entryBytesMax = 15 << 10

func TestEmbedIsWhatTheSourcesBuild(t *testing.T) {
	t.Parallel()
	built := filepath.Join(t.TempDir(), "embed.js")
	node(t, nil, "build.js", built)
	sameAs(t, built, "embed.js")
}

func TestEmbedIsServedAsAScriptThatBrowsersKeep(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("embed.js")
	if err != nil {
		t.Fatal(err)
	}
	h := js.Embed()
	ask := func(method string, header ...string) *http.Response {
		r := httptest.NewRequest(method, "/embed.js", nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	plain := ask("GET")
	body, err := io.ReadAll(plain.Body)
	if err != nil || plain.StatusCode != 200 || !bytes.Equal(body, want) {
		t.Errorf("GET answers %d and %d bytes, want embed.js: %v", plain.StatusCode, len(body), err)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "public, max-age=300, must-revalidate", "X-Content-Type-Options": "nosniff",
		"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Vary": "Accept-Encoding", "Content-Encoding": "",
	} {
		if got := plain.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	tag := plain.Header.Get("ETag")
	if again := ask("GET", "If-None-Match", tag); again.StatusCode != http.StatusNotModified || tag == "" {
		t.Errorf("a browser that has %s gets %d, want 304", tag, again.StatusCode)
	}
	if other := ask("GET", "If-None-Match", `"other"`); other.StatusCode != 200 {
		t.Errorf("a browser that has another version gets %d, want 200", other.StatusCode)
	}

	for _, accepts := range []string{"gzip", "br, gzip;q=0.5", "deflate , GZIP"} {
		packed := ask("GET", "Accept-Encoding", accepts)
		raw, err := io.ReadAll(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) > entryBytesMax {
			t.Errorf("compressed it has %d bytes, more than %d", len(raw), entryBytesMax)
		}
		unpacked, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("Accept-Encoding: %s: %v", accepts, err)
		}
		if body, err := io.ReadAll(unpacked); err != nil || !bytes.Equal(body, want) || packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("ETag") == tag {
			t.Errorf("Accept-Encoding: %s is not answered with embed.js, compressed and tagged for itself: %v", accepts, err)
		}
	}
	for _, refuses := range []string{"gzip;q=0", "gzip; q=0.000", "br", "*;q=0"} {
		if got := ask("GET", "Accept-Encoding", refuses).Header.Get("Content-Encoding"); got != "" {
			t.Errorf("Accept-Encoding: %s is answered with %s", refuses, got)
		}
	}
	if head := ask("HEAD"); head.StatusCode != 200 || head.Header.Get("ETag") != tag {
		t.Errorf("HEAD answers %d", head.StatusCode)
	}
	if post := ask("POST"); post.StatusCode != http.StatusMethodNotAllowed || post.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST answers %d", post.StatusCode)
	}
}
