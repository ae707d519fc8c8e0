package main

import (
	"net/http"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

const nameBytesMax = 80

// A talk is what the chat page shows: what was said, and when the last question was refused, it and what ran out.
type talk struct {
	Turns  []turn
	Prompt string
	OutOf  id.Slug // the balance; empty when nothing was refused
	Thanks bool    // somebody comes back from paying
}

// Blank is what chat.js fills in.
func (talk) Blank() turn { return turn{} }

func (s *site) chat(v *visit) error {
	return s.showChat(v, http.StatusOK, talk{Thanks: v.r.URL.Query().Has("paid")})
}

func (s *site) showChat(v *visit, status int, t talk) error {
	t.Turns = s.talks.turns(v.who.ExternalID)
	return s.show(v, status, "chat", "Chat", t)
}

// A form is what was typed and what was wrong with it.
type form struct{ Name, Wrong string }

func (s *site) signUpPage(v *visit) error {
	if !v.guest {
		return v.to("/")
	}
	return s.show(v, http.StatusOK, "sign-up", "Sign up", form{})
}

// signUp makes a user of a guest. It stays the same customer: what was said and counted stays, in one ledger, and what a
// guest had used takes nothing from the user's day, for an allowance that never renews counts apart.
func (s *site) signUp(v *visit) error {
	if !v.guest {
		return v.to("/")
	}
	name := strings.TrimSpace(v.r.PostFormValue("name"))
	if name == "" || len(name) > nameBytesMax {
		return s.show(v, http.StatusUnprocessableEntity, "sign-up", "Sign up", form{name, "A name has 1 to 80 letters."})
	}
	guest := false
	if _, _, err := s.engine.PutCustomer(v.r.Context(), v.who.ExternalID, tollgate.CustomerChange{Name: &name, Guest: &guest}); err != nil {
		return err
	}
	if err := s.remember(v.w, v.who.ExternalID, true); err != nil {
		return err
	}
	return v.to("/")
}
