package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// fact returns a line of the import that is padded to so many bytes.
func fact(transaction string, size int) string {
	line := `{"customer":"ada","meter":"requests","amount":1,"transactionId":"` + transaction + `"}`
	if size > len(line) {
		line = strings.TrimSuffix(line, "}") + strings.Repeat(" ", size-len(line)) + "}"
	}
	return line
}

func TestLineReader(t *testing.T) {
	t.Parallel()
	long := fmt.Sprintf("line 1: the line is longer than %d bytes", lineBytesMax)
	for _, tt := range []struct {
		name, input string
		want        []string // the transactions of events, the text of bad lines
	}{
		{"an empty input has no lines", "", nil},
		{"blank lines are skipped and counted", "\n  \n" + fact("a", 0) + "\n\nno\n", []string{"3 a", "line 5: an event is one JSON object"}},
		{"the last line needs no end", fact("a", 0) + "\n" + fact("b", 0), []string{"1 a", "2 b"}},
		{"lines of Windows are lines", fact("a", 0) + "\r\n" + fact("b", 0) + "\r\n", []string{"1 a", "2 b"}},
		{"a byte order mark is skipped", "\ufeff" + fact("a", 0), []string{"1 a"}},
		{"a line of the longest kind", fact("a", lineBytesMax) + "\n" + fact("b", 0), []string{"1 a", "2 b"}},
		{"a line of the longest kind from Windows", fact("a", lineBytesMax) + "\r\n" + fact("b", 0), []string{"1 a", "2 b"}},
		{"a line of the longest kind without an end", fact("a", lineBytesMax), []string{"1 a"}},
		{"a line one byte longer", fact("a", lineBytesMax+1) + "\n" + fact("b", 0), []string{long, "2 b"}},
		{"a line one byte longer from Windows", fact("a", lineBytesMax+1) + "\r\n" + fact("b", 0), []string{long, "2 b"}},
		{"a line one byte longer without an end", fact("a", lineBytesMax+1), []string{long}},
		{"a line many times longer", fact("a", 5*lineBytesMax) + "\n" + fact("b", 0) + "\n", []string{long, "2 b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for way, from := range map[string]io.Reader{
				"as it is":    strings.NewReader(tt.input),
				"in pieces":   iotest.HalfReader(strings.NewReader(tt.input)),
				"with gzip":   bytes.NewReader(zipped(t, tt.input)),
				"end at once": iotest.DataErrReader(strings.NewReader(tt.input)),
			} {
				got, err := readAll(from)
				if err != nil {
					t.Errorf("%s: %v", way, err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s: what is read (-want +got):\n%s", way, diff)
				}
			}
		})
	}
}

func TestAnInputThatBreaksOffIsNoEnd(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	got, err := readAll(io.MultiReader(strings.NewReader(fact("a", 0)+"\n"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v, want %v", err, broken)
	}
	if diff := cmp.Diff([]string{"1 a"}, got); diff != "" {
		t.Errorf("what is read before it (-want +got):\n%s", diff)
	}
	packed := zipped(t, strings.Repeat(fact("a", 0)+"\n", 1000))
	if _, err := readAll(bytes.NewReader(packed[:len(packed)-4])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the error of a cut gzip file is %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

func zipped(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readAll returns what a lineReader makes of an input.
func readAll(from io.Reader) ([]string, error) {
	lines, err := newLineReader(from)
	if err != nil {
		return nil, err
	}
	var got []string
	for {
		e, err := lines.next()
		var bad badLine
		switch {
		case err == io.EOF:
			return got, nil
		case errors.As(err, &bad):
			got = append(got, bad.String())
		case err != nil:
			return got, err
		default:
			got = append(got, fmt.Sprintf("%d %s", e.line, e.usage.TransactionID))
		}
	}
}

func TestParseUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, line, want string }{
		{"all fields", `{"customer":"a","meter":"m","amount":"1.5","transactionId":"t","at":"2026-01-31T12:00:00Z","properties":{"x":[1]},"record":true}`, ""},
		{"null is not sent", `{"customer":"a","meter":"m","amount":null,"transactionId":"t","at":null,"properties":null,"record":null}`, ""},
		{"an unknown field", `{"customer":"a","user":"b"}`, `there is no field "user" in an event; there are amount, at, customer, meter, properties, record, transactionId`},
		{"a field in other letters", `{"Customer":"a"}`, `there is no field "Customer" in an event; there are amount, at, customer, meter, properties, record, transactionId`},
		{"an amount in words", `{"amount":"five"}`, `amount must be a decimal number such as 12 or 0.5, of up to 1000000000000 with up to 6 decimals, not "five"`},
		{"a number for a text", `{"customer":5}`, `customer must be a text, not 5`},
		{"a text for a switch", `{"record":"yes"}`, `record must be true or false, not "yes"`},
		{"a day for a time", `{"at":"2026-01-31"}`, `at must be a time such as 2026-01-31T15:04:05Z, not "2026-01-31"`},
		{"an array", `[]`, "an event is one JSON object"},
		{"half an object", `{"customer":`, "this is not JSON: the line ends in the middle of it"},
		{"two objects", `{} {}`, "this is not JSON: invalid character '{' after top-level value, at byte 4"},
		{"a long value is cut", `{"at":"` + strings.Repeat("x", 100) + `"}`, `at must be a time such as 2026-01-31T15:04:05Z, not "` + strings.Repeat("x", 59) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if _, err := parseUsage([]byte(tt.line)); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("parseUsage(%s)\n got %s\nwant %s", tt.line, got, tt.want)
			}
		})
	}
}

func FuzzLineReader(f *testing.F) {
	f.Add([]byte(fact("a", 0) + "\n\nno\n"))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, input []byte) {
		if bytes.HasPrefix(input, []byte{0x1f, 0x8b}) {
			t.Skip("gzip has a fuzz test of its own")
		}
		got, err := readAll(bytes.NewReader(input))
		if err != nil {
			t.Fatalf("an input in memory cannot break off: %v", err)
		}
		if most := bytes.Count(input, []byte("\n")) + 1; len(got) > most {
			t.Fatalf("%d events and bad lines from %d lines", len(got), most)
		}
	})
}
