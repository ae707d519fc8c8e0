package flowglad

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/tollgate/tollgate"
)

// A route is one method and pattern of the API. {} in the pattern is a part of the path, handed over decoded.
type route struct {
	method, pattern string
	parts           []string
	need            tollgate.Scope
	do              func(*call) (any, error)
}

// sentPath returns the path as it was sent: ids are one part each, percent-encoded.
func sentPath(r *http.Request) string {
	if r.URL.RawPath != "" {
		return r.URL.RawPath
	}
	return r.URL.EscapedPath()
}

// match returns the route of a path below /api/v1/ and sets what it leaves open.
func (s *Server) match(c *call, path string) (route, error) {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	// @flowglad/server writes the externalId of this one path as it is: what looks like more parts may be one id.
	if n := len(parts); n > 3 && parts[0] == "customers" && parts[n-1] == "usage-balances" {
		parts = []string{"customers", strings.Join(parts[1:n-1], "/"), "usage-balances"}
	}
	allowed := []string{}
	for _, r := range s.routes {
		args, ok := r.fits(parts)
		if !ok {
			continue
		}
		if r.method == c.Method {
			c.args, c.route = args, r.method+" "+r.pattern
			return r, nil
		}
		allowed = append(allowed, r.method)
	}
	if len(allowed) > 0 {
		c.w.Header().Set("Allow", strings.Join(allowed, ", "))
		return route{}, refuse(http.StatusMethodNotAllowed, badRequest, "The path takes %s, not %s.", strings.Join(allowed, ", "), c.Method)
	}
	return route{}, missing("There is no path /api/v1/%s here.", path)
}

func (r route) fits(parts []string) ([]string, bool) {
	if len(parts) != len(r.parts) {
		return nil, false
	}
	var args []string
	for i, want := range r.parts {
		if want != "{}" {
			if parts[i] != want {
				return nil, false
			}
			continue
		}
		arg, err := url.PathUnescape(parts[i])
		if err != nil || arg == "" {
			return nil, false
		}
		args = append(args, arg)
	}
	return args, true
}
