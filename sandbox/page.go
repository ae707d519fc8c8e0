package sandbox

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed page
var pageFiles embed.FS

// templates are the pages. Each is complete without JavaScript.
var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"money": display,
	"date":  when,
	"time":  func(at int64) string { return time.Unix(at, 0).UTC().Format("2006-01-02 15:04:05") },
}).ParseFS(pageFiles, "page/*.html"))

// pages lays out what a person sees.
func (s *Server) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /c/pay/{id}", s.page(showCheckout))
	mux.HandleFunc("POST /c/pay/{id}", s.page(submitCheckout))
	mux.HandleFunc("GET /p/session/{id}", s.page(showPortal))
	mux.HandleFunc("POST /p/session/{id}", s.page(submitPortal))
	mux.HandleFunc("GET /_sandbox/authenticate/{id}", s.page(showAuthentication))
	mux.HandleFunc("POST /_sandbox/authenticate/{id}", s.page(submitAuthentication))
	mux.HandleFunc("GET /_sandbox/invoices/{id}", s.page(showInvoice))
	mux.HandleFunc("POST /_sandbox/invoices/{id}", s.page(submitInvoice))
	mux.HandleFunc("GET /_sandbox/invoices/{id}/pdf", s.page(showInvoice))
	mux.HandleFunc("GET /_sandbox/receipts/{id}", s.page(showReceipt))
	mux.HandleFunc("GET /_sandbox/style.css", serveStyle)
	s.controls(mux)
}

// A visitor is a person's request: the form is what was typed.
type visitor struct {
	request *http.Request
	form    url.Values
}

// A view is a page, or where to go instead.
type view struct {
	template string
	data     any
	status   int
	location string
}

// page serves a page in a transaction of its own.
func (s *Server) page(show func(tx *tx, v visitor) (*view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, bodyMax)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "The form could not be read.", http.StatusBadRequest)
			return
		}
		if !sameOrigin(r) {
			http.Error(w, "This form was sent from another site.", http.StatusForbidden)
			return
		}
		req := request{base: s.base(r)}
		s.mu.Lock()
		s.catchUp()
		tx := s.begin()
		tx.request = req
		shown, err := show(tx, visitor{r, r.PostForm})
		var body bytes.Buffer
		if err == nil && shown.location == "" {
			err = templates.ExecuteTemplate(&body, shown.template, shown.data)
		}
		if err != nil {
			tx.undo()
		} else {
			err = tx.commit()
		}
		s.mu.Unlock()
		for _, f := range tx.later {
			f()
		}
		s.sendPage(w, r, shown, body.Bytes(), err)
	}
}

func (s *Server) sendPage(w http.ResponseWriter, r *http.Request, shown *view, body []byte, err error) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action *; base-uri 'none'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	var f *fault
	switch {
	case errors.As(err, &f):
		w.WriteHeader(f.Status)
		_ = templates.ExecuteTemplate(w, "message.html", map[string]any{"Title": "This page is not there", "Text": f.Message})
	case err != nil:
		s.log.Error("sandbox: a page", "path", r.URL.Path, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		_ = templates.ExecuteTemplate(w, "message.html", map[string]any{"Title": "The sandbox failed", "Text": "Its log says how."})
	case shown.location != "":
		http.Redirect(w, r, shown.location, http.StatusSeeOther)
	default:
		if shown.status != 0 {
			w.WriteHeader(shown.status)
		}
		_, _ = w.Write(body)
	}
}

