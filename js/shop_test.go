package js_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// pay fills the sandbox's checkout page with the card that is always taken, and pays.
func (v *visitor) pay() {
	v.Helper()
	v.act("wait for the checkout page", chromedp.WaitVisible(chromedp.CSS("button[value=pay]")))
	for name, value := range map[string]string{"email": "jo@example.com", "number": "4242424242424242", "expiry": "12 / 34", "cvc": "123", "name": "Jo Doe"} {
		field := chromedp.CSS(fmt.Sprintf("input[name=%q]", name))
		v.act("type "+name, chromedp.Clear(field), chromedp.SendKeys(field, value))
	}
	v.act("pay", chromedp.Click(chromedp.CSS("button[value=pay]")))
}

// TestAPersonBuysFromThePricingTable goes from the table to the sandbox's checkout and back, changes the plan, tops up,
// manages billing, and cancels.
func TestAPersonBuysFromThePricingTable(t *testing.T) {
	needNode(t)
	t.Parallel()
	w := open(t)
	w.page("/page", elementsPage)
	w.customer("jo", 20)
	v := browse(w)
	page := w.site + "/page?customer=jo&scheme=light"
	back := func(what string) {
		t.Helper()
		v.await("Current plan", pageMax)
		if at := value[string](v, "location.href"); at != page {
			t.Fatalf("%s led back to %s, want %s", what, at, page)
		}
	}
	v.act("open the page", chromedp.Navigate(page))
	v.await("You have used all of your AI requests.", pageMax)

	v.press("Choose Pro")
	v.pay()
	back("paying")
	v.await("of 1,000 used", pageMax)
	v.await("Manage billing", pageMax)
	if text := v.text(); strings.Contains(text, "Choose Pro") || strings.Contains(text, "You have used all") {
		t.Errorf("after paying the page says:\n%s", text)
	}
	v.Photograph("bought")
	v.audit("bought")

	v.press("Buy 100 AI requests")
	v.pay()
	back("topping up")
	v.await("of 1,100 used", pageMax)

	v.press("Yearly")
	v.press("Switch to Pro")
	v.await("Switch to Pro for $79.90 per year?", pageMax)
	v.Photograph("confirm")
	v.audit("confirm")
	v.press("Back")
	if text := v.text(); !strings.Contains(text, "Switch to Pro") || strings.Contains(text, "$79.90 per year?") {
		t.Errorf("after going back the page says:\n%s", text)
	}
	v.press("Switch to Pro")
	v.press("Confirm")
	v.await("Manage billing", pageMax)
	if got := w.subscription("jo").Price; got != "pro_yearly" {
		t.Errorf("the subscription's price is %q, want pro_yearly", got)
	}

	v.press("Manage billing")
	v.act("wait for the portal", chromedp.WaitVisible(chromedp.CSS("form")))
	if at := value[string](v, "location.origin"); at == w.site {
		t.Errorf("the portal is at %s, want the sandbox", at)
	}
	v.act("go back", chromedp.Navigate(page))
	v.await("Manage billing", pageMax)

	v.press("Switch to Free")
	v.await("Cancel? Your plan goes on until", pageMax)
	v.press("Confirm")
	v.await("Ends ", pageMax)
	if !w.subscription("jo").cancels() {
		t.Error("the subscription is not set to end")
	}
	v.Photograph("canceled")
}

// bought is what the tests read of a subscription.
type bought struct {
	CancelAt string
	Price    string
	Items    []struct{ Price string }
}

func (b bought) cancels() bool { return b.CancelAt != "" }

// subscription returns a customer's paid subscription, as a server sees it.
func (w *world) subscription(customer string) bought {
	w.Helper()
	var all struct{ Data []bought }
	w.get("/v1/customers/"+customer+"/subscriptions", &all)
	if len(all.Data) == 0 || len(all.Data[0].Items) == 0 {
		w.Fatalf("%s has no subscription", customer)
	}
	b := all.Data[0]
	b.Price = b.Items[0].Price
	return b
}
