package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/quantity"
)

func TestTableAlignsItsColumns(t *testing.T) {
	t.Parallel()
	table := newTable("NAME", ">USED", "NOTE")
	table.add("ada", "1,200", "")
	table.add("Zoë\x1b[31m\ttwo\nlines", "5", "x")
	table.add("b", "-7", "last", "past the last column")
	var b strings.Builder
	if err := table.write(&b); err != nil {
		t.Fatal(err)
	}
	want := `
NAME                 USED  NOTE
ada                 1,200
Zoë�[31m two lines      5  x
b                      -7  last
`
	if diff := cmp.Diff(want[1:], b.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestPaintAddsNoWidth(t *testing.T) {
	t.Parallel()
	table := newTable("A", "B")
	table.add("x", "y")
	table.paint = func(_, column int, cell string) string {
		return (&console{color: column == 0}).paint(red, cell)
	}
	var b strings.Builder
	if err := table.write(&b); err != nil {
		t.Fatal(err)
	}
	if want := "A  B\n\x1b[31mx\x1b[0m  y\n"; b.String() != want {
		t.Errorf("table is %q, want %q", b.String(), want)
	}
}

func TestBar(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		part, whole int64
		want        string
	}{
		{"empty", 0, 100, "░░░░░░░░░░"},
		{"a little shows", 1, 1_000_000, "█░░░░░░░░░"},
		{"half", 50, 100, "█████░░░░░"},
		{"almost full shows a gap", 999_999, 1_000_000, "█████████░"},
		{"full", 100, 100, "██████████"},
		{"past the limit", 300, 100, "██████████"},
		{"nothing to use", 0, 0, "██████████"},
		{"quantities as large as they come", 1 << 62, 1<<63 - 1, "█████░░░░░"},
	} {
		if got := bar(tt.part, tt.whole, 10); got != tt.want {
			t.Errorf("%s: bar(%d, %d) is %s, want %s", tt.name, tt.part, tt.whole, got, tt.want)
		}
	}
}

func TestBalanceTableHasBarsOnATerminal(t *testing.T) {
	t.Parallel()
	of := func(n int64) *quantity.Units { u := quantity.Whole(n); return &u }
	balances := []credit.Balance{
		{Slug: "tokens", Used: quantity.Whole(750), Limit: of(1000), Available: of(250), Held: of(0)},
		{Slug: "images", Used: quantity.Whole(12), Limit: of(10), Available: of(-2), Held: of(0)},
		{Slug: "seats", Used: quantity.Whole(3), Unlimited: true, Held: of(0)},
	}
	for _, tt := range []struct {
		name string
		c    *console
		want string
	}{
		{"in a pipe", &console{}, `
BALANCE  USED      LIMIT  AVAILABLE  HELD  RESETS (UTC)
tokens    750      1,000        250     0  never
images     12         10         -2     0  never
seats       3  unlimited  unlimited     0  never
`},
		{"on a terminal", &console{outTerminal: true}, `
BALANCE  USED      LIMIT  AVAILABLE  HELD  RESETS (UTC)
tokens    750      1,000        250     0  never         ███████████████░░░░░
images     12         10         -2     0  never         ████████████████████
seats       3  unlimited  unlimited     0  never
`},
	} {
		var b strings.Builder
		if err := balanceTable(tt.c, balances).write(&b); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want[1:], b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestBalancesSayWhatTheyOwe(t *testing.T) {
	t.Parallel()
	owed := quantity.Whole(1500)
	var out bytes.Buffer
	err := showBalances(&console{out: &out}, []credit.Balance{
		{Slug: "calls"}, {Slug: "tokens", Debt: &owed}, {Slug: "credits", Debt: &owed, Suspended: true}, {Slug: "chats", Suspended: true}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `tokens owes 1,500, which the next grants pay first.
credits owes 1,500, and is suspended until they are paid.
chats is suspended until the subscription is paid.
`
	if _, got, _ := strings.Cut(out.String(), "\nchats "); !strings.HasSuffix(got, want) {
		t.Errorf("below the table stands:\n%s\nwant:\n%s", got, want)
	}
}

func TestFullness(t *testing.T) {
	t.Parallel()
	of := func(n int64) *quantity.Units { u := quantity.Whole(n); return &u }
	for _, tt := range []struct {
		used      int64
		available *quantity.Units
		want      string
	}{{0, of(100), green}, {79, of(21), green}, {80, of(20), yellow}, {99, of(1), yellow}, {100, of(0), red}, {120, of(-20), red}, {5, nil, dim}} {
		if got := fullness(credit.Balance{Used: quantity.Whole(tt.used), Available: tt.available}); got != tt.want {
			t.Errorf("%d used of %s more is %s, want %s", tt.used, limit(tt.available), got, tt.want)
		}
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for in, want := range map[quantity.Units]string{
		0: "0", quantity.One / 2: "0.5", quantity.Whole(999): "999", quantity.Whole(1000): "1,000",
		-quantity.Whole(100): "-100", -quantity.Whole(1234567) - 1: "-1,234,567.000001", quantity.Max: "1,000,000,000,000",
	} {
		if got := units(in); got != want {
			t.Errorf("units(%d) is %s, want %s", int64(in), got, want)
		}
	}
	if got := signed(quantity.Whole(5)) + signed(-quantity.Whole(5)) + signed(0); got != "+5-50" {
		t.Errorf("signed 5, -5, 0 are %s, want +5-50", got)
	}
}