// sameOrigin refuses forms that another site's page sends with a person's browser.
func sameOrigin(r *http.Request) bool {
	if r.Method == http.MethodGet {
		return true
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if site != "" {
		return site == "same-origin" || site == "none"
	}
	origin := r.Header.Get("Origin")
	if origin == "" || origin == "null" {
		return origin == ""
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	body, _ := pageFiles.ReadFile("page/style.css")
	_, _ = w.Write(body)
}

func message(title, text string, status int) *view {
	return &view{template: "message.html", data: map[string]any{"Title": title, "Text": text}, status: status}
}

func showCheckout(tx *tx, v visitor) (*view, error) {
	c, err := needPath[*checkoutSession](tx, v.request.PathValue("id"), "session")
	if err != nil {
		return nil, err
	}
	switch c.Status {
	case "complete":
		return message("You have paid", "This checkout is complete. You can close this page.", http.StatusOK), nil
	case "expired":
		return message("This checkout has expired", "Go back to the shop and start again.", http.StatusGone), nil
	}
	return tx.checkoutView(c, nil), nil
}

// checkoutView shows the page of an open session, with what was typed before.
func (tx *tx) checkoutView(c *checkoutSession, typed url.Values) *view {
	owner, _ := find[*customer](tx, string(c.Customer))
	email := c.CustomerEmail
	if owner != nil {
		email = owner.Email
	}
	page := struct {
		Session   *checkoutSession
		Items     []checkoutItem
		Email     text
		FixEmail  bool
		Typed     url.Values
		Failure   string
		Waits     bool
		CardFree  bool
		Pay       string
		Title     string
		After     string
		Discount  int64
		Tax       int64
		Total     int64
		Currency  string
		Subtotal  int64
		CancelURL text
	}{Session: c, Email: email, FixEmail: email != "", Typed: typed, Failure: c.Own.Failure, Waits: tx.waits(c), Currency: string(c.Currency), CancelURL: c.CancelURL}
	page.CardFree = tx.free(c) && c.PaymentMethodCollection == "if_required" && c.Mode != "setup"
	if c.Mode != "setup" {
		page.Items, page.After = tx.checkoutItems(c)
		page.Total, page.Subtotal, page.Discount, page.Tax = *c.AmountTotal, *c.AmountSubtotal, c.TotalDetails.AmountDiscount, c.TotalDetails.AmountTax
	}
	switch {
	case c.Mode == "setup":
		page.Title, page.Pay = "Save a card", "Save card"
	case c.Mode == "payment" && tx.free(c):
		page.Title, page.Pay = "Complete the order", "Complete order"
	case c.Mode == "payment":
		page.Title, page.Pay = "Pay", "Pay "+display(page.Total, page.Currency)
	case tx.free(c):
		page.Title, page.Pay = "Start your trial", "Start trial"
		if page.After == "" {
			page.Title, page.Pay = "Subscribe", "Subscribe"
		}
	default:
		page.Title, page.Pay = "Subscribe", "Subscribe and pay "+display(page.Total, page.Currency)
	}
	if page.Waits {
		return &view{template: "authenticate.html", data: map[string]any{"Action": "/c/pay/" + c.ID, "Amount": display(page.Total, page.Currency), "Setup": tx.free(c)}}
	}
	return &view{template: "checkout.html", data: page}
}

type checkoutItem struct {
	Name, Detail, Amount string
}

// checkoutItems lists what is sold, and says what is due after a trial.
func (tx *tx) checkoutItems(c *checkoutSession) (items []checkoutItem, after string) {
	var later int64
	recurs := ""
	trial := c.Own.Subscription != nil && (c.Own.Subscription.TrialDays != 0 || c.Own.Subscription.TrialEnd != 0)
	for _, item := range c.Own.Items {
		p, _ := find[*price](tx, item.Price)
		shown := checkoutItem{Name: tx.nameOf(p)}
		every := ""
		if p.Recurring != nil {
			every = p.Recurring.Interval
			if p.Recurring.IntervalCount > 1 {
				every = urlf("%d %ss", p.Recurring.IntervalCount, every)
			}
			recurs = every
		}
		switch {
		case item.Quantity == nil:
			shown.Detail, shown.Amount = "Billed each "+every+" by use", "By use"
		default:
			amount := round(p.amount(whole(*item.Quantity)))
			if p.Recurring != nil {
				later += amount
			}
			shown.Amount = display(amount, p.Currency)
			if *item.Quantity != 1 {
				shown.Detail = urlf("Quantity %d", *item.Quantity)
			}
			if every != "" {
				shown.Detail = strings.TrimPrefix(shown.Detail+", billed each "+every, ", ")
			}
		}
		items = append(items, shown)
	}
	if trial {
		days := c.Own.Subscription.TrialDays
		if days == 0 {
			days = (c.Own.Subscription.TrialEnd - c.Created + int64(day/time.Second) - 1) / int64(day/time.Second)
		}
		after = urlf("%d days free, then %s each %s", days, display(later, string(c.Currency)), recurs)
	}
	return items, after
}

// submitCheckout does what the button says.
func submitCheckout(tx *tx, v visitor) (*view, error) {
	c, err := needPath[*checkoutSession](tx, v.request.PathValue("id"), "session")
	if err != nil {
		return nil, err
	}
	if c.Status != "open" {
		return showCheckout(tx, v)
	}
	typed := cardTyped{number: v.form.Get("number"), expiry: v.form.Get("expiry"), cvc: v.form.Get("cvc"), name: v.form.Get("name"), email: v.form.Get("email")}
	switch v.form.Get("action") {
	case "approve", "deny":
		if tx.waits(c) {
			err = tx.authenticated(c, v.form.Get("action") == "approve")
		}
	case "code":
		err = tx.useCode(c, v.form.Get("code"))
	default:
		err = tx.submit(c, typed)
	}
	if err != nil {
		return nil, err
	}
	if c.Status == "complete" {
		return &view{location: strings.ReplaceAll(string(c.SuccessURL), "{CHECKOUT_SESSION_ID}", c.ID)}, nil
	}
	v.form.Del("number")
	v.form.Del("cvc")
	return tx.checkoutView(c, v.form), nil
}

// showAuthentication is where a payment that was confirmed through the API sends its payer.
func showAuthentication(tx *tx, v visitor) (*view, error) {
	p, err := needPath[*paymentIntent](tx, v.request.PathValue("id"), "intent")
	if err != nil {
		return nil, err
	}
	if p.Status != "requires_action" {
		return message("Nothing to do", "This payment does not wait for 3D Secure.", http.StatusOK), nil
	}
	return &view{template: "authenticate.html", data: map[string]any{"Action": "/_sandbox/authenticate/" + p.ID, "Amount": display(p.Amount, p.Currency), "Setup": false}}, nil
}

func submitAuthentication(tx *tx, v visitor) (*view, error) {
	p, err := needPath[*paymentIntent](tx, v.request.PathValue("id"), "intent")
	if err != nil {
		return nil, err
	}
	if p.Status == "requires_action" {
		returns := ""
		if p.NextAction != nil {
			returns = string(p.NextAction.RedirectToURL.ReturnURL)
		}
		if v.form.Get("action") == "approve" {
			m, _ := find[*paymentMethod](tx, string(p.PaymentMethod))
			f := tx.pay(p, m, session{approved: true})
			err = tx.settled(p, f == nil)
		} else {
			tx.unverified(p)
			err = tx.settled(p, false)
		}
		if err != nil {
			return nil, err
		}
		if returns != "" {
			return &view{location: withQuery(returns, url.Values{"payment_intent": {p.ID}, "redirect_status": {p.Status}})}, nil
		}
	}
	if p.Status == "succeeded" {
		return message("Approved", "The payment succeeded. You can close this page.", http.StatusOK), nil
	}
	return message("Not approved", "The payment was not made.", http.StatusOK), nil
}

func withQuery(address string, more url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	for name, values := range more {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func showInvoice(tx *tx, v visitor) (*view, error) {
	i, err := needPath[*invoice](tx, v.request.PathValue("id"), "invoice")
	if err != nil {
		return nil, err
	}
	return &view{template: "invoice.html", data: map[string]any{"Invoice": i, "Failure": ""}}, nil
}

// submitInvoice pays an open invoice with a card that is typed in, and keeps it for the next ones.
func submitInvoice(tx *tx, v visitor) (*view, error) {
	i, err := needPath[*invoice](tx, v.request.PathValue("id"), "invoice")
	if err != nil {
		return nil, err
	}
	failure := ""
	if i.Status == "open" {
		m, message := cardTyped{number: v.form.Get("number"), expiry: v.form.Get("expiry"), cvc: v.form.Get("cvc"), name: v.form.Get("name")}.method(tx)
		if m == nil {
			failure = message
		} else if failure, err = tx.payWith(i, m); err != nil {
			return nil, err
		}
	}
	return &view{template: "invoice.html", data: map[string]any{"Invoice": i, "Failure": failure}}, nil
}

// payWith pays an invoice with a new card while the payer is there. The message is why it did not work.
func (tx *tx) payWith(i *invoice, m *paymentMethod) (message string, err error) {
	p, _ := tx.paymentOf(i)
	f := tx.pay(p, m, session{})
	if f == nil && p.Status == "succeeded" {
		owner, _ := find[*customer](tx, i.Customer)
		tx.join(m, owner)
		if s := tx.subscriptionOf(i); s != nil {
			tx.edit(s)
			s.DefaultPaymentMethod = text(m.ID)
		}
	}
	if err := tx.settled(p, f == nil); err != nil {
		return "", err
	}
	switch {
	case f != nil:
		return f.Message, nil
	case p.Status == "requires_action":
		return "This card asks for 3D Secure: open " + string(p.NextAction.RedirectToURL.URL) + " to approve the payment.", nil
	}
	return "", nil
}

func showReceipt(tx *tx, v visitor) (*view, error) {
	c, err := needPath[*charge](tx, v.request.PathValue("id"), "charge")
	if err != nil {
		return nil, err
	}
	return &view{template: "receipt.html", data: c}, nil
}
