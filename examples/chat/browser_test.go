package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tollgate/tollgate/internal/testbrowser"
)

const (
	pageMax = testbrowser.ActMax
	liveMax = time.Second // within which a page shows what is left
)

// A visitor is a person at a browser that runs scripts.
type visitor struct {
	*town
	*testbrowser.Page
	waits []time.Duration // until each change of what is left was on the page
}

// browse starts a browser of its own. What a page says is wrong on the console fails the test.
func (c *town) browse() *visitor {
	c.Helper()
	page := testbrowser.Open(c, 1100, 800)
	page.Listen(func(m chromedp.ConsoleMessage) {
		if (m.Type == "error" || m.IsException()) && m.Source != "network" { // a refusal is no error of the page
			c.Errorf("the console says %s", m)
		}
	})
	return &visitor{town: c, Page: page}
}

// until waits for an expression of the page to be true, for so long.
func (v *visitor) until(within time.Duration, expression string) {
	v.Helper()
	if _, err := chromedp.Run(v.Ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(within), chromedp.WithPollingInterval(10*time.Millisecond))); err != nil {
		v.Fatalf("%s is not so within %s: %v\n%s", expression, within, err, v.Glimpse("body"))
	}
}

// says fails the test unless the page says something, and leaves a picture of it.
func (v *visitor) says(picture string, wants ...string) {
	v.Helper()
	text := v.Text()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			v.Errorf("%s does not say %q:\n%s", picture, want, text)
		}
	}
	v.Photograph(picture)
}

// asks types a question, sends it, and waits for the whole answer, the nth on the page, and for what is then left.
func (v *visitor) asks(nth, left int) {
	v.Helper()
	v.Act("ask", chromedp.SendKeys(chromedp.CSS("#prompt"), fmt.Sprintf("What is toll %d?", nth)), chromedp.Click(chromedp.CSS("#ask button")))
	v.until(pageMax, fmt.Sprintf(`document.querySelectorAll("article [data-cost]").length == %d && [...document.querySelectorAll("article [data-cost]")].at(-1).textContent.endsWith("tokens")`, nth))
	v.left(left)
}

// left waits until the page shows what is left.
func (v *visitor) left(requests int) {
	v.Helper()
	since := time.Now()
	v.until(pageMax, fmt.Sprintf(`document.querySelector("[data-balance=ai_requests] [data-left]").textContent == "%d"`, requests))
	v.waits = append(v.waits, time.Since(since))
}

// live fails the test when what is left is not on the page within a second: at half of its changes, for a busy machine may
// be late once.
func (v *visitor) live() {
	v.Helper()
	slices.Sort(v.waits)
	if half := v.waits[len(v.waits)/2]; half > liveMax {
		v.Errorf("half of %d changes took longer than %s to be shown, want %s", len(v.waits), half, liveMax)
	}
}

// isRefused asks once more, and waits for the refusal.
func (v *visitor) isRefused() {
	v.Helper()
	v.Act("ask", chromedp.SendKeys(chromedp.CSS("#prompt"), "One more?"), chromedp.Click(chromedp.CSS("#ask button")), chromedp.WaitVisible(chromedp.CSS("#refused")))
}

// pays fills in Stripe's page, and comes back.
func (v *visitor) pays(picture string) {
	v.Helper()
	v.Fill(map[string]string{"email": "ada@example.com", "number": paysCard, "expiry": "12 / 40", "cvc": "123", "name": "Ada"})
	v.Photograph(picture)
	v.Press("button[value=pay]")
}
