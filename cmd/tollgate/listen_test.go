package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/testdb"
)

func TestRequestsInFlightAreAnsweredWhenTheServerStops(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	l, err := listen(ctx, "--addr", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	arrived, ended := make(chan struct{}), make(chan error, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		for { // the answer comes once nobody gets in any more
			conn, err := net.DialTimeout("tcp", l.Addr().String(), time.Second)
			if err != nil {
				break
			}
			conn.Close()
			time.Sleep(time.Millisecond)
		}
		if err := r.Context().Err(); err != nil {
			t.Errorf("the request was given up: %v", err)
		}
		io.WriteString(w, "done")
	})}
	go func() { ended <- answer(ctx, l, server) }()
	got := make(chan string, 1)
	go func() {
		reply, err := http.Get(urlOf(l))
		if err != nil {
			got <- err.Error()
			return
		}
		defer reply.Body.Close()
		body, err := io.ReadAll(reply.Body)
		if err != nil {
			got <- err.Error()
			return
		}
		got <- string(body)
	}()
	<-arrived
	stop()
	if text := <-got; text != "done" {
		t.Errorf("the request in flight got %q, want its answer", text)
	}
	if err := <-ended; err != nil {
		t.Errorf("the server stopped with %v", err)
	}
}

func TestServeTakesAFreePortAndSaysWhich(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	c, code, db := newTyped(nil), make(chan int, 1), testdb.SQLite(t)
	go func() {
		code <- run(ctx, []string{"serve", "--db", db, "--addr", "127.0.0.1:0", "--log-level", "error"}, &c.console)
	}()
	var url string
	for deadline := time.Now().Add(time.Minute); url == "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if line, _, ok := strings.Cut(c.stderr.String(), "\n"); ok {
			url, _, _ = strings.Cut(strings.TrimPrefix(line, "tollgate serves "), " from ")
		}
	}
	reply, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatalf("%v; the server says %s", err, c.stderr.String())
	}
	if err := reply.Body.Close(); err != nil || reply.StatusCode != http.StatusOK {
		t.Errorf("/healthz answers %s, %v", reply.Status, err)
	}
	stop()
	if got := <-code; got != exitDone {
		t.Errorf("exit %d, want %d\n%s", got, exitDone, c.stderr.String())
	}
}

func TestURLOfAllInterfacesIsOneThatCanBeOpened(t *testing.T) {
	t.Parallel()
	l, err := listen(t.Context(), "--addr", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := urlOf(l); !strings.HasPrefix(got, "http://localhost:") {
		t.Errorf("the URL is %s, want http://localhost:PORT", got)
	}
}
