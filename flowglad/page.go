package flowglad

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// A page is one of the routes that a customer's own pages call. It returns what stands under data.
type page func(c *call, name id.Customer) (any, error)

// pageTable lists every route below /api/flowglad/ that @flowglad/react calls.
func (s *Server) pageTable() map[string]page {
	return map[string]page{
		"customers/billing":        func(c *call, name id.Customer) (any, error) { return s.billingOf(c, name) },
		"customers/find-or-create": s.ownCustomer,
		"customers/update":         s.ownUpdate,

		"checkout-sessions/create":                       s.ownCheckout(checkoutProduct),
		"checkout-sessions/create-add-payment-method":    s.ownCheckout(checkoutMethod),
		"checkout-sessions/create-activate-subscription": s.ownCheckout(checkoutActivation),

		"subscriptions/cancel":   s.own(s.cancel),
		"subscriptions/uncancel": s.own(s.uncancel),
		"subscriptions/adjust":   s.ownAdjust,
		"subscriptions/create":   s.notByPages,

		"usage-events/create":   s.ownUsage,
		"usage-meters/balances": s.ownBalances,

		"resources/usages":          s.ownSeats,
		"resources/usages/retrieve": s.ownSeat,
		"resources/claim":           s.ownSubscription(s.claimed),
		"resources/release":         s.ownSubscription(s.released),
		"resources/claims":          s.ownClaims,

		pricingPage: s.ownPricing,
	}
}

// pricingPage is the one route that visitors may call who have not signed in.
const pricingPage = "pricing-models/retrieve"

// servePage answers a request below /api/flowglad/.
func (s *Server) servePage(c *call, path string) {
	c.live, c.route = s.opts.Live, "page "+path
	if s.preflight(c) {
		return
	}
	switch {
	case c.Method == http.MethodGet && path == portalPage:
		s.visitPortal(c)
	case c.Method == http.MethodGet && path == "billing":
		s.plainPage(c, func(c *call, name id.Customer) (any, error) { return s.billingOf(c, name) })
	case c.Method == http.MethodPost && path == "checkout":
		s.plainPage(c, s.ownCheckout(checkoutProduct))
	default:
		s.hookPage(c, path)
	}
}

// preflight lets the pages of the origins allowed read the answer, and reports whether the request was only the question
// whether they may.
func (s *Server) preflight(c *call) bool {
	origin := c.Request.Header.Get("Origin")
	c.w.Header().Add("Vary", "Origin")
	if slices.Contains(s.opts.Origins, origin) {
		h := c.w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", cmp.Or(c.Request.Header.Get("Access-Control-Request-Headers"), "Authorization, Content-Type"))
		h.Set("Access-Control-Max-Age", "600")
	}
	if c.Method != http.MethodOptions {
		return false
	}
	c.status = http.StatusNoContent
	c.w.WriteHeader(c.status)
	return true
}

// visitor returns the customer whose page calls, and makes it when it is new.
func (s *Server) visitor(c *call) (id.Customer, error) {
	if s.opts.Identify == nil {
		return "", missing("Pages are not served here: the server does not know whose they are.")
	}
	if err := s.crossing.Check(c.Request); err != nil {
		return "", refuse(http.StatusForbidden, forbidden, "The request comes from a page of another origin.")
	}
	name, err := s.opts.Identify(c.Request)
	if err != nil || name == "" {
		if fault.Has(err, fault.Unavailable) {
			return "", err
		}
		return "", refuse(http.StatusUnauthorized, unauthorized, "User not authenticated")
	}
	if err := s.rates.pass("page " + string(name)); err != nil {
		return "", err
	}
	_, err = s.present(c.Context(), name)
	if err != nil && told(err).status == http.StatusNotFound {
		_, err = s.ensure(c.Context(), name, customerWrite{})
	}
	return name, err
}

