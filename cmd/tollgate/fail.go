package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/plan"
)

// fail reports what went wrong and returns the exit code for it.
func (c *console) fail(err error) int {
	var problems plan.Problems
	f := fault.Of(err)
	switch {
	case unheard(err):
		return exitUnheard
	case errors.As(err, &problems):
		for _, p := range problems {
			c.note("%s\n", printable(p.String()))
		}
		c.note("error: the catalog has %s; nothing was published\n", counted(int64(len(problems)), "problem"))
	case f != nil:
		f = onCommandLine(f)
		c.note("error: %s\n", printable(f.Message))
		for _, key := range slices.Sorted(maps.Keys(f.Details)) {
			if v := f.Details[key]; v != nil {
				c.note("  %s: %s\n", key, printable(detail(v)))
			}
		}
		if cause := f.Unwrap(); cause != nil {
			c.note("  cause: %s\n", printable(cause.Error()))
		}
	default:
		c.note("error: %s\n", printable(err.Error()))
	}
	return exitFailed
}

// detail returns a detail of a fault as people read it: a text as it is, and anything else as in an answer over HTTP.
func detail(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	var s string
	if json.Unmarshal(text, &s) == nil {
		return s
	}
	return string(text)
}

// unheard reports whether an error is that the reader of standard output has left, such as head: no news to anybody.
func unheard(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && path.Path == os.Stdout.Name() && errors.Is(path.Err, syscall.EPIPE)
}

// misused reports a command line that makes no sense.
func (c *console) misused(err error) int {
	if unheard(err) { // while --help was printed
		return exitUnheard
	}
	message := err.Error()
	if rest, ok := strings.CutPrefix(message, "unknown flag -"); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' { // no flag was meant
		message = fmt.Sprintf("what begins with -%c is no flag: write a number below 0 after all flags and --, as in -- -%[1]c", rest[0])
	}
	c.note("error: %s\n", printable(message))
	command := "tollgate"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		command = parse.Context.Selected().FullPath()
	}
	c.note("See %s --help.\n", command)
	return exitUsage
}

// redacting hides the passwords of database URLs from whatever passes through it, one message at a time.
type redacting struct{ to io.Writer }

func (r redacting) Write(b []byte) (int, error) {
	if _, err := io.WriteString(r.to, redact(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// redact replaces the passwords of the database URLs in s. It takes too much rather than too little: a password
// nobody has escaped may hold anything but space.
func redact(s string) string {
	if strings.Contains(s, "://") {
		url := regexp.MustCompile(`(\w+://[^\s:/@]*):\S*@`)
		s = url.ReplaceAllStringFunc(s, func(found string) string {
			if strings.HasPrefix(found, "http") { // our own: a port, and an @ in a path
				return found
			}
			return url.ReplaceAllString(found, "$1:xxxxx@")
		})
	}
	if strings.Contains(strings.ToLower(s), "password=") {
		s = regexp.MustCompile(`(?i)(password=)[^\s&"']+`).ReplaceAllString(s, "${1}xxxxx")
	}
	return s
}
