package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// TestAPersonWalksThroughTheChat goes the whole way at a browser: a guest's limit, the sign-up, a day's limit, Pro, a
// top-up, the cancellation, the portal.
func TestAPersonWalksThroughTheChat(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what runs outside Go")
	}
	t.Parallel()
	c := begin(t, options{})
	v := c.browse()

	v.Act("open the chat", chromedp.Navigate(c.url+"/"))
	v.says("01-guest", "Ask anything", "AI requests", "5 left", "Sign up")
	for n := range 5 {
		v.asks(n+1, 4-n)
	}
	v.isRefused()
	v.says("02-guest-limit", "0 left", "AI requests: not enough left", "Sign up with nothing but a name")

	v.Press("#refused a")
	v.says("03-sign-up", "Your name")
	v.Act("type a name", chromedp.SendKeys(chromedp.CSS("input[name=name]"), "Ada"))
	v.Press("form button")
	v.says("04-free", "Ada", "20 left", "What is toll 5?")
	for n := range 20 {
		v.asks(n+2, 19-n) // the guest's last answer is on the page
	}
	v.isRefused()
	v.says("05-free-limit", "AI requests: not enough left", "There is more from", "Get more")

	v.Press("#refused a")
	v.says("06-pricing", "$7.99 per month", "$79.90 per year", "1,000 token credits")
	v.Press("button[value=pro_monthly]")
	v.pays("07-checkout")
	v.says("08-back-with-pro", "Thank you", "1000 left", "Pro")
	v.asks(22, 999)

	v.Act("see what there is", chromedp.Navigate(c.url+"/pricing"))
	v.says("09-pricing-of-pro", "yours")
	v.Press("button[value=requests_100]")
	v.pays("10-checkout-top-up")
	v.says("11-back-with-top-up", "Thank you", "1099 left")
	v.spentElsewhere()

	v.Act("open the account", chromedp.Navigate(c.url+"/account"))
	v.says("12-account", "Renews on", "$7.99", "100 AI requests", "$1.99")
	v.Press("form[action='/cancel'] button")
	v.says("13-cancelled", "Ends on", "Keep the plan", "1049 left")
	v.Press("form[action='/portal'] button")
	if at, err := chromedp.Run(v.Ctx, chromedp.Location()); err != nil || !strings.HasPrefix(at, c.stripeURL) {
		t.Errorf("the portal is at %s: %v", at, err)
	}
	v.says("14-portal", "Pro", "Keep the subscription", "Go back to the shop")
	v.Press("p a[href$='/account']")
	v.says("15-back", "Ends on")
	v.live()
}

// spentElsewhere uses some in another place while the page is open.
func (v *visitor) spentElsewhere() {
	v.Helper()
	all, err := v.engine.Customers(v.Context(), "", 0)
	if err != nil || len(all.Data) != 1 {
		v.Fatalf("customers: %+v, %v", all.Data, err)
	}
	fifty := quantity.Whole(50)
	if _, err := v.engine.Consume(v.Context(), meter.Usage{Customer: all.Data[0].ExternalID, Meter: requests, Amount: &fifty, TransactionID: "elsewhere"}); err != nil {
		v.Fatal(err)
	}
	v.left(1049)
}

// TestAPageSaysWhatWentWrong looks at what a person sees when an answer breaks off, and on an odd page.
func TestAPageSaysWhatWentWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what runs outside Go")
	}
	t.Parallel()
	c := begin(t, options{})
	v := c.browse()
	v.Act("open the chat", chromedp.Navigate(c.url+"/"),
		chromedp.SendKeys(chromedp.CSS("#prompt"), "Tell me "+breakWord+"\n"), chromedp.WaitVisible(chromedp.CSS("#failed")))
	v.left(5)
	v.says("20-broken", "The model broke off. This cost you nothing.")

	v.Act("open what is not there", chromedp.Navigate(c.url+"/paid?session=cs_nothing"))
	v.says("21-wrong", "That did not work", "Back to the chat")
}
