package js_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tollgate/tollgate/internal/testbrowser"
)

const (
	pageMax = time.Minute
	// liveMax is what a live balance is promised within.
	liveMax = time.Second
)

// A visitor is a person at a browser.
type visitor struct {
	*world
	*testbrowser.Page
	mu   sync.Mutex
	said []string // what the page wrote to the console as wrong
}

// browse starts a browser of its own.
func browse(w *world) *visitor {
	w.Helper()
	v := &visitor{world: w, Page: testbrowser.Open(w, 900, 700)}
	v.Listen(func(m chromedp.ConsoleMessage) {
		if m.IsException() || m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning {
			v.mu.Lock()
			v.said = append(v.said, m.String())
			v.mu.Unlock()
		}
	})
	return v
}

// wrong returns what the pages have written to the console as wrong since it was asked last.
func (v *visitor) wrong() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	said := v.said
	v.said = nil
	return said
}

// act runs steps on the page.
func (v *visitor) act(what string, steps ...chromedp.Action[chromedp.Void]) {
	v.Helper()
	ctx, cancel := context.WithTimeout(v.Ctx, pageMax)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		v.Fatalf("%s: %v\n%s\n%s", what, err, v.text(), strings.Join(v.wrong(), "\n"))
	}
}

// value evaluates an expression on the page, and waits for a promise that it gives.
func value[T any](v *visitor, expression string) T {
	v.Helper()
	ctx, cancel := context.WithTimeout(v.Ctx, pageMax)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		v.Fatalf("%s: %v\n%s", expression, err, v.text())
	}
	return out
}

// seen is all that a page shows, also in shadow roots.
const seen = `(function text(node) {
	const root = node.shadowRoot ?? node
	return [...root.childNodes].map(n => n.nodeType === 3 ? n.nodeValue : n.nodeType === 1 && !/SCRIPT|STYLE|TITLE/.test(n.tagName) ? text(n) : "").join(" ")
})(document).replace(/\s+/g, " ").trim()`

// text returns what the page says.
func (v *visitor) text() string {
	text, err := chromedp.Run(v.Ctx, chromedp.Evaluate[string](seen))
	if err != nil {
		v.Errorf("read the page: %v", err)
	}
	return text
}

// await waits until the page says something, for as long as max, and returns how long it took.
func (v *visitor) await(says string, max time.Duration) time.Duration {
	v.Helper()
	began := time.Now()
	for {
		text := v.text()
		if strings.Contains(text, says) {
			return time.Since(began)
		}
		if time.Since(began) > max {
			v.Fatalf("after %v the page does not say %q:\n%s\n%s", max, says, text, strings.Join(v.wrong(), "\n"))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// press clicks the button or link that says label, also in a shadow root.
func (v *visitor) press(label string) {
	v.Helper()
	text, err := json.Marshal(label)
	if err != nil {
		v.Fatal(err)
	}
	if !value[bool](v, `(function find(root) {
		for (const n of root.querySelectorAll("*")) {
			if (/^(BUTTON|A)$/.test(n.tagName) && n.textContent.trim() === `+string(text)+` && !n.disabled) return n.click(), true
			if (n.shadowRoot && find(n.shadowRoot)) return true
		}
		return false
	})(document)`) {
		v.Fatalf("there is no button %q to press:\n%s", label, v.text())
	}
}

// audit holds the page to the rules of axe: WCAG 2.2 A and AA, and best practices. What surrounds the components is not
// theirs, so the rules of whole pages are left out.
func (v *visitor) audit(what string) {
	v.Helper()
	axe, err := os.ReadFile(filepath.Join("node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		v.Fatal(err)
	}
	time.Sleep(400 * time.Millisecond) // colours are measured after they have changed
	v.act("load axe", chromedp.Evaluate[chromedp.Void](string(axe)+";0"))
	type finding struct{ ID, Help, Nodes string }
	type report struct {
		Violations []finding
		Passed     []string
	}
	r := value[report](v, `axe.run({rules: {region: {enabled: false}, "landmark-one-main": {enabled: false}, "page-has-heading-one": {enabled: false}}}).then(r => ({
		violations: r.violations.concat(r.incomplete.filter(f => f.id === "color-contrast")).map(f => ({id: f.id, help: f.help, nodes: f.nodes.map(n => n.html + " " + n.failureSummary).join("\n")})),
		passed: r.passes.map(f => f.id),
	}))`)
	for _, f := range r.Violations {
		v.Errorf("%s: %s: %s\n%s", what, f.ID, f.Help, f.Nodes)
	}
	if !strings.Contains(strings.Join(r.Passed, " "), "color-contrast") {
		v.Errorf("%s: axe has measured no contrast: it passed only %v", what, r.Passed)
	}
}
