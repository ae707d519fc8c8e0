// Package testbrowser opens pages in a real browser for tests: headless Chromium, a fresh one for each test, ended with it.
//
// Only tests import it.
package testbrowser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const (
	// PicturesVariable names the environment variable with a folder for pictures of the pages. Without it none are kept.
	PicturesVariable = "TOLLGATE_TEST_PICTURES"
	// ActMax bounds one act on a page.
	ActMax = 30 * time.Second

	glimpseMax = 2 * time.Second
	settleMax  = 400 * time.Millisecond // until what moves on a page has moved
	phone      = 390
	tall       = 800
)

// A Step is done on a page.
type Step = chromedp.Action[chromedp.Void]

// A Page is what a person at a browser of its own sees.
type Page struct {
	t             testing.TB
	Ctx           context.Context // of chromedp
	width, height int
}

// Open starts a browser with a window of so many pixels. One that is missing fails the test.
func Open(t testing.TB, width, height int) *Page {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{chromedp.WindowSize(width, height)}
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to have one as root
	}
	ctx, cancel := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(options...))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("no browser starts: %v: run scripts/provide chromium, which says what to install", err)
	}
	return &Page{t, ctx, width, height}
}

// Listen gives do what the pages write to the console. It ends before the test does.
func (p *Page) Listen(do func(chromedp.ConsoleMessage)) {
	ctx, cancel := context.WithCancel(p.Ctx)
	ended := make(chan struct{})
	p.t.Cleanup(func() { cancel(); <-ended })
	go func() {
		defer close(ended)
		for m, err := range chromedp.Console(ctx) {
			if err == nil {
				do(m)
			}
		}
	}()
}

// Act does steps; one that fails ends the test.
func (p *Page) Act(what string, steps ...Step) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.Ctx, ActMax)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v\n%s", what, err, p.Glimpse("body"))
	}
}

// Press clicks what a CSS selector finds and waits for the page that follows.
func (p *Page) Press(selector string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.Ctx, ActMax)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		p.t.Fatalf("press %s: %v\n%s", selector, err, p.Glimpse("body"))
	}
}

// Fill types values into the inputs of a form, by name, in place of what is there.
func (p *Page) Fill(values map[string]string) {
	p.t.Helper()
	for name, value := range values {
		field := chromedp.CSS(`input[name="` + name + `"]`)
		p.Act("type "+name, chromedp.Clear(field), chromedp.SendKeys(field, value))
	}
}

// Text returns what the page says. One that cannot be read fails the test, with an empty text.
func (p *Page) Text() string {
	p.t.Helper()
	text, err := p.read("body", ActMax)
	if err != nil {
		p.t.Errorf("read the page: %v", err)
	}
	return text
}

// Glimpse returns what the page says at a CSS selector now, empty when nothing is there or it cannot be read.
func (p *Page) Glimpse(selector string) string {
	text, _ := p.read(selector, glimpseMax)
	return text
}

func (p *Page) read(selector string, within time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(p.Ctx, within)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
}

// Location returns the page's address.
func (p *Page) Location() string {
	p.t.Helper()
	at, err := chromedp.Run(p.Ctx, chromedp.Location())
	if err != nil {
		p.t.Errorf("read the address: %v", err)
	}
	return at
}

// Photograph keeps pictures of the page when a folder is given for them: light, dark, and on a phone.
func (p *Page) Photograph(name string) {
	p.t.Helper()
	folder := os.Getenv(PicturesVariable)
	if folder == "" {
		return
	}
	for kind, before := range map[string]Step{"light": scheme("light"), "dark": scheme("dark"), "phone": chromedp.EmulateViewport(phone, tall)} {
		p.Act("look at "+name, before)
		time.Sleep(settleMax)
		picture, err := chromedp.Run(p.Ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, strings.Join([]string{name, kind}, "-")+".png"), picture, 0o644)
		}
		if err != nil {
			p.t.Errorf("photograph %s: %v", name, err)
		}
		p.Act("look again", scheme("light"), chromedp.EmulateViewport(int64(p.width), int64(p.height)))
	}
}

// scheme has the browser ask for light or dark pages.
func scheme(to string) Step {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: to}}})
		return err
	})
}
