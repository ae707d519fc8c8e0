package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tollgate/tollgate/fault"
)

const (
	demoWorkers    = 32               // customers whose requests are under way at the same time
	demoCallMax    = 30 * time.Second // one request gives up
	demoAnswerMax  = 1 << 20          // bytes of an answer
	demoErrorBytes = 500              // how much of an unexpected answer is shown
)

// A demoClient sends requests to the API as an app would.
type demoClient struct {
	http     *http.Client
	url, key string
}

func newDemoClient(url, key string) *demoClient {
	connections := demoWorkers + demoBurstSize
	return &demoClient{
		http: &http.Client{
			Timeout:   demoCallMax,
			Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections},
		},
		url: url, key: key,
	}
}

// close ends the connections that are kept alive.
func (c *demoClient) close() { c.http.CloseIdleConnections() }

// A demoAnswer is what the API has answered.
type demoAnswer struct {
	method, path string
	status       int
	body         []byte
	took         time.Duration
}

// call sends a request. body nil sends none.
func (c *demoClient) call(ctx context.Context, method, path string, body any) (demoAnswer, error) {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return demoAnswer{}, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(sent))
	if err != nil {
		return demoAnswer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	request.Header.Set("Content-Type", "application/json")
	start := time.Now()
	answer, err := c.http.Do(request)
	if err != nil {
		return demoAnswer{}, err
	}
	defer answer.Body.Close() // it was read to its end, or the connection is given up
	out := demoAnswer{method: method, path: path, status: answer.StatusCode}
	out.body, err = io.ReadAll(io.LimitReader(answer.Body, demoAnswerMax))
	out.took = time.Since(start)
	return out, err
}

// read decodes an answer, or the refusal that it is. Any other answer is unexpected, and an error.
func (a demoAnswer) read(into any) (refused *fault.Error, err error) {
	switch a.status {
	case http.StatusOK, http.StatusCreated:
		if err := json.Unmarshal(a.body, into); err != nil {
			return nil, a.unexpected(err.Error())
		}
		return nil, nil
	case http.StatusPaymentRequired:
		refused = &fault.Error{}
		if err := json.Unmarshal(a.body, refused); err != nil {
			return nil, a.unexpected(err.Error())
		}
		if refused.Code == fault.InsufficientCredits {
			return refused, nil
		}
	}
	return nil, a.unexpected("a success or a want of credits was expected")
}

// unexpected is the error for an answer that should have been another one.
func (a demoAnswer) unexpected(why string) error {
	return fmt.Errorf("%s %s has an unexpected answer: %s\n  and it is\n  %d %s", a.method, a.path, why, a.status, bytes.TrimSpace(a.body[:min(len(a.body), demoErrorBytes)]))
}
