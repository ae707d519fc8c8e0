package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// controlRows is how many objects, events and deliveries the control page shows.
const controlRows = 50

// controls lays out what only a sandbox has: a page for a person, and the same as JSON for a program. They need no key,
// because a sandbox has nothing to protect; forms of other sites are refused all the same.
func (s *Server) controls(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sandbox/{$}", s.page(s.showControl))
	mux.HandleFunc("GET /_sandbox/objects/{kind}/{id...}", s.page(showObject))
	mux.HandleFunc("GET /_sandbox/now", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, map[string]any{"now": s.Now().Unix()})
	})
	mux.HandleFunc("POST /_sandbox/advance", s.control(func(r *http.Request) error {
		if days := r.PostForm.Get("days"); days != "" {
			n, err := strconv.Atoi(days)
			if err != nil || n < 0 || n > 4000 {
				return invalid("days", "Invalid integer: %s: the clock moves by 0 to 4000 days.", days)
			}
			return s.AdvanceBy(r.Context(), time.Duration(n)*day)
		}
		to, err := strconv.ParseInt(r.PostForm.Get("to"), 10, 64)
		if err != nil {
			return invalid("to", "Pass days, or to as a Unix time.")
		}
		return s.Advance(r.Context(), time.Unix(to, 0))
	}))
	mux.HandleFunc("POST /_sandbox/resend", s.control(func(r *http.Request) error { return s.Resend(r.PostForm.Get("event")) }))
	mux.HandleFunc("POST /_sandbox/reset", s.control(func(*http.Request) error { return s.Reset() }))
	mux.HandleFunc("POST /_sandbox/chaos", s.control(func(r *http.Request) error {
		c, err := chaosOf(r.PostForm.Get)
		if err == nil {
			s.SetChaos(c)
		}
		return err
	}))
}

// control serves a change: a browser goes back to the page, a program gets JSON.
func (s *Server) control(do func(r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, bodyMax)
		if err := r.ParseForm(); err != nil || !sameOrigin(r) {
			answerJSON(w, http.StatusForbidden, map[string]any{"error": "this form cannot be taken"})
			return
		}
		if err := do(r); err != nil {
			answerJSON(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
			return
		}
		if r.Header.Get("Sec-Fetch-Mode") == "navigate" {
			http.Redirect(w, r, "/_sandbox/", http.StatusSeeOther)
			return
		}
		answerJSON(w, http.StatusOK, map[string]any{"now": s.Now().Unix()})
	}
}

func answerJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// chaosOf reads chances in percent, and one fault.
func chaosOf(get func(string) string) (Chaos, error) {
	var c Chaos
	for name, field := range map[string]*int{"duplicate": &c.Duplicate, "delay": &c.Delay, "drop": &c.Drop} {
		if given := get(name); given != "" {
			n, err := strconv.Atoi(given)
			if err != nil || n < 0 || n > 100 {
				return c, invalid(name, "Invalid integer: %s: a chance is between 0 and 100 percent.", given)
			}
			*field = n
		}
	}
	if get("fault") == "" {
		return c, nil
	}
	f := Fault{Path: get("path"), Percent: 100}
	switch given := get("fault"); given {
	case "lose":
		f.Lose = true
	case "429", "500", "503", "409":
		f.Status, _ = strconv.Atoi(given)
	default:
		return c, invalid("fault", "A fault is one of lose, 409, 429, 500 or 503, not %s.", given)
	}
	if n, err := strconv.Atoi(get("percent")); err == nil {
		f.Percent = n
	}
	c.Faults = []Fault{f}
	return c, nil
}

type controlKind struct {
	Kind  string
	Count int
	IDs   []string
}

func (s *Server) showControl(tx *tx, _ visitor) (*view, error) {
	page := struct {
		Now       int64
		Kinds     []controlKind
		Events    []*event
		Endpoints []*webhookEndpoint
		Waiting   int
		Chaos     Chaos
	}{Now: tx.nowOn(""), Endpoints: every[*webhookEndpoint](tx), Chaos: s.chaos.now()}
	for kind, t := range tx.tables {
		if kind == "event" || kind == "replay" || len(t.order) == 0 {
			continue
		}
		shown := controlKind{Kind: kind, Count: len(t.order)}
		for _, r := range slices.Backward(t.order) {
			if len(shown.IDs) < controlRows {
				shown.IDs = append(shown.IDs, r.ident())
			}
		}
		page.Kinds = append(page.Kinds, shown)
	}
	slices.SortFunc(page.Kinds, func(a, b controlKind) int {
		if a.Kind < b.Kind {
			return -1
		}
		return 1
	})
	for _, r := range slices.Backward(tx.table("event").order) {
		e := r.object.(*event)
		page.Waiting += e.PendingWebhooks
		if len(page.Events) < controlRows {
			page.Events = append(page.Events, e)
		}
	}
	return &view{template: "control.html", data: page}, nil
}

func showObject(tx *tx, v visitor) (*view, error) {
	kind, id := v.request.PathValue("kind"), v.request.PathValue("id")
	r := tx.table(kind).rows[id]
	if r == nil || kind == "replay" {
		return nil, absent(kind, id, "id", true)
	}
	body, err := json.MarshalIndent(r.object.shown(tx), "", "  ")
	if err != nil {
		return nil, err
	}
	return &view{template: "object.html", data: map[string]any{"Kind": kind, "ID": id, "Body": string(body)}}, nil
}
