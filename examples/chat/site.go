package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/middleware"
	"github.com/tollgate/tollgate/quantity"
)

const bodyBytesMax = 1 << 20 // of a request; Stripe's webhooks are the largest

//go:embed page
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"date": date, "money": amount}).ParseFS(files, "page/*.html"))

// A site is the pages of the chat and what they call.
type site struct {
	engine  *tollgate.Engine
	sell    *app.Payments
	url     string // how browsers reach it
	key     []byte // signs cookies
	model   model
	talks   *talks
	log     *slog.Logger
	closing chan struct{} // closed when live streams must end
}

// handler lists every route.
func (s *site) handler() http.Handler {
	meter := func(slug id.Slug, most int64) func(http.Handler) http.Handler {
		return middleware.New(s.engine, slug, middleware.Cost(quantity.Whole(most)), s.identify, middleware.Options{Refuse: s.refuse, Logger: s.log})
	}
	mux := http.NewServeMux()
	mux.Handle("POST /chat", s.asks(meter(requestsMeter, 1)(meter(tokensMeter, tokensMax)(http.HandlerFunc(s.answer)))))

	mux.Handle("GET /{$}", s.page(s.chat))
	mux.Handle("GET /sign-up", s.page(s.signUpPage))
	mux.Handle("POST /sign-up", s.page(s.signUp))
	mux.Handle("GET /pricing", s.page(s.pricing))
	mux.Handle("POST /checkout", s.page(signedUp(s.checkout)))
	mux.Handle("GET /paid", s.page(s.paid))
	mux.Handle("GET /account", s.page(signedUp(s.account)))
	mux.Handle("POST /cancel", s.page(signedUp(s.cancel)))
	mux.Handle("POST /resume", s.page(signedUp(s.resume)))
	mux.Handle("POST /portal", s.page(signedUp(s.portal)))

	mux.Handle("/api/", app.Handler(s.engine, s.identify, app.Options{Payments: s.sell, Closing: s.closing, Logger: s.log}))
	mux.Handle("POST /webhooks/stripe", api.New(s.engine, api.Options{}))
	static, _ := fs.Sub(files, "page") // the folder is embedded
	mux.Handle("GET /style.css", http.FileServerFS(static))
	mux.Handle("GET /chat.js", http.FileServerFS(static))
	return guarded(http.MaxBytesHandler(mux, bodyBytesMax))
}

// guarded refuses forms that other sites send with their visitors' cookies, and lets pages load nothing from elsewhere.
func guarded(next http.Handler) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	}))
}

// A visit is a request for a page, by somebody.
type visit struct {
	w     http.ResponseWriter
	r     *http.Request
	who   tollgate.Customer // not kept before the second request of a guest
	guest bool
}

// page serves a page. Whoever comes without a cookie gets one.
func (s *site) page(show func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w: w, r: r}
		var err error
		v.who, err = s.customer(r)
		if fault.Has(err, fault.Unauthorized) {
			guests, _ := s.engine.Catalog().GuestPlan()
			v.who = tollgate.Customer{ExternalID: newVisitor(), Plan: guests.Slug}
			err = s.remember(w, v.who.ExternalID, false)
		}
		v.guest = s.isGuest(v.who)
		if err == nil {
			err = show(v)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	}
}

// signedUp sends guests to the sign-up first.
func signedUp(show func(*visit) error) func(*visit) error {
	return func(v *visit) error {
		if v.guest {
			return v.to("/sign-up")
		}
		return show(v)
	}
}

// to leads to another page.
func (v *visit) to(address string) error {
	http.Redirect(v.w, v.r, address, http.StatusSeeOther)
	return nil
}

// show writes a page: of is what it shows besides what all pages do.
func (s *site) show(v *visit, status int, name, title string, of any) error {
	balances, err := s.balances(v.r.Context(), v.who)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	err = pages.ExecuteTemplate(&b, name, struct {
		Title    string
		Who      tollgate.Customer
		Guest    bool
		Plan     string
		Balances []balance
		Of       any
	}{title, v.who, v.guest, s.engine.Catalog().Plans[v.who.Plan].Name, balances, of})
	if err != nil {
		return err
	}
	return send(v.w, status, &b)
}

func send(w http.ResponseWriter, status int, page *bytes.Buffer) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // a reader who has left is not told
	return nil
}

// fail says what is wrong; what is nobody's business but ours goes to the log.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	if f == nil {
		f = fault.New(fault.Internal, "Something went wrong here. Try again in a moment.")
	}
	if f.Status() >= http.StatusInternalServerError && !errors.Is(err, r.Context().Err()) {
		s.log.Error("a page failed", "path", r.URL.Path, "error", err)
	}
	if streams(r) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(f.Status())
		_ = json.NewEncoder(w).Encode(f)
		return
	}
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "wrong", f); err != nil {
		s.log.Error("a page failed", "path", r.URL.Path, "error", err)
	}
	_ = send(w, f.Status(), &b)
}
