package plan

import (
	"fmt"
	"io"
	"strings"
)

// Render writes changes for people, in the manner of Terraform: + for what is added, ~ for what is
// changed, - for what is removed, a warning below the change it belongs to, and a summary as the last
// line. It uses ANSI colours when color is true, and returns the error of w.
func Render(w io.Writer, changes []Change, color bool) error {
	if len(changes) == 0 {
		_, err := io.WriteString(w, "No changes. The catalog is up to date.\n")
		return err
	}
	paint := func(code, s string) string {
		if !color {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	var b strings.Builder
	counts := map[Op]int{}
	for _, c := range changes {
		counts[c.Op]++
		switch c.Op {
		case Create:
			fmt.Fprintf(&b, "  %s %s%s\n", paint("32", "+"), c.Path, tail(c.New))
		case Update:
			fmt.Fprintf(&b, "  %s %s: %s -> %s\n", paint("33", "~"), c.Path, side(c.Old), side(c.New))
		case Delete:
			fmt.Fprintf(&b, "  %s %s%s\n", paint("31", "-"), c.Path, tail(c.Old))
		}
		if c.Warning != "" {
			fmt.Fprintf(&b, "      %s\n", paint("33", "! "+c.Warning))
		}
	}
	fmt.Fprintf(&b, "\nPlan: %d to add, %d to change, %d to remove.\n", counts[Create], counts[Update], counts[Delete])
	_, err := io.WriteString(w, b.String())
	return err
}

// tail returns the fields of a part behind its path, on one line.
func tail(fields string) string {
	if fields == "" {
		return ""
	}
	return " (" + oneLine(fields) + ")"
}

// side returns one side of an update.
func side(value string) string {
	if value == "" {
		return "(none)"
	}
	return oneLine(value)
}

// oneLine folds the line breaks a description may have.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
