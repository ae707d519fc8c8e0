package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// A console is where a command reads and writes, and what it knows about the other end.
type console struct {
	in       io.Reader
	out, err io.Writer

	inTerminal, outTerminal, errTerminal bool
	color                                bool // out is a terminal that shows colours
}

// systemConsole returns the console of the process.
func systemConsole() *console {
	c := &console{
		in: os.Stdin, out: os.Stdout, err: redacting{os.Stderr},
		inTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		outTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		errTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	c.color = c.outTerminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" // https://no-color.org
	return c
}

// print writes a result to standard output.
func (c *console) print(format string, args ...any) error {
	_, err := fmt.Fprintf(c.out, format, args...)
	return err
}

// note writes something beside the result to standard error. An error in writing it is no reason to end the
// command, and there is nowhere left to report it.
func (c *console) note(format string, args ...any) {
	fmt.Fprintf(c.err, format, args...)
}

// json writes a result for programs: one line, or indented for whoever looks at it on a terminal.
func (c *console) json(v any) error {
	encoder := json.NewEncoder(c.out)
	encoder.SetEscapeHTML(false)
	if c.outTerminal {
		encoder.SetIndent("", "  ")
	}
	return encoder.Encode(v)
}

// paint returns s in one of the terminal's colours, or as it is where there are none.
func (c *console) paint(code, s string) string {
	if !c.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// The colours used, as ANSI codes.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	dim    = "2"
	bold   = "1"
)
