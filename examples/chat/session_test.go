package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/quantity"
)

// cookieOf returns the cookie that an answer sets.
func cookieOf(t *testing.T, w *http.Response) *http.Cookie {
	t.Helper()
	for _, c := range w.Cookies() {
		if c.Name == cookieName {
			return c
		}
	}
	t.Fatalf("%s sets no cookie", w.Request.URL)
	return nil
}

func TestSigningUpKeepsTheGuest(t *testing.T) {
	t.Parallel()
	p := begin(t, options{}).person()
	var asked int64
	for range 5 {
		_, tokens := p.ask("As a guest")
		asked += tokens
	}
	before, guest := p.id(), p.signed()
	for _, name := range []string{"", "  ", strings.Repeat("a", nameBytesMax+1)} {
		if page := p.post("/sign-up", url.Values{"name": {name}}, http.StatusUnprocessableEntity).text; !strings.Contains(page, "A name has 1 to 80 letters.") {
			t.Errorf("%q: %s", name, page)
		}
	}
	p.post("/sign-up", url.Values{"name": {strings.Repeat("a", nameBytesMax)}}, http.StatusSeeOther)
	if p.id() != before {
		t.Errorf("%s became %s", before, p.id())
	}
	if page := p.get("/", http.StatusOK).text; !strings.Contains(page, "As a guest") {
		t.Errorf("what was said is gone:\n%s", page)
	}
	// What a guest has used takes nothing from the day, and stays in the ledger.
	p.has(requests, 0, quantity.Whole(20))
	p.has(credits, 0, quantity.Whole(30))
	entries, err := p.engine.Entries(t.Context(), p.id(), requests, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var captured int
	for _, e := range entries.Data {
		if e.Kind == credit.KindCapture {
			captured++
		}
	}
	if captured != 5 {
		t.Errorf("the ledger has %d answers of the guest, want 5", captured)
	}
	// The guest's cookie may be known to others: it is nobody's any more.
	if _, err := p.identify(guest); err == nil {
		t.Error("the cookie from before the sign-up opens the account")
	}
	if to := p.get("/sign-up", http.StatusSeeOther).Header.Get("Location"); to != "/" {
		t.Errorf("the sign-up leads a user to %s", to)
	}
	if to := p.post("/sign-up", url.Values{"name": {"Other"}}, http.StatusSeeOther).Header.Get("Location"); to != "/" {
		t.Errorf("signing up again leads to %s", to)
	}
}

func TestUsersAskTwentyTimesADay(t *testing.T) {
	t.Parallel()
	p := begin(t, options{}).user("Ada")
	for range 20 {
		p.ask("What is a toll?")
	}
	why := p.refused("And now?")
	now := p.engine.Now()
	if why.Balance != requestsMeter || why.UpgradeURL != "/pricing" || why.ResetsAt == nil || !why.ResetsAt.Equal(now.Truncate(24*time.Hour).Add(24*time.Hour)) {
		t.Errorf("at %s the refusal is %+v", now, why)
	}
	page := p.post("/chat", url.Values{"prompt": {"And now?"}}, http.StatusPaymentRequired).text
	if !strings.Contains(page, `href="/pricing">Get more</a>`) {
		t.Errorf("the page shows no way on:\n%s", page)
	}
	p.has(requests, quantity.Whole(20), 0)
	if err := p.stripe.AdvanceBy(t.Context(), 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	p.ask("And today?")
	p.has(requests, quantity.One, quantity.Whole(19))
}

func TestNobodySeesAnother(t *testing.T) {
	t.Parallel()
	c := begin(t, options{})
	ada, eve := c.user("Ada"), c.person()
	const secret = "The secret of Ada"
	ada.ask(secret)
	eve.ask("Mine")
	for _, path := range []string{"/", "/pricing", "/sign-up", "/api/billing", "/api/subscriptions", "/api/payments", "/api/usage?meter=ai_requests&period=today"} {
		for _, who := range []*person{ada, eve} {
			text := who.get(path, 0).text
			if who == eve && (strings.Contains(text, secret) || strings.Contains(text, "Ada") || strings.Contains(text, string(ada.id()))) {
				t.Errorf("%s shows Ada to another:\n%s", path, text)
			}
			if who == ada && path == "/" && !strings.Contains(text, secret) {
				t.Errorf("Ada does not see what she said:\n%s", text)
			}
		}
	}
	eve.has(requests, quantity.One, quantity.Whole(4))
	theirs, err := c.engine.Customer(t.Context(), ada.id())
	if err != nil {
		t.Fatal(err)
	}
	eve.send(eve.request(http.MethodDelete, "/api/subscriptions/"+theirs.Subscription, nil), http.StatusNotFound)
	for _, path := range []string{"/checkout", "/cancel", "/resume", "/portal"} {
		if to := eve.post(path, url.Values{"price": {"pro_monthly"}}, http.StatusSeeOther).Header.Get("Location"); to != "/sign-up" {
			t.Errorf("%s leads a guest to %s", path, to)
		}
	}
}

func TestForgedCookiesAreNobody(t *testing.T) {
	t.Parallel()
	c := begin(t, options{})
	ada := c.user("Ada")
	claims := session{jwt.RegisteredClaims{Subject: string(ada.id()), ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))}, true}
	sign := func(method jwt.SigningMethod, key any, claims session) string {
		t.Helper()
		signed, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	over, endless, erased := claims, claims, claims
	over.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Minute))
	endless.ExpiresAt = nil
	erased.Subject = "visitor_gone"
	good := sign(jwt.SigningMethodHS256, c.key, claims)
	for what, cookie := range map[string]string{
		"another key": sign(jwt.SigningMethodHS256, []byte("another"), claims), "no signature": sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims),
		"another algorithm": sign(jwt.SigningMethodHS512, c.key, claims), "one that is over": sign(jwt.SigningMethodHS256, c.key, over),
		"one without an end": sign(jwt.SigningMethodHS256, c.key, endless), "a user who is gone": sign(jwt.SigningMethodHS256, c.key, erased),
		"a changed one": strings.Replace(good, ".", ".e", 1), "nonsense": "x", "nothing": "",
	} {
		r := ada.request(http.MethodPost, "/chat", url.Values{"prompt": {"Hello"}}, "Accept", linesType, "Cookie", cookieName+"="+cookie)
		stranger := &person{c, &http.Client{}}
		if w := stranger.send(r, http.StatusUnauthorized); !strings.Contains(w.text, `"error":"unauthorized"`) {
			t.Errorf("%s: %s", what, w.text)
		}
		stranger.send(ada.request(http.MethodGet, "/api/events", nil, "Cookie", cookieName+"="+cookie), http.StatusUnauthorized)
		w := stranger.send(ada.request(http.MethodGet, "/", nil, "Cookie", cookieName+"="+cookie), http.StatusOK)
		if strings.Contains(w.text, "Ada") || cookieOf(t, w.Response).Value == cookie {
			t.Errorf("%s: the page is Ada's:\n%s", what, w.text)
		}
	}
	ada.has(requests, 0, quantity.Whole(20))
	w := (&person{c, &http.Client{}}).send(ada.request(http.MethodGet, "/", nil, "Cookie", cookieName+"="+good), http.StatusOK)
	if !strings.Contains(w.text, "Ada") {
		t.Error("a good cookie made by hand does not work, so the others say nothing")
	}
}

