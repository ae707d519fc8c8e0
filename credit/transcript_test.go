package credit_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

var update = flag.Bool("update", false, "write the transcripts in testdata anew")

// TestTranscripts plays each scenario of testdata. Lines at the margin are what is asked, the indented
// lines below are the ledger lines written and the balance after them.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(b))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(b), got); diff != "" {
				t.Errorf("%s has changed (-want +got); run with -update once each line is right:\n%s", file, diff)
			}
		})
	}
}

// A player reads a scenario line by line.
type player struct {
	t       *testing.T
	out     strings.Builder
	state   credit.State
	lines   []credit.Entry
	now     time.Time
	zone    *time.Location
	terms   credit.Terms
	every   period.Every
	anchor  time.Time
	granted map[string]credit.Lot
	paid    map[string][]credit.Part
}

func play(t *testing.T, script string) string {
	t.Helper()
	p := &player{t: t, zone: time.UTC, granted: map[string]credit.Lot{}, paid: map[string][]credit.Part{}}
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		p.out.WriteString(line)
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			p.do(strings.Fields(line))
		}
	}
	folded, err := credit.Fold(credit.State{}, p.lines)
	if err != nil {
		t.Fatal(err)
	}
	if err := folded.Same(&p.state); err != nil {
		t.Fatalf("the ledger leads elsewhere: %v", err)
	}
	return p.out.String()
}

func (p *player) do(words []string) {
	verb, words := words[0], words[1:]
	options := map[string]string{}
	var args []string
	for _, w := range words {
		if k, v, ok := strings.Cut(w, "="); ok {
			options[k] = v
			continue
		}
		args = append(args, w)
	}
	switch verb {
	case "zone":
		zone, err := time.LoadLocation(args[0])
		if err != nil {
			p.t.Fatal(err)
		}
		p.zone = zone
	case "at":
		p.now = p.time(args[0])
	case "plan":
		p.plan(args, options)
	default:
		p.request(credit.Kind(verb), args, options)
	}
}

func (p *player) plan(args []string, options map[string]string) {
	p.terms = credit.Terms{Limit: p.units(options["limit"]), Rollover: p.units(options["rollover"])}
	p.every = period.Every(options["every"])
	if s := options["anchor"]; s != "" {
		p.anchor = p.time(s)
	}
	for _, a := range args {
		switch a {
		case "soft":
			p.terms.Soft = true
		case "unlimited":
			p.terms.Unlimited = true
		case "keep":
			p.terms.Keep = true
		}
	}
}

func (p *player) request(k credit.Kind, args []string, options map[string]string) {
	p.terms.Window = period.Window(p.every, p.zone, period.Cycle{Anchor: p.anchor}, p.now)
	r := credit.Request{Kind: k, Meter: id.Slug(options["meter"]), Aggregation: meter.Aggregation(options["as"]), Cost: quantity.One, UsageAt: p.now}
	if len(args) > 0 {
		r.Cause = args[0]
	}
	if len(args) > 1 {
		r.Amount = p.units(args[1])
	}
	if s := options["cost"]; s != "" {
		r.Cost = p.units(s)
	}
	if s := options["usageAt"]; s != "" {
		r.UsageAt = p.time(s)
	}
	switch k {
	case "touch":
		r = credit.Request{}
	case credit.KindHold:
		r.ExpiresAt = p.now.Add(credit.HoldDefault)
		if s := options["expires"]; s != "" {
			r.ExpiresAt = p.time(s)
		}
	case credit.KindGrant:
		r.Lot = p.lot(r, options)
	case credit.KindVoid:
		r.Parts = p.paid[r.Cause]
		for _, part := range r.Parts {
			if l, ok := p.granted[part.Grant]; ok {
				r.Lots = append(r.Lots, l)
			}
		}
	}
	state, lines, res, err := credit.Apply(p.state, p.terms, r, p.now)
	p.state, p.lines = state, append(p.lines, lines...)
	if k.IsUsage() {
		p.paid[r.Cause] = res.Parts
	}
	if k == credit.KindRevoke {
		delete(p.granted, r.Cause)
	}
	p.show(lines, err)
}

func (p *player) lot(r credit.Request, options map[string]string) credit.Lot {
	l := credit.Lot{
		ID: r.Cause, Source: "bonus", Amount: r.Amount, Priority: credit.PriorityDefault, CreatedAt: p.now, StartsAt: p.now,
	}
	if s := options["priority"]; s != "" {
		if _, err := fmt.Sscan(s, &l.Priority); err != nil {
			p.t.Fatal(err)
		}
	}
	if s := options["starts"]; s != "" {
		l.StartsAt = p.time(s)
	}
	if s := options["expires"]; s != "" {
		l.ExpiresAt = p.time(s)
	}
	p.granted[l.ID] = l
	return l
}

func (p *player) show(lines []credit.Entry, err error) {
	for _, e := range lines {
		sign := ""
		if e.Amount >= 0 {
			sign = "+"
		}
		fmt.Fprintf(&p.out, "  %2d %-11s %6s → %-5s %s", e.Seq, e.Kind, sign+e.Amount.String(), e.Balance, e.Cause)
		for _, part := range e.Parts {
			source := part.Grant
			if source == "" {
				source = "allowance"
			}
			fmt.Fprintf(&p.out, " %s:%s", source, part.Amount)
		}
		if !e.At.Equal(p.now) {
			fmt.Fprintf(&p.out, " (as of %s)", e.At.In(p.zone).Format("Jan 2 15:04"))
		}
		if w := e.Window; w != nil {
			limit := w.Limit.String()
			if w.Unlimited {
				limit = "unlimited"
			}
			if w.Soft {
				limit += ", soft"
			}
			fmt.Fprintf(&p.out, " [%s to %s, limit %s]", p.day(w.Start), p.day(w.End), limit)
		}
		p.out.WriteByte('\n')
	}
	var refused *fault.Error
	if errors.As(err, &refused) {
		fmt.Fprintf(&p.out, "  refused: %v\n", refused)
	}
	fmt.Fprintf(&p.out, "  available %s, used %s, held %s\n",
		p.state.Available(p.now), p.state.Window.Used, p.state.Held())
}

func (p *player) day(t time.Time) string {
	if t.IsZero() {
		return "ever"
	}
	return t.In(p.zone).Format("2006-01-02 15:04 -0700")
}

func (p *player) units(s string) quantity.Units {
	if s == "" {
		return 0
	}
	u, err := quantity.Parse(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return u
}

func (p *player) time(s string) time.Time {
	p.t.Helper()
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05.000000"} {
		if t, err := time.ParseInLocation(layout, s, p.zone); err == nil {
			return t.UTC()
		}
	}
	p.t.Fatalf("%q is not a time", s)
	return time.Time{}
}
