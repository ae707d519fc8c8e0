package sandbox_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"
)

// submit sends a page's form as a browser does, without following where it leads to.
func submit(t *testing.T, page string, form url.Values) (status int, location, body string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w, err := client.PostForm(page, form)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	read, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, w.Header.Get("Location"), string(read)
}

// pay fills the checkout page in and returns where it leads to.
func (l *life) pay(page, number string) string {
	l.Helper()
	status, location, body := submit(l.T, page, url.Values{
		"action": {"pay"}, "email": {"jo@example.com"}, "number": {number}, "expiry": {"12 / 34"}, "cvc": {"123"}, "name": {"Jo Doe"},
	})
	if status != http.StatusSeeOther {
		l.Fatalf("the checkout page answers %d, want 303:\n%s", status, body)
	}
	return location
}

// cancelInPortal presses the cancel button of a subscription.
func (l *life) cancelInPortal(page, sub string) {
	l.Helper()
	if status, _, body := submit(l.T, page, url.Values{"action": {"cancel"}, "subscription": {sub}}); status != http.StatusSeeOther {
		l.Fatalf("the portal answers %d, want 303:\n%s", status, body)
	}
}
