package main

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

const (
	cookieName = "chat"
	cookieAge  = 365 * 24 * time.Hour
)

// A session is what a cookie says, signed: who its browser is. SignedUp tells a user's cookie from the one that the same
// browser had as a guest, so that whoever knows the older one has not got the account.
type session struct {
	jwt.RegisteredClaims
	SignedUp bool `json:"in,omitempty"`
}

// newVisitor names somebody who was never here.
func newVisitor() id.Customer { return id.Customer("visitor_" + rand.Text()) }

// remember gives a browser its cookie. Strict would keep it back when Stripe's page leads here, so it is Lax.
func (s *site) remember(w http.ResponseWriter, who id.Customer, signedUp bool) error {
	now := time.Now()
	claims := session{jwt.RegisteredClaims{Subject: string(who), ExpiresAt: jwt.NewNumericDate(now.Add(cookieAge))}, signedUp}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(s.key)
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: signed, Path: "/", MaxAge: int(cookieAge / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.url, "https:")})
	return nil
}

// session reads the cookie of a request. The error says why it is none of ours.
func (s *site) session(r *http.Request) (session, error) {
	var claims session
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return claims, err
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithStrictDecoding())
	_, err = parser.ParseWithClaims(cookie.Value, &claims, func(*jwt.Token) (any, error) { return s.key, nil })
	return claims, err
}

// customer returns who sent a request. A guest becomes a customer with the second request, the first that brings the
// cookie back, so that crawlers become none. Fault: unauthorized. A login of yours would stand here.
func (s *site) customer(r *http.Request) (tollgate.Customer, error) {
	unknown := fault.New(fault.Unauthorized, "Open the chat in a browser that keeps its cookie.")
	claims, err := s.session(r)
	if err != nil {
		return tollgate.Customer{}, unknown.Because(err)
	}
	c, err := s.engine.Customer(r.Context(), id.Customer(claims.Subject))
	if fault.Has(err, fault.NotFound) && !claims.SignedUp {
		guest := true
		c, _, err = s.engine.PutCustomer(r.Context(), id.Customer(claims.Subject), tollgate.CustomerChange{Guest: &guest})
	}
	switch {
	case fault.Has(err, fault.NotFound): // erased
		return c, unknown.Because(err)
	case err == nil && !claims.SignedUp && !s.isGuest(c):
		return c, unknown.Because(errors.New("the cookie is from before the sign-up"))
	}
	return c, err
}

// identify is customer as Tollgate's handlers ask for it.
func (s *site) identify(r *http.Request) (string, error) {
	c, err := s.customer(r)
	return string(c.ExternalID), err
}

func (s *site) isGuest(c tollgate.Customer) bool { return s.engine.Catalog().Plans[c.Plan].Guest }