func TestOtherSitesCannotAct(t *testing.T) {
	t.Parallel()
	c := begin(t, options{})
	ada := c.user("Ada")
	form := url.Values{"prompt": {"Hello"}, "name": {"Eve"}, "price": {"pro_monthly"}}
	for _, path := range []string{"/chat", "/sign-up", "/checkout", "/cancel", "/resume", "/portal", "/api/portal"} {
		for _, from := range [][]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
			ada.send(ada.request(http.MethodPost, path, form, from...), http.StatusForbidden)
		}
	}
	ada.has(requests, 0, quantity.Whole(20))
	ada.send(ada.request(http.MethodPost, "/chat", form, "Origin", c.url, "Sec-Fetch-Site", "same-origin"), http.StatusSeeOther)

	w := (&person{c, &http.Client{}}).get("/", http.StatusOK)
	if cookie := cookieOf(t, w.Response); !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure {
		t.Errorf("the cookie is %s", cookie)
	}
	if policy := w.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("the policy is %s", policy)
	}
	ada.post("/webhooks/stripe", url.Values{"type": {"invoice.paid"}}, http.StatusBadRequest) // not signed
}

func TestCookiesStayOnHTTPS(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := (&site{url: "https://chat.example.com", key: []byte("key")}).remember(w, "ada", true); err != nil {
		t.Fatal(err)
	}
	if c := w.Result().Cookies()[0]; !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %s", c)
	}
}

func TestAGuestIsKeptFromTheSecondRequestOn(t *testing.T) {
	t.Parallel()
	c := begin(t, options{})
	count := func() int {
		t.Helper()
		n, err := c.engine.CountCustomers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	crawler := &person{c, &http.Client{}}
	for range 3 {
		if page := crawler.get("/", http.StatusOK).text; !strings.Contains(page, "<span data-left>5</span>") {
			t.Errorf("what guests get is not shown:\n%s", page)
		}
	}
	p := c.person()
	if n := count(); n != 0 {
		t.Errorf("%d customers after first requests", n)
	}
	p.get("/", http.StatusOK)
	if n := count(); n != 1 {
		t.Errorf("%d customers after a second request", n)
	}
}
