package script_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

const (
	waitMax     = 30 * time.Second      // waitfor gives up
	waitBetween = 20 * time.Millisecond // two looks of waitfor
	lookMax     = 2 * time.Second       // one look of waitfor
	requestMax  = 60 * time.Second      // http gives up
	answerMax   = 16 << 20              // bytes of an answer
)

// freeport sets a variable to a port nobody listens on.
func freeport(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport VAR")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	ts.Check(err)
	ts.Check(listener.Close())
	ts.Setenv(args[0], port)
}

// waitFor waits until a URL answers 200.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor URL")
	}
	client := &http.Client{Timeout: lookMax}
	last := "no answer"
	for deadline := time.Now().Add(waitMax); time.Now().Before(deadline); time.Sleep(waitBetween) {
		answer, err := client.Get(args[0])
		if err != nil {
			last = err.Error()
			continue
		}
		ts.Check(answer.Body.Close())
		if answer.StatusCode == http.StatusOK {
			return
		}
		last = answer.Status
	}
	ts.Fatalf("%s did not answer 200 within %s: %s", args[0], waitMax, last)
}

// request sends an HTTP request and compares the status of the answer.
func request(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! http (name the status you expect)")
	}
	asked, err := parseRequest(args)
	ts.Check(err)
	body := asked.body
	if file, ok := strings.CutPrefix(body, "@"); ok {
		body = ts.ReadFile(file)
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestMax)
	defer cancel()
	message, err := http.NewRequestWithContext(ctx, asked.method, asked.url, strings.NewReader(body))
	ts.Check(err)
	if body != "" {
		message.Header.Set("Content-Type", "application/json")
	}
	if key := ts.Getenv("KEY"); key != "" {
		message.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := http.DefaultClient.Do(message)
	ts.Check(err)
	text, err := io.ReadAll(io.LimitReader(answer.Body, answerMax))
	ts.Check(err)
	ts.Check(answer.Body.Close())
	_, err = ts.Stdout().Write(text)
	ts.Check(err)
	_, err = fmt.Fprintf(ts.Stderr(), "%s %s\n", answer.Proto, answer.Status)
	ts.Check(err)
	ts.Check(answer.Header.Write(ts.Stderr()))
	if !asked.expects(answer.StatusCode) {
		ts.Fatalf("%s %s answered %s, want %s:\n%s", asked.method, asked.url, answer.Status, asked.wanted(), text)
	}
}

// A call is what the arguments of http ask for.
type call struct {
	method, url, body string
	status            int // 0: any 2xx
}

func parseRequest(args []string) (call, error) {
	if len(args) < 2 || len(args) > 4 {
		return call{}, fmt.Errorf("usage: http METHOD URL [body] [status]")
	}
	asked := call{method: args[0], url: args[1]}
	rest := args[2:]
	if len(rest) > 0 {
		if status, err := strconv.Atoi(rest[len(rest)-1]); err == nil && status >= 100 && status <= 599 {
			asked.status = status
			rest = rest[:len(rest)-1]
		}
	}
	switch len(rest) {
	case 0:
	case 1:
		asked.body = rest[0]
	default:
		return call{}, fmt.Errorf("http: %q is no status", rest[1])
	}
	return asked, nil
}

func (c call) expects(status int) bool {
	if c.status == 0 {
		return status >= 200 && status <= 299
	}
	return status == c.status
}

func (c call) wanted() string {
	if c.status == 0 {
		return "2xx"
	}
	return strconv.Itoa(c.status)
}

// capture sets a variable to the last standard output, or to the part of it a pattern finds.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: capture VAR [regexp]")
	}
	output := ts.ReadFile("stdout")
	if len(args) == 1 {
		ts.Setenv(args[0], strings.TrimSpace(output))
		return
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	found := pattern.FindStringSubmatch(output)
	if found == nil {
		ts.Fatalf("capture %s: nothing matches %s in:\n%s", args[0], args[1], output)
	}
	ts.Setenv(args[0], found[len(found)-1])
}