// hookPage answers what a hook of @flowglad/react asks: {data}, or {error}.
func (s *Server) hookPage(c *call, path string) {
	do, ok := s.pages[path]
	if !ok {
		s.pageError(c, missing("%q is not a valid Flowglad API path", path))
		return
	}
	if c.Method != http.MethodPost {
		s.pageError(c, refuse(http.StatusMethodNotAllowed, "Method not allowed", "Method not allowed"))
		return
	}
	name, err := s.visitor(c)
	if err != nil && !(path == pricingPage && told(err).status == http.StatusUnauthorized) {
		s.pageError(c, err)
		return
	}
	var data any
	if err = c.read(); err == nil {
		data, err = do(c, name)
	}
	if err != nil {
		s.pageError(c, err)
		return
	}
	if text, ok := data.(body); ok {
		s.send(c, http.StatusOK, append(append(body{[]byte(`{"data":`)}, text...), []byte(`}`)))
		return
	}
	s.send(c, http.StatusOK, map[string]any{"data": data})
}

// pageError answers a hook with an error, and without data: useBilling reads whatever data there is.
func (s *Server) pageError(c *call, err error) {
	r := s.note(c, err)
	type detail struct {
		Message string `json:"message"`
		Code    string `json:"code"`
	}
	type failure struct {
		detail
		JSON detail `json:"json"` // where hooks look first
	}
	told := detail{r.message, r.code}
	s.send(c, r.status, map[string]failure{"error": {told, told}})
}

// plainPage answers without an envelope, as applications that wrote their own handler do.
func (s *Server) plainPage(c *call, do page) {
	name, err := s.visitor(c)
	var data any
	if err == nil {
		if err = c.read(); err == nil {
			data, err = do(c, name)
		}
	}
	if err == nil {
		s.send(c, http.StatusOK, data)
		return
	}
	r := s.note(c, err)
	if r.status == http.StatusUnauthorized {
		r.message = "Unauthorized"
	}
	s.send(c, r.status, map[string]string{"error": r.message, "code": r.code})
}

func (s *Server) ownCustomer(c *call, name id.Customer) (any, error) {
	found, err := s.present(c.Context(), name)
	return customerAnswer{shownCustomer(found, c.live)}, err
}

