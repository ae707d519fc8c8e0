package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/middleware"
	"github.com/tollgate/tollgate/quantity"
)

// The meters of the catalog.
const (
	requestsMeter = "ai_requests"
	tokensMeter   = "tokens"
)

// A line is one piece of a streamed answer, as JSON on a line of its own: a word; or the end, with the tokens it took;
// or why there is no more.
type line struct {
	Word   string `json:"word,omitempty"`
	Tokens int64  `json:"tokens,omitempty"`
	Error  string `json:"error,omitempty"`
}

const linesType = "application/x-ndjson"

// streams reports whether a request wants its answer line by line; a form's wants a page.
func streams(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), linesType) }

// asks lets through what is a question, so that nothing else is metered.
func (s *site) asks(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		prompt := r.PostFormValue("prompt")
		if strings.TrimSpace(prompt) == "" || len(prompt) > promptBytesMax {
			s.fail(w, r, fault.Field("prompt", len(prompt), promptBytesMax, "A question has up to %d bytes, and at least a word.", promptBytesMax))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answer is POST /chat, behind both meters. It costs the tokens it has, and nothing when the model breaks off. A reader
// who leaves pays for what was said until then: else whoever hangs up before the last word would chat for nothing.
func (s *site) answer(w http.ResponseWriter, r *http.Request) {
	ctx, prompt := r.Context(), r.PostFormValue("prompt")
	say := func(line) error { return nil }
	if streams(r) {
		w.Header().Set("Content-Type", linesType)
		out, control := json.NewEncoder(w), http.NewResponseController(w)
		say = func(l line) error { return errors.Join(out.Encode(l), control.Flush()) }
	}
	var said strings.Builder
	tokens, err := s.model.answer(ctx, prompt, func(word string) error {
		said.WriteString(word)
		return say(line{Word: word})
	})
	if errors.Is(err, errBroken) {
		middleware.OfMeter(ctx, requestsMeter).Forgive()
		middleware.OfMeter(ctx, tokensMeter).Forgive()
		if !streams(r) {
			s.fail(w, r, fault.New(fault.Unavailable, "The model broke off. This cost you nothing."))
			return
		}
		_ = say(line{Error: "The model broke off. This cost you nothing."}) // a reader who has left needs no excuse
		return
	}
	op := middleware.OfMeter(ctx, tokensMeter)
	op.Use(quantity.Whole(tokens))
	keep := turnsMax
	_, err = s.engine.CheckFeature(context.WithoutCancel(ctx), op.Customer(), "history")
	if fault.Has(err, fault.FeatureNotInPlan) {
		keep = 1 // guests see their last answer
	}
	s.talks.add(op.Customer(), turn{prompt, said.String(), tokens}, keep)
	if !streams(r) {
		http.Redirect(w, r, "/#last", http.StatusSeeOther)
		return
	}
	_ = say(line{Tokens: tokens})
}

// refuse answers who may not ask: a program as the API does, a person with the page, the question and the way on.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, status int, why *fault.Error) {
	switch {
	case streams(r):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(why) // a reader who has left is not told
	case why.Code == fault.InsufficientCredits:
		balance, _ := why.Details["balance"].(string)
		s.page(func(v *visit) error {
			return s.showChat(v, status, talk{Prompt: r.PostFormValue("prompt"), OutOf: id.Slug(balance)})
		})(w, r)
	default:
		s.fail(w, r, why)
	}
}
