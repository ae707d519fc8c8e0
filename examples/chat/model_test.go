package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/id"
)

func TestTheModelSaysTheSameAgainAndNeverTooMuch(t *testing.T) {
	t.Parallel()
	different := map[string]bool{}
	for n := range 3000 {
		prompt := strings.Repeat("q", n%(promptBytesMax-4)) + fmt.Sprint(n)
		var said [2]string
		var tokens [2]int64
		for i := range said {
			var err error
			tokens[i], err = (model{}).answer(t.Context(), prompt, func(word string) error { said[i] += word; return nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		if said[0] != said[1] || tokens[0] != tokens[1] {
			t.Fatalf("%q was answered %q (%d), then %q (%d)", prompt, said[0], tokens[0], said[1], tokens[1])
		}
		if tokens[0] > tokensMax || tokens[0] < tokensOf(prompt)+int64(len(said[0]))/bytesPerToken {
			t.Fatalf("%d tokens for a question of %d bytes and an answer of %d", tokens[0], len(prompt), len(said[0]))
		}
		different[said[0]] = true
	}
	if len(different) < 50 {
		t.Errorf("it has only %d answers", len(different))
	}
}

func TestTheModelStops(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	n := 0
	tokens, err := (model{}).answer(t.Context(), "abcd", func(string) error {
		if n++; n == 3 {
			return full
		}
		return nil
	})
	if said := words("abcd"); !errors.Is(err, full) || tokens != 1+tokensOf(said[0])+tokensOf(said[1])+tokensOf(said[2]) {
		t.Errorf("%d tokens, %v", tokens, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := (model{pace: 1 << 40}).answer(ctx, "x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after the reader has left: %v", err)
	}
}

func TestTalksKeepTheLast(t *testing.T) {
	t.Parallel()
	kept := newTalks()
	for n := range turnsMax + 1 {
		kept.add("ada", turn{Prompt: fmt.Sprint(n)}, turnsMax)
	}
	if all := kept.turns("ada"); len(all) != turnsMax || all[0].Prompt != "1" || all[turnsMax-1].Prompt != fmt.Sprint(turnsMax) {
		t.Errorf("%d are kept, from %s on", len(all), all[0].Prompt)
	}
	kept.add("ada", turn{Prompt: "alone"}, 1)
	if all := kept.turns("ada"); len(all) != 1 || all[0].Prompt != "alone" {
		t.Errorf("kept: %+v", all)
	}
	for n := range talksMax {
		kept.add(id.Customer(fmt.Sprint(n)), turn{Prompt: "x"}, 1)
		if len(kept.turns(id.Customer(fmt.Sprint(n)))) != 1 {
			t.Fatal("the newest was forgotten")
		}
	}
	if len(kept.of) != talksMax {
		t.Errorf("%d talks are kept, want %d", len(kept.of), talksMax)
	}
}