func (s *Server) ownUpdate(c *call, name id.Customer) (any, error) {
	var in struct {
		Customer customerWrite `json:"customer"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return s.update(c.Context(), c.live, name, in.Customer)
}

func (s *Server) ownCheckout(kind string) page {
	return func(c *call, name id.Customer) (any, error) {
		var in checkoutWrite
		if err := c.decode(&in); err != nil {
			return nil, err
		}
		in.Type = kind
		return s.openCheckout(c, name, in)
	}
}

// own lets do run on a subscription of the customer's own, which the body names by its id.
func (s *Server) own(do func(c *call, subscriptionID string) (any, error)) page {
	return func(c *call, name id.Customer) (any, error) {
		var in struct {
			ID string `json:"id"`
		}
		if err := c.decode(&in); err != nil {
			return nil, err
		}
		if _, err := s.ownID(c, name, in.ID); err != nil {
			return nil, err
		}
		return do(c, in.ID)
	}
}

// ownID returns the subscription asked for when it is the customer's own, or the current one when none is asked for.
func (s *Server) ownID(c *call, name id.Customer, asked string) (string, error) {
	if asked == "" {
		st, err := s.engine.Standing(c.Context(), name)
		if err != nil {
			return "", err
		}
		return st.Current().ID, nil
	}
	_, owner, err := s.engine.Subscription(c.Context(), asked)
	if fault.Has(err, fault.NotFound) || err == nil && owner.ExternalID != name {
		return "", refuse(http.StatusForbidden, forbidden, "Subscription is not owned by the current user")
	}
	return asked, err
}

func (s *Server) ownAdjust(c *call, name id.Customer) (any, error) {
	var in struct {
		itemWrite
		SubscriptionID    string      `json:"subscriptionId"`
		SubscriptionItems []itemWrite `json:"subscriptionItems"`
		Timing            Timing      `json:"timing"`
		Prorate           *bool       `json:"prorate"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	sub, err := s.ownID(c, name, in.SubscriptionID)
	if err != nil {
		return nil, err
	}
	if in.Timing == "" {
		in.Timing = Auto
	}
	items := in.SubscriptionItems
	if len(items) == 0 {
		items = []itemWrite{in.itemWrite}
	}
	return s.adjust(c, sub, adjustmentWrite{in.Timing, items, in.Prorate})
}

func (s *Server) notByPages(*call, id.Customer) (any, error) {
	return nil, refuse(http.StatusNotImplemented, "Not Implemented", "A page subscribes by a checkout, not by creating a subscription.")
}

// ownUsage records usage that a page sends, when the host allows that: whoever holds a page decides what it sends.
func (s *Server) ownUsage(c *call, name id.Customer) (any, error) {
	if !s.opts.PagesRecord {
		return nil, refuse(http.StatusForbidden, forbidden, "A page may not record usage: whoever holds it could send any amount, or none. Record it on your server with your secret key.")
	}
	var in usageWrite
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	sub, err := s.ownID(c, name, in.SubscriptionID)
	if err != nil {
		return nil, err
	}
	in.SubscriptionID = sub
	if in.Amount == nil {
		one := quantity.One
		in.Amount = &one
	}
	if in.TransactionID == "" {
		in.TransactionID = "page_" + strings.ToLower(rand.Text())
	}
	return s.recordOne(c, in)
}

func (s *Server) ownBalances(c *call, name id.Customer) (any, error) {
	var in struct {
		SubscriptionID string `json:"subscriptionId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return s.balancesOf(c, name, in.SubscriptionID)
}

// A seatQuery is what pages ask about resources.
type seatQuery struct {
	SubscriptionID string  `json:"subscriptionId"`
	ResourceSlug   id.Slug `json:"resourceSlug"`
	ResourceID     string  `json:"resourceId"`
}

// seatQuery reads a query of the customer's own subscription.
func (s *Server) seatQuery(c *call, name id.Customer) (seatQuery, error) {
	var in seatQuery
	if err := c.decode(&in); err != nil {
		return in, err
	}
	if in.ResourceSlug == "" {
		slug, _ := strings.CutPrefix(in.ResourceID, resourceID(""))
		in.ResourceSlug = id.Slug(slug)
	}
	var err error
	in.SubscriptionID, err = s.ownID(c, name, in.SubscriptionID)
	return in, err
}

func (s *Server) ownSeats(c *call, name id.Customer) (any, error) {
	in, err := s.seatQuery(c, name)
	if err != nil {
		return nil, err
	}
	all, err := s.allSeats(c, in.SubscriptionID, func(id.Slug) bool { return true })
	out := struct {
		Resources []seatUse `json:"resources"`
	}{[]seatUse{}}
	for _, one := range all {
		out.Resources = append(out.Resources, one.Usage)
	}
	return out, err
}

func (s *Server) ownSeat(c *call, name id.Customer) (any, error) {
	in, err := s.seatQuery(c, name)
	if err != nil {
		return nil, err
	}
	st, err := s.seatsOf(c, in.SubscriptionID, in.ResourceSlug)
	if err != nil {
		return nil, err
	}
	return st.answer()
}

func (s *Server) ownClaims(c *call, name id.Customer) (any, error) {
	in, err := s.seatQuery(c, name)
	if err != nil {
		return nil, err
	}
	return s.claimsOf(c, in.SubscriptionID, in.ResourceSlug)
}

// ownSubscription lets do run on the customer's own subscription, which the body may name.
func (s *Server) ownSubscription(do func(c *call, subscriptionID string) (any, error)) page {
	return func(c *call, name id.Customer) (any, error) {
		in, err := s.seatQuery(c, name)
		if err != nil {
			return nil, err
		}
		return do(c, in.SubscriptionID)
	}
}

func (s *Server) ownPricing(c *call, name id.Customer) (any, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	source := "customer"
	if name == "" {
		source = "default"
	}
	return struct {
		PricingModel json.RawMessage `json:"pricingModel"`
		Source       string          `json:"source"`
	}{sh.json, source}, nil
}
