package conform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/stripe/stripe-mock/param"
)

// An Exchange is one request to /v1 and its answer, with their whole bodies.
type Exchange struct {
	Request *http.Request // its Body is not read
	Form    []byte
	Status  int
	Header  http.Header // of the answer
	Answer  []byte
}

// Operation returns the method and the path template of a request, such as "GET /v1/customers/{customer}", or "" when
// the file has no such operation.
func (f *File) Operation(method, path string) string {
	op, template := f.find(method, path)
	if op == nil {
		return ""
	}
	return method + " " + template
}

// Request checks the parameters of a request, in its query and in form together: their names at every depth, their
// types, their enums, and those that are required. An operation that the file does not have is a problem.
func (f *File) Request(r *http.Request, form []byte) []Problem {
	op, _ := f.find(r.Method, r.URL.Path)
	if op == nil {
		return []Problem{{"$", fmt.Sprintf("Stripe has no %s %s", r.Method, r.URL.Path)}}
	}
	_, problems := f.parameters(op, r, form)
	return problems
}

func (f *File) parameters(op *operation, r *http.Request, form []byte) (expand []string, problems []Problem) {
	read := &http.Request{Method: r.Method, URL: r.URL, Header: r.Header, Body: io.NopCloser(bytes.NewReader(form))}
	params, err := param.ParseParams(read)
	if err != nil {
		return nil, []Problem{{"$", "cannot be read as a form: " + err.Error()}}
	}
	w := &walk{file: f, form: true}
	w.value(op.params, params, place{path: "$"})
	asked, ok := params["expand"].([]any)
	if !ok {
		asked, _ = numbered(params["expand"])
	}
	for _, path := range asked {
		expand = append(expand, fmt.Sprint(path))
	}
	return expand, w.problems
}

// Check compares an exchange with the file. A bad request is not a problem when the answer refuses it.
func (f *File) Check(x Exchange) []Problem {
	var problems []Problem
	if x.Header.Get("Request-Id") == "" {
		problems = append(problems, Problem{"$", "the answer has no Request-Id"})
	}
	op, template := f.find(x.Request.Method, x.Request.URL.Path)
	if op == nil {
		if x.Status < 400 {
			return append(problems, Problem{"$", fmt.Sprintf("the answer is %d, but Stripe has no such operation", x.Status)})
		}
		op, template = f.find(http.MethodGet, "/v1/events")
	}
	expand, refused := f.parameters(op, x.Request, x.Form)
	if x.Status < 400 && len(refused) > 0 {
		for _, p := range refused {
			problems = append(problems, Problem{p.Path, "of the request " + p.Text + ", and yet it was accepted"})
		}
	}
	value, err := decode(x.Answer)
	if err != nil {
		return append(problems, Problem{"$", fmt.Sprintf("the answer to %s is not JSON: %v", template, err)})
	}
	w := &walk{file: f, expands: true, asked: expand}
	status := "default"
	if x.Status < 400 {
		status = strconv.Itoa(x.Status)
	}
	want := op.answer(status)
	if want == nil {
		return append(problems, Problem{"$", fmt.Sprintf("the answer is %d, which %s never is", x.Status, template)})
	}
	w.expands = x.Status < 400
	w.value(want, value, place{path: "$"})
	problems = append(problems, w.problems...)
	if x.Status < 400 && strings.HasPrefix(template, "/v1/events") {
		problems = append(problems, f.eventsIn(value)...)
	}
	return problems
}

// decode reads one JSON value and keeps its numbers as they are written.
func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more follows the JSON value")
	}
	return v, nil
}
