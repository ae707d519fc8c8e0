package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/plan"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"postgres://ada:hunter2@host/name":                     "postgres://ada:xxxxx@host/name",
		"open mysql://ada:hun@ter:2@host:1/name: no":           "open mysql://ada:xxxxx@host:1/name: no",
		"two: postgres://a:b@h/n, postgres://c:d@h/n":          "two: postgres://a:xxxxx@h/n, postgres://c:xxxxx@h/n",
		"postgres://:hunter2@host/name":                        "postgres://:xxxxx@host/name",
		"postgres://host/name?user=ada&password=hunter2&x=1":   "postgres://host/name?user=ada&password=xxxxx&x=1",
		"host=h Password=hunter2 user=ada":                     "host=h Password=xxxxx user=ada",
		"http://127.0.0.1:4242/v1/customers/ada@example.com":   "http://127.0.0.1:4242/v1/customers/ada@example.com",
		"http://127.0.0.1:4242 and ada@example.com":            "http://127.0.0.1:4242 and ada@example.com",
		"nothing to hide":                                      "nothing to hide",
		"postgres://ada@host/name":                             "postgres://ada@host/name",
		`{"url":"postgres://ada:hunter2@host/name","ok":true}`: `{"url":"postgres://ada:xxxxx@host/name","ok":true}`,
	} {
		if got := redact(in); got != want {
			t.Errorf("redact(%s)\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestFail(t *testing.T) {
	t.Parallel()
	refusal := fault.New(fault.NotFound, "There is no key.").With("key", "key_\x1b1").With("also", 5)
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"an error", errors.New("no\x07 way"), "error: no� way\n"},
		{"a fault with its details", fmt.Errorf("revoke: %w", refusal), "error: There is no key.\n  also: 5\n  key: key_�1\n"},
		{"a fault with its cause", fault.New(fault.Unavailable, "Later.").Because(errors.New("disk full")), "error: Later.\n  cause: disk full\n"},
		{"the problems of a catalog", fmt.Errorf("publish: %w", plan.Problems{
			{File: "a.yaml", Line: 2, Column: 3, Path: "meters", Message: "no meter", Instead: "write one"},
			{File: "a.yaml", Line: 9, Column: 1, Message: "no plan"},
		}), "a.yaml:2:3: meters: no meter; write one\na.yaml:9:1: no plan\nerror: the catalog has 2 problems; nothing was published\n"},
	} {
		var b strings.Builder
		c := &console{err: &b}
		if code := c.fail(tt.err); code != exitFailed || b.String() != tt.want {
			t.Errorf("%s: exit %d, want %d; printed\n%swant\n%s", tt.name, code, exitFailed, b.String(), tt.want)
		}
	}
}

func TestQuoted(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "''", "a.db": "a.db", "my file": "'my file'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "postgres://a:b@h/n?x=1": "'postgres://a:b@h/n?x=1'",
	} {
		if got := quoted(in); got != want {
			t.Errorf("quoted(%s) is %s, want %s", in, got, want)
		}
	}
}
