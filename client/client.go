package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/spool"
)

const (
	// TriesMax is how often one call is sent at most, unless Options say otherwise.
	TriesMax = 4
	// TryTimeout is how long one try may take, unless Options say otherwise.
	TryTimeout = 10 * time.Second

	waitMin        = 100 * time.Millisecond // between tries, doubling, each by chance up to half more or less
	waitMax        = 5 * time.Second
	retryAfterMax  = 30 * time.Second // longer waits are left to the caller
	answerBytesMax = 64 << 20
	connections    = 100 // idle ones that are kept
)

// Options changes how a Client works. The zero value works.
type Options struct {
	HTTP       *http.Client  // one of its own when nil
	TriesMax   int           // TriesMax when 0; 1 sends every call once
	TryTimeout time.Duration // TryTimeout when 0
	// Spool keeps what Record cannot tell the server, and the Client sends it as soon as it can: see Record. It stays the
	// caller's, to close after the Client.
	Spool  *spool.Spool
	Logger *slog.Logger // trouble in the background; discarded when nil
}

// A Client calls one server with one key. Its methods may be called from any goroutine.
type Client struct {
	base  string
	key   string
	http  *http.Client
	opts  Options
	stop  context.CancelFunc
	ended chan struct{} // closed when nothing runs in the background
}

// New returns a Client of the server at baseURL, such as https://tollgate.example.com, with a secret key. The caller
// closes it.
func New(baseURL, key string, opts Options) (*Client, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("%q is not the address of a server, such as https://tollgate.example.com", baseURL)
	}
	if key == "" || strings.ContainsAny(key, " \r\n\t") {
		return nil, errors.New("the secret key is missing or has spaces in it: make one with `tollgate key create`")
	}
	c := &Client{base: strings.TrimSuffix(baseURL, "/"), key: key, opts: opts, http: opts.HTTP, ended: make(chan struct{})}
	if c.opts.TriesMax == 0 {
		c.opts.TriesMax = TriesMax
	}
	if c.opts.TryTimeout == 0 {
		c.opts.TryTimeout = TryTimeout
	}
	if c.opts.Logger == nil {
		c.opts.Logger = slog.New(slog.DiscardHandler)
	}
	if c.http == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConns, transport.MaxIdleConnsPerHost = connections, connections
		c.http = &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the key is for this server
		}
	}
	background, stop := context.WithCancel(context.Background())
	c.stop = stop
	if opts.Spool == nil {
		close(c.ended)
		return c, nil
	}
	go func() { // ends with Close
		defer close(c.ended)
		opts.Spool.Run(background, c.sendFact)
	}()
	return c, nil
}

// Close stops what the Client does in the background. Calls under way go on.
func (c *Client) Close() error {
	c.stop()
	<-c.ended
	if c.opts.HTTP == nil {
		c.http.CloseIdleConnections()
	}
	return nil
}

// call sends a request until it is answered, and reads the answer into a T. body nil sends none.
func call[T any](ctx context.Context, c *Client, method, path string, query url.Values, body any) (T, error) {
	var out T
	r := request{method: method, url: c.base + path}
	if len(query) > 0 {
		r.url += "?" + query.Encode()
	}
	var err error
	if raw, ok := body.(document); ok {
		r.body, r.kind = raw, "application/yaml"
	} else if body != nil {
		r.kind = "application/json"
		if r.body, err = json.Marshal(body); err != nil {
			return out, fmt.Errorf("spell %s %s: %w", method, path, err)
		}
	}
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval, waits.Multiplier = waitMin, waitMax, 2
	answer, err := backoff.Retry(ctx, func() ([]byte, error) { return c.try(ctx, r) },
		backoff.WithBackOff(waits), backoff.WithMaxTries(uint(c.opts.TriesMax)), backoff.WithMaxElapsedTime(0))
	if err != nil {
		return out, plain(ctx, err)
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return out, fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	return out, nil
}

// document is a body that is not JSON.
type document []byte

// A request is what every try sends.
type request struct {
	method, url, kind string
	body              []byte
}

// try sends a request once. Errors that another try may mend are plain; others are permanent.
func (c *Client) try(ctx context.Context, q request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.TryTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, bytes.NewReader(q.body))
	if err != nil {
		return nil, backoff.Permanent(fmt.Errorf("make request: %w", err))
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Header.Set("User-Agent", "tollgate-go")
	if q.kind != "" {
		r.Header.Set("Content-Type", q.kind)
	}
	a, err := c.http.Do(r)
	if err != nil {
		return nil, unreachable(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(io.LimitReader(a.Body, answerBytesMax))
	if err != nil {
		return nil, unreachable(err)
	}
	if a.StatusCode >= 200 && a.StatusCode <= 299 {
		return body, nil
	}
	return nil, refusal(a, body)
}

// refusal returns the error for an answer that is none: a fault of the server's, or what a proxy before it says.
func refusal(a *http.Response, body []byte) error {
	f := new(fault.Error)
	if json.Unmarshal(body, f) != nil || f.Code == "" {
		err := fmt.Errorf("%s %s answered %s", a.Request.Method, a.Request.URL.Redacted(), a.Status)
		if a.StatusCode >= 500 || a.StatusCode == http.StatusTooManyRequests {
			return unreachable(err)
		}
		return backoff.Permanent(fmt.Errorf("%w: is this the address of a Tollgate?", err))
	}
	if f.Code != fault.Unavailable && f.Code != fault.RateLimited {
		return backoff.Permanent(f)
	}
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	switch {
	case err != nil || seconds < 0:
		return f
	case time.Duration(seconds)*time.Second > retryAfterMax:
		return backoff.Permanent(f) // the caller knows better what to do for so long
	}
	return &later{f, backoff.RetryAfter(seconds)}
}

// A later is a fault after which the server has named the time of the next try.
type later struct {
	fault *fault.Error
	wait  error
}

// Error implements error.
func (l *later) Error() string { return l.fault.Error() }

// Unwrap returns the fault, and what backoff looks for.
func (l *later) Unwrap() []error { return []error{l.fault, l.wait} }

// plain returns the error for a caller: what backoff was told is of no use to it.
func plain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if l := (*later)(nil); errors.As(err, &l) {
		return l.fault
	}
	return err
}

func unreachable(cause error) error {
	return fault.New(fault.Unavailable, "Tollgate cannot be reached. Nothing is confirmed; send the same request again.").Because(cause)
}

// path writes the parts of a path, each percent-encoded as one.
func path(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteByte('/')
		if strings.Trim(p, ".") == "" { // a client on the way would take . and .. for steps
			b.WriteString(strings.Repeat("%2E", len(p)))
			continue
		}
		b.WriteString(url.PathEscape(p))
	}
	return b.String()
}

func customerPath(c id.Customer, more ...string) string {
	return path(append([]string{"v1", "customers", string(c)}, more...)...)
}

// fresh returns an id for an act that came without one, so that all tries of the call are one act.
func fresh(given id.Transaction) id.Transaction {
	if given == "" {
		return id.Transaction("call_" + rand.Text())
	}
	return given
}

// Ready returns nil when the server and its database answer.
func (c *Client) Ready(ctx context.Context) error {
	_, err := call[struct{}](ctx, c, http.MethodGet, "/readyz", nil, nil)
	return err
}
