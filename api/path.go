package api

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/tollgate/tollgate/fault"
)

// checkPath refuses paths that a router would tidy up, and by that take for another: an id that is empty or made
// of dots must not vanish. Ids are one segment each, percent-encoded: %2F for a slash, %2E for a dot that stands
// alone.
func checkPath(r *http.Request) error {
	path := r.URL.EscapedPath()
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") && (len(path) == 1 || !strings.HasSuffix(path, "/")) {
		return nil
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		switch part {
		case "":
			return fault.Field("path", path, nil, "A part of the path is empty: an id is missing in it.")
		case ".", "..":
			return fault.Field("path", path, nil, "A part of the path is %q. Write an id of dots as %s.", part, strings.Repeat("%2E", len(part)))
		}
	}
	return nil
}

// slash is an id that is one slash, as a path carries it.
const slash = "%2F"

// keepSlashes hides from http.ServeMux parts of the path that are one encoded slash, which it takes for the end
// of the path (go1.26 net/http/routing_tree.go). restorePath brings them back.
func (x *exchange) keepSlashes(r *http.Request) *http.Request {
	if !strings.Contains(r.URL.RawPath, "/%2") {
		return r
	}
	parts := strings.Split(r.URL.RawPath, "/")
	for i, part := range parts {
		if strings.EqualFold(part, slash) {
			parts[i], x.path = "-", r.URL.RawPath
		}
	}
	if x.path == "" {
		return r
	}
	hidden, location := *r, *r.URL
	location.RawPath = strings.Join(parts, "/")
	location.Path, _ = url.PathUnescape(location.RawPath) // what was valid before is valid now
	hidden.URL = &location
	return &hidden
}

// restorePath gives the wildcards of the route their values of the path as it was sent.
func (x *exchange) restorePath(r *http.Request) {
	if x.path == "" {
		return
	}
	_, pattern, _ := strings.Cut(r.Pattern, " ")
	parts := strings.Split(x.path, "/")
	for i, name := range strings.Split(pattern, "/") {
		if name, ok := strings.CutPrefix(name, "{"); ok && strings.EqualFold(parts[i], slash) {
			r.SetPathValue(strings.TrimSuffix(name, "}"), "/")
		}
	}
}

// unmatched returns the fault for a request that no route takes.
func (s *Server) unmatched(x *exchange, r *http.Request) error {
	var allowed []string
	for _, method := range []string{"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"} {
		probe := *r
		probe.Method = method
		if _, pattern := s.mux.Handler(&probe); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return fault.New(fault.NotFound, "There is no such path. GET /docs lists those there are.").With("path", r.URL.Path)
	}
	x.Header().Set("Allow", strings.Join(allowed, ", "))
	return fault.New(fault.MethodNotAllowed, "The path takes %s, not %s.", strings.Join(allowed, ", "), r.Method).
		With("allowed", allowed).With("method", r.Method)
}
