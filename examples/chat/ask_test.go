package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/quantity"
)

// A refusal is the body of a 402.
type refusal struct {
	Error, Message, Meter, Balance, UpgradeURL string
	AvailableBalance, Required                 quantity.Units
	ResetsAt                                   *time.Time
}

// refused asks a question that must be refused for want of balance, and returns why.
func (p *person) refused(prompt string) refusal {
	p.Helper()
	w := p.send(p.question(prompt), http.StatusPaymentRequired)
	var why refusal
	if err := json.Unmarshal([]byte(w.text), &why); err != nil || w.Header.Get("Content-Type") != "application/json" {
		p.Fatalf("the refusal is %s %s: %v", w.Header.Get("Content-Type"), w.text, err)
	}
	return why
}

func TestGuestsAskFiveTimes(t *testing.T) {
	t.Parallel()
	p := begin(t, options{}).person()
	var all int64
	for range 5 {
		_, tokens := p.ask("What is a toll?")
		all += tokens
	}
	p.has(requests, quantity.Whole(5), 0)
	p.has(credits, creditsOf(all), quantity.Whole(10)-creditsOf(all))

	why := p.refused("And now?")
	if why.Error != "insufficient_credits" || why.Message == "" || why.Meter != requestsMeter || why.Balance != requestsMeter || why.UpgradeURL != "/pricing" ||
		why.AvailableBalance != 0 || why.Required != quantity.One || why.ResetsAt != nil {
		t.Errorf("the refusal is %+v", why)
	}
	page := p.post("/chat", url.Values{"prompt": {"And <now>?"}}, http.StatusPaymentRequired).text
	for _, want := range []string{`id="refused" class="note" role="alert">`, `data-out="ai_requests"><strong>AI requests: not enough left`, `href="/sign-up">Sign up</a>`, "And &lt;now&gt;?</textarea>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s:\n%s", want, page)
		}
	}
	p.has(requests, quantity.Whole(5), 0)
}

func TestQuestionsAtOnceGetNoMoreThanThereIs(t *testing.T) {
	t.Parallel()
	p := begin(t, options{pace: time.Millisecond}).person()
	var answered, refused atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			w, err := p.client.Do(p.question("Me first"))
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Body.Close()
			if _, err := io.Copy(io.Discard, w.Body); err != nil {
				t.Error(err)
			}
			switch w.StatusCode {
			case http.StatusOK:
				answered.Add(1)
			case http.StatusPaymentRequired:
				refused.Add(1)
			default:
				t.Errorf("answered %d", w.StatusCode)
			}
		})
	}
	wg.Wait()
	if answered.Load() != 5 || refused.Load() != 15 {
		t.Errorf("%d answered and %d refused, want 5 and 15", answered.Load(), refused.Load())
	}
	p.has(requests, quantity.Whole(5), 0)
}

func TestUnitsAreHeldWhileAnAnswerStreams(t *testing.T) {
	t.Parallel()
	p := begin(t, options{pace: 10 * time.Millisecond}).person()
	w, err := p.client.Do(p.question("Hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	var words, tokens int64
	for line := range linesOf(p, w.Body) {
		if words++; words == 1 {
			if r, c := p.balance(requests), p.balance(credits); *r.Held != quantity.One || *c.Held != quantity.One || r.Used != 0 || c.Used != 0 {
				t.Errorf("while it streams %s requests and %s credits are held, want 1 and 1", r.Held, c.Held)
			}
		}
		tokens += line.Tokens
	}
	if words < 10 || tokens < 10 {
		t.Errorf("%d words, %d tokens", words, tokens)
	}
	p.has(requests, quantity.One, quantity.Whole(4))
	p.has(credits, creditsOf(tokens), quantity.Whole(10)-creditsOf(tokens))
}

func TestAnAnswerThatBreaksOffCostsNothing(t *testing.T) {
	t.Parallel()
	p := begin(t, options{}).person()
	var words int
	var last line
	for last = range linesOf(p, strings.NewReader(p.send(p.question("Tell me "+breakWord), http.StatusOK).text)) {
		if last.Word != "" {
			words++
		}
	}
	if words != wordsBeforeBreak || !strings.Contains(last.Error, "cost you nothing") {
		t.Errorf("%d words, then %+v", words, last)
	}
	if page := p.post("/chat", url.Values{"prompt": {breakWord}}, http.StatusServiceUnavailable).text; !strings.Contains(page, "This cost you nothing.") {
		t.Errorf("the page says %s", page)
	}
	p.has(requests, 0, quantity.Whole(5))
	p.has(credits, 0, quantity.Whole(10))
}

func TestAReaderWhoLeavesPaysForWhatWasSaid(t *testing.T) {
	t.Parallel()
	p := begin(t, options{pace: 10 * time.Millisecond}).person()
	w, err := p.client.Do(p.question("A long story, please"))
	if err != nil {
		t.Fatal(err)
	}
	heard := 0
	for range linesOf(p, w.Body) {
		if heard++; heard == 3 {
			break
		}
	}
	if err := w.Body.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); *p.balance(credits).Held+*p.balance(requests).Held != 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the holds are not settled")
		}
	}
	turns := p.talks.turns(p.id())
	if len(turns) != 1 {
		t.Fatalf("kept: %+v", turns)
	}
	said, whole := turns[0], strings.Join(words("A long story, please"), "")
	if n := len(strings.Fields(said.Answer)); n < heard || said.Answer == whole || !strings.HasPrefix(whole, said.Answer) {
		t.Errorf("%d words were heard, and %q was said of %q", heard, said.Answer, whole)
	}
	p.has(requests, quantity.One, quantity.Whole(4))
	p.has(credits, creditsOf(said.Tokens), quantity.Whole(10)-creditsOf(said.Tokens))
}

