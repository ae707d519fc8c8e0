package flowglad

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
)

const (
	// portalPage is where the link to the billing portal leads: Stripe's own visits end minutes after they are made, so one is
	// made for each click.
	portalPage = "portal"
	// portalLinkLasts is how long a link works.
	portalLinkLasts = time.Hour
)

// portalLink returns where a customer manages its billing; empty for who has never bought anything.
func (s *Server) portalLink(c *call, customer tollgate.Customer, paying state) (string, error) {
	if !paying.Known {
		return "", nil
	}
	token, err := s.engine.CreateToken(c.Context(), tollgate.TokenRequest{
		Customer: customer.ExternalID, Actions: []tollgate.Action{tollgate.ActionManage}, ExpiresIn: int64(portalLinkLasts / time.Second)})
	if fault.Has(err, fault.NotFound) { // erased a moment ago
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return s.origin(c.Request) + s.opts.Prefix + pagePath + portalPage + "?token=" + url.QueryEscape(token.Token), nil
}

// origin returns how browsers reach this server: as Options say, or as the request did.
func (s *Server) origin(r *http.Request) string {
	if s.opts.PublicURL != "" {
		return strings.TrimSuffix(s.opts.PublicURL, "/")
	}
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// visitPortal is GET /api/flowglad/portal: it sends a browser to the portal.
func (s *Server) visitPortal(c *call) {
	err := func() error {
		t, err := s.engine.VerifyToken(c.Context(), c.URL.Query().Get("token"))
		if err != nil {
			return err
		}
		if !t.Allows(tollgate.ActionManage) {
			return refuse(http.StatusForbidden, forbidden, "The token does not allow to manage billing.")
		}
		visit, err := s.engine.Portal(c.Context(), tollgate.PortalRequest{Customer: t.Customer})
		if err != nil {
			return err
		}
		h := c.w.Header()
		h.Set("Location", visit.URL)
		h.Set("Referrer-Policy", "no-referrer") // the address of this page carries the token
		h.Set("Cache-Control", "no-store")
		c.status = http.StatusSeeOther
		c.w.WriteHeader(c.status)
		return nil
	}()
	if fault.Has(err, fault.Unauthorized) {
		err = refuse(http.StatusUnauthorized, unauthorized, "The link to the billing portal has expired. Go back and reload the page.")
	}
	if err != nil {
		s.fail(c, err)
	}
}
