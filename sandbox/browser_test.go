package sandbox_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tollgate/tollgate/internal/testbrowser"
	"github.com/tollgate/tollgate/sandbox"
)

// A visitor is a person at a browser.
type visitor struct {
	*shop
	*testbrowser.Page
}

func openBrowser(s *shop) *visitor { return &visitor{s, testbrowser.Open(s, 1100, 900)} }

// typeCard types a card into the form of the checkout page.
func (v *visitor) typeCard(number string) {
	v.Helper()
	v.Fill(map[string]string{"email": "jo@example.com", "number": number, "expiry": "12 / 34", "cvc": "123", "name": "Jo Doe"})
}

func TestAPersonPaysInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what runs outside Go")
	}
	t.Parallel()
	const pay, approve, deny, cancel = "button[value=pay]", "button[value=approve]", "button[value=deny]", "[data-action=cancel]"
	s := openShop(t, sandbox.Options{})
	v := openBrowser(s)
	open := func() object {
		session := s.post("/v1/checkout/sessions", "mode=subscription&line_items[0][price]=%s&line_items[0][quantity]=1"+
			"&success_url=%s/ok?session={CHECKOUT_SESSION_ID}&cancel_url=%[2]s/no", s.price(2000).id(), s.url)
		v.Act("open the page", chromedp.Navigate(session.text("url")))
		return session
	}
	state := func(session object) string {
		session = s.get("/v1/checkout/sessions/"+session.id(), "")
		return session.text("status") + " " + session.text("payment_status")
	}
	want := func(what string, session object, address, status, says string) {
		t.Helper()
		if got := v.Location(); !strings.HasPrefix(got, address) {
			t.Errorf("%s: the browser is at %s, want %s", what, got, address)
		}
		if got := state(session); got != status {
			t.Errorf("%s: the session is %s, want %s", what, got, status)
		}
		if text := v.Text(); !strings.Contains(text, says) {
			t.Errorf("%s: the page does not say %q:\n%s", what, says, text)
		}
	}

	session := open()
	v.Photograph("checkout")
	want("the page", session, session.text("url"), "open unpaid", "$20.00")
	v.typeCard("4242424242424242")
	v.Photograph("checkout-filled")
	v.Press(pay)
	want("4242", session, s.url+"/ok?session="+session.id(), "complete paid", "")

	session = open()
	v.typeCard("4000000000000002")
	v.Press(pay)
	v.Photograph("declined")
	want("0002", session, session.text("url"), "open unpaid", "Your card was declined.")
	v.typeCard("4242424242424242")
	v.Press(pay)
	want("a second card", session, s.url+"/ok", "complete paid", "")

	session = open()
	v.typeCard("4000002760003184")
	v.Press(pay)
	v.Photograph("3ds")
	want("3-D Secure", session, s.url, "open unpaid", "3D Secure")
	v.Press(deny)
	v.Photograph("3ds-denied")
	want("3-D Secure failed", session, s.url, "open unpaid", "unable to authenticate your payment method")
	v.typeCard("4000002760003184")
	v.Press(pay)
	v.Press(approve)
	want("3-D Secure passed", session, s.url+"/ok", "complete paid", "")

	session = open()
	v.Press(cancel)
	want("leaving", session, s.url+"/no", "open unpaid", "")
	s.checkEvents()
}
