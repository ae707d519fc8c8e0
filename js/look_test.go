package js_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/js"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// TestVariablesAndThemesChangeTheLook reads the colours that the browser has computed.
func TestVariablesAndThemesChangeTheLook(t *testing.T) {
	needNode(t)
	t.Parallel()
	w := open(t)
	w.customer("ada", 7)
	w.page("/page", `<script src="TOLLGATE/embed.js" defer></script><script src="/configure.js" defer></script>
<tollgate-usage-meter meter="ai_requests"></tollgate-usage-meter>
<tollgate-usage-meter meter="ai_requests" theme="dark" label="Dark"></tollgate-usage-meter>
<tollgate-usage-meter meter="ai_requests" class="green" lang="de"></tollgate-usage-meter>
<tollgate-pricing-table></tollgate-pricing-table>`)
	w.pages.HandleFunc("GET /configure.js", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/javascript")
		io.WriteString(rw, `tollgate.configure({token: () => fetch("/token?customer=ada", {method: "POST"}).then(r => r.json()), words: {left: n => n + " remaining"}})
			const sheet = new CSSStyleSheet()
			sheet.replaceSync(".green { --tollgate-accent: rgb(0, 128, 0); --tollgate-text: rgb(1, 2, 3) }")
			document.adoptedStyleSheets = [sheet]`) //nolint:errcheck // a page that has left is not told
	})
	v := browse(w)
	v.act("open the page", chromedp.Navigate(w.site+"/page?scheme=light"))
	v.await("13 remaining", pageMax)
	v.await("Current plan", pageMax)
	colours := value[[]string](v, `new Promise(r => setTimeout(r, 500)).then(() => [...document.querySelectorAll("tollgate-usage-meter")].map(e =>
		getComputedStyle(e.shadowRoot.querySelector(".tg-fill")).fill + " " + getComputedStyle(e.shadowRoot.querySelector(".tg-name")).color))`)
	want := []string{"rgb(79, 70, 229) rgb(24, 24, 27)", "rgb(165, 180, 252) rgb(244, 244, 245)", "rgb(0, 128, 0) rgb(1, 2, 3)"}
	if strings.Join(colours, "; ") != strings.Join(want, "; ") {
		t.Errorf("the colours are %q, want %q", colours, want)
	}
	const gaps = `(all => all.slice(1).map((e, i) => e.getBoundingClientRect().top - all[i].getBoundingClientRect().bottom))([...document.querySelectorAll("tollgate-usage-meter")])`
	if got := value[[]float64](v, gaps); len(got) != 2 || got[0] < 8 || got[1] < 8 {
		t.Errorf("between elements that stand below each other are %v pixels, want room", got)
	}
	if wrong := v.wrong(); len(wrong) > 0 {
		t.Errorf("the console says %s", strings.Join(wrong, "\n"))
	}

	// A phone, as narrow as WCAG asks for (1.4.10).
	v.act("make the page narrow", chromedp.EmulateViewport(320, 800, chromedp.EmulateMobile))
	if width := value[int](v, "document.documentElement.scrollWidth"); width > 320 {
		t.Errorf("on a page of 320 pixels the components need %d", width)
	}
	v.Photograph("narrow")
}

// TestPagesOfAGoServerNeedNoToken mounts the app routes and the script in a server that knows its users by a cookie.
func TestPagesOfAGoServerNeedNoToken(t *testing.T) {
	needNode(t)
	t.Parallel()
	e, err := tollgate.Open(t.Context(), testdb.SQLite(t), tollgate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := os.ReadFile("testdata/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Publish(t.Context(), "catalog.yaml", catalog, false); err != nil {
		t.Fatal(err)
	}
	closing := make(chan struct{})
	w := &world{T: t, pages: http.NewServeMux()}
	site := httptest.NewServer(w.pages)
	t.Cleanup(func() {
		close(closing)
		site.Close()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	w.site, w.url = site.URL, site.URL
	w.pages.Handle("/embed.js", js.Embed())
	w.pages.Handle("/api/", app.Handler(e, func(r *http.Request) (string, error) {
		c, err := r.Cookie("user")
		if err != nil {
			return "", nil //nolint:nilerr // nobody is signed in
		}
		return c.Value, nil
	}, app.Options{Closing: closing}))
	w.pages.HandleFunc("GET /sign-in", func(rw http.ResponseWriter, _ *http.Request) {
		http.SetCookie(rw, &http.Cookie{Name: "user", Value: "ada", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	})
	w.page("/page", `<script src="/embed.js" defer></script><tollgate-usage-meter meter="ai_requests"></tollgate-usage-meter><tollgate-pricing-table></tollgate-pricing-table>`)
	w.pages.HandleFunc("GET /page.css", http.NotFound)

	v := browse(w)
	v.act("open the page", chromedp.Navigate(w.site+"/page?scheme=light"))
	v.await("This cannot be shown at the moment.", pageMax)
	v.Photograph("nobody")
	v.wrong() // that nobody is signed in
	v.act("sign in", chromedp.Navigate(w.site+"/sign-in"), chromedp.Navigate(w.site+"/page?scheme=light"))
	v.await("0 of 20 used", pageMax)
	v.await("Payments are not set up yet.", pageMax)
	amount := quantity.Whole(5)
	if _, err := e.Consume(t.Context(), meter.Usage{Customer: "ada", Meter: "ai_requests", Amount: &amount, TransactionID: "1"}); err != nil {
		t.Fatal(err)
	}
	v.await("5 of 20 used", pageMax)
}
