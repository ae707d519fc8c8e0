package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/tollgate/tollgate/sandbox"
)

// screenshotsVariable names the environment variable with a folder for pictures of the pages. Without it none are kept.
const screenshotsVariable = "SANDBOX_SCREENSHOTS"

// pageMax bounds one act on a page.
const pageMax = 30 * time.Second

// A visitor is a person at a browser.
type visitor struct {
	*shop
	ctx context.Context
}

// openBrowser starts a browser of its own for the test. One that is missing fails the test.
func openBrowser(s *shop) *visitor {
	s.Helper()
	options := []chromedp.ExecAllocatorOption{chromedp.WindowSize(1100, 900)}
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to have one as root
	}
	ctx, cancel := chromedp.NewContext(s.Context(), chromedp.WithAllocatorOptions(options...))
	s.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		s.Fatalf("no browser starts: %v: run scripts/provide chromium, which says what to install", err)
	}
	return &visitor{s, ctx}
}

// act runs steps on the page.
func (v *visitor) act(what string, steps ...chromedp.Action[chromedp.Void]) {
	v.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, pageMax)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		v.Fatalf("%s: %v\n%s", what, err, v.text())
	}
}

// press clicks a button and waits for the page that follows.
func (v *visitor) press(button string) {
	v.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, pageMax)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(button))); err != nil {
		v.Fatalf("press %s: %v\n%s", button, err, v.text())
	}
}

// text returns what the page says.
func (v *visitor) text() string {
	v.Helper()
	text, err := chromedp.Run(v.ctx, chromedp.Text(chromedp.CSS("body")))
	if err != nil {
		v.Errorf("read the page: %v", err)
	}
	return text
}

// location returns the page's address.
func (v *visitor) location() string {
	v.Helper()
	at, err := chromedp.Run(v.ctx, chromedp.Location())
	if err != nil {
		v.Errorf("read the address: %v", err)
	}
	return at
}

// photograph keeps a picture of the page when a folder is given for it.
func (v *visitor) photograph(name string) {
	v.Helper()
	folder := os.Getenv(screenshotsVariable)
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
	}
	if err != nil {
		v.Errorf("photograph %s: %v", name, err)
	}
}

// fill types a card into the form of the checkout page.
func (v *visitor) typeCard(number string) {
	v.Helper()
	for name, value := range map[string]string{
		"email": "jo@example.com", "number": number, "expiry": "12 / 34", "cvc": "123", "name": "Jo Doe",
	} {
		field := chromedp.CSS(fmt.Sprintf("input[name=%q]", name))
		v.act("type "+name, chromedp.Clear(field), chromedp.SendKeys(field, value))
	}
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
		v.act("open the page", chromedp.Navigate(session.text("url")))
		return session
	}
	state := func(session object) string {
		session = s.get("/v1/checkout/sessions/"+session.id(), "")
		return session.text("status") + " " + session.text("payment_status")
	}
	want := func(what string, session object, address, status, says string) {
		t.Helper()
		if got := v.location(); !strings.HasPrefix(got, address) {
			t.Errorf("%s: the browser is at %s, want %s", what, got, address)
		}
		if got := state(session); got != status {
			t.Errorf("%s: the session is %s, want %s", what, got, status)
		}
		if text := v.text(); !strings.Contains(text, says) {
			t.Errorf("%s: the page does not say %q:\n%s", what, says, text)
		}
	}

	session := open()
	v.photograph("checkout")
	want("the page", session, session.text("url"), "open unpaid", "$20.00")
	v.typeCard("4242424242424242")
	v.photograph("checkout-filled")
	v.press(pay)
	want("4242", session, s.url+"/ok?session="+session.id(), "complete paid", "")

	session = open()
	v.typeCard("4000000000000002")
	v.press(pay)
	v.photograph("declined")
	want("0002", session, session.text("url"), "open unpaid", "Your card was declined.")
	v.typeCard("4242424242424242")
	v.press(pay)
	want("a second card", session, s.url+"/ok", "complete paid", "")

	session = open()
	v.typeCard("4000002760003184")
	v.press(pay)
	v.photograph("3ds")
	want("3-D Secure", session, s.url, "open unpaid", "3D Secure")
	v.press(deny)
	v.photograph("3ds-denied")
	want("3-D Secure failed", session, s.url, "open unpaid", "unable to authenticate your payment method")
	v.typeCard("4000002760003184")
	v.press(pay)
	v.press(approve)
	want("3-D Secure passed", session, s.url+"/ok", "complete paid", "")

	session = open()
	v.press(cancel)
	want("leaving", session, s.url+"/no", "open unpaid", "")
	s.checkEvents()
}
