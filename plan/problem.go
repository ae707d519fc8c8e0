package plan

import (
	"fmt"
	"strings"

	"github.com/tollgate/tollgate/fault"
)

// ProblemsMax is how many problems Parse reports; what it finds past that is only counted.
const ProblemsMax = 100

// A Problem is one thing that is wrong with a catalog document, where it is, and what to write instead.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line"`   // 1 is the first
	Column  int    `json:"column"` // 1 is the first; counted in characters
	Path    string `json:"path"`   // the keys that lead to it: plans.pro.includes.tokens; empty for the document
	Message string `json:"message"`
	Instead string `json:"instead,omitempty"`
}

// String returns the problem on one line, the way compilers do:
//
//	chat.yaml:12:7: plans.pro.trial: "2 weeks" is not a number of days; write 14d
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	fmt.Fprintf(&b, "%d:%d: ", p.Line, p.Column)
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	if p.Instead != "" {
		b.WriteString("; " + p.Instead)
	}
	return b.String()
}

// Problems is all that is wrong with a catalog document, in the order of the document. It is never
// empty when it is an error. fault.Of finds its Fault.
type Problems []Problem

// Error returns one problem per line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Fault returns the problems as an Invalid fault with a detail "problems": an array of objects with
// file, line, column, path, message and instead.
func (ps Problems) Fault() *fault.Error {
	what := fmt.Sprintf("%d problems", len(ps))
	if len(ps) == 1 {
		what = "1 problem"
	}
	return fault.New(fault.Invalid, "The catalog has %s: correct each line named under problems and send it again.", what).
		With("problems", ps)
}

// Unwrap returns Fault, so that the faces answer a Problems as they answer every fault.
func (ps Problems) Unwrap() error { return ps.Fault() }
