package trace

import (
	"strings"
	"testing"
	"time"
)

func TestRequestsAreThoseOfTheTrace(t *testing.T) {
	t.Parallel()
	requests, err := Requests()
	if err != nil {
		t.Fatal(err)
	}
	var in, out int64
	for _, r := range requests {
		in, out = in+r.Context, out+r.Generated
	}
	if in != 22_361_870 || out != 4_088_665 {
		t.Errorf("the trace has %d tokens in and %d out, want 22361870 and 4088665", in, out)
	}
	first := Request{At: time.Date(2023, 11, 16, 18, 15, 46, 680_590_000, time.UTC), Context: 374, Generated: 44}
	if requests[0] != first {
		t.Errorf("the first request is %v, want %v", requests[0], first)
	}
	last := Request{At: time.Date(2023, 11, 16, 19, 14, 8, 402_527_000, time.UTC), Context: 197, Generated: 183}
	if got := requests[len(requests)-1]; got != last {
		t.Errorf("the last request is %v, want %v", got, last)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	const line = "2023-11-16 18:15:46.6805900,374,44"
	for _, tt := range []struct {
		name, text string
		want       string // "" accepts
	}{
		{"nothing that is well formed", header + "\r\n" + line + "\r\n" + line, ""},
		{"another header", "TIMESTAMP,ContextTokens\n" + line, "line 1"},
		{"a header alone", header + "\n", "no requests"},
		{"nothing at all", "", "no requests"},
		{"an empty line", header + "\n\n" + line, "line 2"},
		{"a field too few", header + "\n2023-11-16 18:15:46.6805900,374", "2 fields"},
		{"a field too many", header + "\n" + line + ",1", "4 fields"},
		{"a time with fewer decimals", header + "\n2023-11-16 18:15:46.680,374,44", "cannot parse"},
		{"a day that is none", header + "\n2023-11-31 18:15:46.6805900,374,44", "out of range"},
		{"a negative number", header + "\n2023-11-16 18:15:46.6805900,-374,44", "from 1 on"},
		{"no tokens", header + "\n2023-11-16 18:15:46.6805900,374,0", "from 1 on"},
		{"a leading zero", header + "\n2023-11-16 18:15:46.6805900,0374,44", "from 1 on"},
		{"a word", header + "\n2023-11-16 18:15:46.6805900,many,44", "not a number"},
		{"a space", header + "\n2023-11-16 18:15:46.6805900,374, 44", "not a number"},
		{"time that goes back", header + "\n" + line + "\n2023-11-16 18:15:46.6805899,374,44", "line 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := read(strings.NewReader(tt.text))
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("it is refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("the error is %v, want one that says %q", err, tt.want)
			}
		})
	}
}