func TestWhatIsNoQuestionIsNotMetered(t *testing.T) {
	t.Parallel()
	p := begin(t, options{}).person()
	p.ask(strings.Repeat("a", promptBytesMax))
	for _, prompt := range []string{"", " \n", strings.Repeat("a", promptBytesMax+1)} {
		if page := p.post("/chat", url.Values{"prompt": {prompt}}, http.StatusUnprocessableEntity).text; !strings.Contains(page, "up to 2000 bytes") {
			t.Errorf("%q: %s", prompt, page)
		}
		if w := p.send(p.question(prompt), http.StatusUnprocessableEntity); !strings.Contains(w.text, `"field":"prompt"`) {
			t.Errorf("%q: %s", prompt, w.text)
		}
	}
	p.has(requests, quantity.One, quantity.Whole(4))
}

func TestAPageWithoutScriptsHasTheWholeAnswer(t *testing.T) {
	t.Parallel()
	c := begin(t, options{})
	for _, p := range []*person{c.person(), c.user("Ada")} {
		for _, prompt := range []string{"First <b>", "Second"} {
			if to := p.post("/chat", url.Values{"prompt": {prompt}}, http.StatusSeeOther).Header.Get("Location"); to != "/#last" {
				t.Errorf("it leads to %s", to)
			}
		}
		page := p.get("/", http.StatusOK).text
		if !strings.Contains(page, strings.Join(words("Second"), "")) {
			t.Errorf("the answer is not there:\n%s", page)
		}
		remembers := strings.Contains(page, "Ada")
		if strings.Contains(page, "First &lt;b&gt;") != remembers || strings.Contains(page, "<b>") {
			t.Errorf("history in the plan %t, and the page is:\n%s", remembers, page)
		}
	}
}

func TestWhatIsLeftIsLive(t *testing.T) {
	t.Parallel()
	p := begin(t, options{}).person()
	w, err := p.client.Do(p.request(http.MethodGet, "/api/events", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	left := make(chan string, 100)
	go func() { // ends with the body
		for line := range eventsOf(w.Body) {
			left <- line
		}
		close(left)
	}()
	next := func(within time.Duration) string {
		t.Helper()
		select {
		case balances := <-left:
			return balances
		case <-time.After(within):
			t.Fatalf("nothing came within %s", within)
			return ""
		}
	}
	if first := next(20 * time.Second); !strings.Contains(first, `"slug":"ai_requests","used":0,"limit":5,"available":5`) {
		t.Errorf("at first: %s", first)
	}
	soonest := time.Hour // of five: a busy machine may be late once
	for n := range 5 {
		p.ask("Hello")
		settled := time.Now()
		want := fmt.Sprintf(`"used":%d,"limit":5,"available":%d,"unlimited":false,"resetsAt":null,"held":0`, n+1, 4-n)
		for got := ""; !strings.Contains(got, want); {
			got = next(20 * time.Second)
		}
		soonest = min(soonest, time.Since(settled))
	}
	if soonest > time.Second {
		t.Errorf("the page heard of it after %s, want a second at most", soonest)
	}
}
