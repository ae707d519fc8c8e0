package api

import (
	"net/http"
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
