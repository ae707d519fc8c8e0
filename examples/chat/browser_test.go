package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/tollgate/tollgate/internal/testdb"
)

const (
	// picturesVariable names the environment variable with a folder for pictures of the pages. Without it none are kept.
	picturesVariable = "CHAT_SCREENSHOTS"
	pageMax          = 30 * time.Second // bounds one act on a page
	liveMax          = time.Second      // within which a page shows what is left
	phoneWidth       = 390
	phoneHeight      = 800
)

type step = chromedp.Action[chromedp.Void]

// A visitor is a person at a browser that runs scripts.
type visitor struct {
	*town
	ctx   context.Context
	waits []time.Duration // until each change of what is left was on the page
}

// browse starts a browser of its own. Without one the test is skipped, or fails when chromium is required.
func (c *town) browse() *visitor {
	c.Helper()
	options := []chromedp.ExecAllocatorOption{chromedp.WindowSize(1100, 800)}
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to have one as root
	}
	ctx, cancel := chromedp.NewContext(c.Context(), chromedp.WithAllocatorOptions(options...))
	c.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		if strings.Contains(os.Getenv(testdb.RequireVariable), "chromium") {
			c.Fatalf("no browser starts: %v: run scripts/provide chromium, which says what to install", err)
		}
		c.Skipf("no browser starts: %v: run scripts/provide chromium", err)
	}
	ended := make(chan struct{})
	c.Cleanup(func() { cancel(); <-ended })
	go func() { // ends with the browser
		defer close(ended)
		for message, err := range chromedp.Console(ctx) {
			if err == nil && (message.Type == "error" || message.IsException()) && message.Source != "network" { // a refusal is no error of the page
				c.Errorf("the console says %s", message)
			}
		}
	}()
	return &visitor{town: c, ctx: ctx}
}

// act runs steps on the page.
func (v *visitor) act(what string, steps ...step) {
	v.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, pageMax)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		v.Fatalf("%s: %v\n%s", what, err, v.text())
	}
}

// press clicks something and waits for the page that follows.
func (v *visitor) press(selector string) {
	v.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, pageMax)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		v.Fatalf("press %s: %v\n%s", selector, err, v.text())
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

// until waits for an expression of the page to be true, for so long.
func (v *visitor) until(within time.Duration, expression string) {
	v.Helper()
	if _, err := chromedp.Run(v.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(within), chromedp.WithPollingInterval(10*time.Millisecond))); err != nil {
		v.Fatalf("%s is not so within %s: %v\n%s", expression, within, err, v.text())
	}
}

// says fails the test unless the page says something, and leaves a picture of it.
func (v *visitor) says(picture string, wants ...string) {
	v.Helper()
	text := v.text()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			v.Errorf("%s does not say %q:\n%s", picture, want, text)
		}
	}
	v.photograph(picture)
}

// photograph keeps pictures of the page when a folder is given for them: light, dark, and on a phone.
func (v *visitor) photograph(name string) {
	v.Helper()
	folder := os.Getenv(picturesVariable)
	if folder == "" {
		return
	}
	scheme := func(s string) step {
		return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s}}})
			return err
		})
	}
	for kind, before := range map[string]step{
		"light": scheme("light"), "dark": scheme("dark"), "phone": chromedp.EmulateViewport(phoneWidth, phoneHeight),
	} {
		v.act("look at "+name, before)
		picture, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name+"-"+kind+".png"), picture, 0o644)
		}
		if err != nil {
			v.Errorf("photograph %s: %v", name, err)
		}
		v.act("look again", scheme("light"), chromedp.EmulateViewport(1100, 800))
	}
}

// asks types a question, sends it, and waits for the whole answer, the nth on the page, and for what is then left.
func (v *visitor) asks(nth, left int) {
	v.Helper()
	v.act("ask", chromedp.SendKeys(chromedp.CSS("#prompt"), fmt.Sprintf("What is toll %d?", nth)), chromedp.Click(chromedp.CSS("#ask button")))
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
	v.act("ask", chromedp.SendKeys(chromedp.CSS("#prompt"), "One more?"), chromedp.Click(chromedp.CSS("#ask button")), chromedp.WaitVisible(chromedp.CSS("#refused")))
}

// pays fills in Stripe's page, and comes back.
func (v *visitor) pays(picture string) {
	v.Helper()
	for name, value := range map[string]string{"email": "ada@example.com", "number": paysCard, "expiry": "12 / 40", "cvc": "123", "name": "Ada"} {
		field := chromedp.CSS(fmt.Sprintf("input[name=%q]", name))
		v.act("type "+name, chromedp.Clear(field), chromedp.SendKeys(field, value))
	}
	v.photograph(picture)
	v.press("button[value=pay]")
}
