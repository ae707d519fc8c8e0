// Package trace holds a workload to replay: the conversation trace of Azure's LLM inference dataset of 2023, an hour
// of requests to a real service, each with the tokens that went in and came out. LICENSE and CITATION.cff beside it
// say whose it is and how to cite it.
package trace

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

const (
	// Count is how many requests the trace has.
	Count = 19366
	// Citation names the trace and its paper in one line, as its authors ask.
	Citation = "Azure LLM inference trace 2023 (CC-BY 4.0), from: Patel et al., Splitwise: Efficient generative LLM inference using phase splitting, ISCA 2024."

	header = "TIMESTAMP,ContextTokens,GeneratedTokens"
	layout = "2006-01-02 15:04:05.0000000" // UTC
)

//go:embed azure_llm_conv.csv.gz
var compressed []byte

// A Request is one call of the model.
type Request struct {
	At        time.Time // UTC
	Context   int64     // tokens that went in
	Generated int64     // tokens that came out
}

// Requests returns the requests in the order of their times. The error is about a trace that is not what it was.
func Requests() ([]Request, error) {
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("unpack the trace: %w", err)
	}
	requests, err := read(z)
	if err == nil && len(requests) != Count {
		err = fmt.Errorf("the trace has %d requests instead of %d", len(requests), Count)
	}
	return requests, err
}

// read reads a trace. Every line must be spelled exactly as it is published; lines end with CR LF, the last one may not.
func read(r io.Reader) ([]Request, error) {
	var out []Request
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if n == 1 {
			if line != header {
				return nil, fmt.Errorf("trace line 1: %q instead of %q", line, header)
			}
			continue
		}
		request, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("trace line %d: %w", n, err)
		}
		if len(out) > 0 && request.At.Before(out[len(out)-1].At) {
			return nil, fmt.Errorf("trace line %d: it lies before the line above", n)
		}
		out = append(out, request)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the trace: %w", err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the trace has no requests")
	}
	return out, nil
}

func parse(line string) (Request, error) {
	fields := strings.Split(line, ",")
	if len(fields) != 3 {
		return Request{}, fmt.Errorf("%q has %d fields instead of 3", line, len(fields))
	}
	at, err := time.ParseInLocation(layout, fields[0], time.UTC)
	if err != nil {
		return Request{}, err
	}
	in, err := tokens(fields[1])
	if err != nil {
		return Request{}, err
	}
	out, err := tokens(fields[2])
	return Request{At: at, Context: in, Generated: out}, err
}

// tokens reads a number of tokens: digits, and at least one token.
func tokens(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of tokens", s)
	}
	if n < 1 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%q is not a number of tokens from 1 on", s)
	}
	return n, nil
}
