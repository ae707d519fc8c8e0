package main

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTallyShowsTheFirstInvalidLinesOfTheFile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lines, shown int
		more         int64
	}{{0, 0, 0}, {1, 1, 0}, {shownMax, shownMax, 0}, {shownMax + 1, shownMax, 1}, {1000, shownMax, 1000 - shownMax}} {
		var got, want []string
		tally := newTally(false, func(l badLine) { got = append(got, l.String()) })
		for _, i := range rand.Perm(tt.lines) { // the streams meet them in any order
			tally.invalid(badLine{int64(i + 1), "no"})
		}
		more := tally.close()
		for i := range tt.shown {
			want = append(want, fmt.Sprintf("line %d: no", i+1))
		}
		if diff := cmp.Diff(want, got); diff != "" || more != tt.more {
			t.Errorf("of %d invalid lines %d more, want %d; printed (-want +got):\n%s", tt.lines, more, tt.more, diff)
		}
	}
}

func TestTallyPrintsAllAtOnceWhenAsked(t *testing.T) {
	t.Parallel()
	printed := 0
	tally := newTally(true, func(badLine) { printed++ })
	for i := range shownMax + 5 {
		tally.invalid(badLine{int64(i + 1), "no"})
	}
	if printed != shownMax+5 {
		t.Errorf("%d lines were printed before the end, want %d", printed, shownMax+5)
	}
	if more := tally.close(); more != 0 || printed != shownMax+5 {
		t.Errorf("the end tells of %d more and has printed %d, want 0 and %d", more, printed, shownMax+5)
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	read := &counting{}
	read.n.Store(250)
	for _, tt := range []struct {
		name string
		size int64
		n    counts
		want string
	}{
		{"a file", 1000, counts{Accepted: 10000, Duplicate: 2000}, "████████░░░░░░░░░░░░░░░░░░░░░░  25%  12,000 lines, 6,000 a second"},
		{"a pipe has no end in sight", 0, counts{Accepted: 3, Refused: 1}, "4 lines, 2 a second"},
		{"invalid lines are told", 0, counts{Accepted: 2, Invalid: 4}, "6 lines, 3 a second, 4 invalid"},
	} {
		if got := (progress{&read.n, tt.size}).line(tt.n, 2*time.Second); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}
