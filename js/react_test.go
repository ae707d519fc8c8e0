package js_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const reactPage = `<main data-url="TOLLGATE" data-customer="CUSTOMER"></main><script src="/page.js" defer></script>`

// TestTheReactComponentsInABrowser shows the published package with React: every component at every level of use, in
// light and dark, under a strict content security policy, held to axe; a balance that changes at once; and a purchase.
func TestTheReactComponentsInABrowser(t *testing.T) {
	needNode(t)
	t.Parallel()
	buildPackage(t)
	bundle := filepath.Join(t.TempDir(), "page.js")
	node(t, nil, "test/page.js", "test/page.tsx", bundle)
	script, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	w := open(t)
	w.page("/page", reactPage)
	w.pages.HandleFunc("GET /page.js", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		rw.Write(script) //nolint:errcheck // a page that has left is not told
	})
	v := browse(w)
	for _, tt := range []struct {
		name  string
		used  int
		says  []string
		level string
	}{
		{"calm", 7, []string{"Hello calm: 13 on Free", "7 of 20 used", "No limit", "Choose Pro"}, "ok"},
		{"warned", 16, []string{"Hello warned: 4 on Free", "You have used 80% of your AI requests."}, "warn"},
		{"out", 20, []string{"Hello out: 0 on Free", "Used up", "You have used all of your AI requests.", "Buy 100 AI requests · $1.99"}, "over"},
	} {
		w.customer(tt.name, tt.used)
		for _, scheme := range []string{"light", "dark"} {
			what := tt.name + "-" + scheme
			v.act("open the page", chromedp.Navigate(w.site+"/page?customer="+tt.name+"&scheme="+scheme))
			v.await("Current plan", pageMax)
			text := v.text()
			for _, says := range tt.says {
				if !strings.Contains(text, says) {
					t.Errorf("%s: the page does not say %q:\n%s", what, says, text)
				}
			}
			if got := value[string](v, `document.querySelector("[data-level]").dataset.level`); got != tt.level {
				t.Errorf("%s: the level is %s, want %s", what, got, tt.level)
			}
			v.Photograph("react-" + what)
			v.audit(what)
			if wrong := v.wrong(); len(wrong) > 0 {
				t.Errorf("%s: the console says %s", what, strings.Join(wrong, "\n"))
			}
		}
	}

	w.customer("live", 1)
	v.act("open the page", chromedp.Navigate(w.site+"/page?customer=live&scheme=light"))
	v.await("1 of 20 used", pageMax)
	time.Sleep(streamOpens)
	w.consume("live", 1)
	v.await("Hello live: 18 on Free", pageMax)

	v.press("Choose Pro")
	v.pay()
	v.await("on Pro, with API", pageMax)
}
