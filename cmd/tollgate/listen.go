package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"syscall"
	"time"
)

const (
	// drainMax is how long requests in flight have to end when the server stops.
	drainMax = 30 * time.Second
	// memoryBytesMax is where the garbage collector begins to work harder, unless GOMEMLIMIT says otherwise.
	memoryBytesMax = 77 << 20
	// gcPercent is how far the heap grows before it is collected, unless GOGC says otherwise.
	gcPercent = 400
)

// limitMemory keeps the process small, whatever it is asked to do. The live heap is a few MiB, so collecting when it
// has doubled would be collecting all the time; the limit is what keeps the process small.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryBytesMax)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// listen opens the address that a flag names.
func listen(ctx context.Context, flag, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another program: choose another address with %s", addr, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s: choose a port above 1023 with %s", addr, flag)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

// urlOf returns a URL under which a listener is reached from this machine.
func urlOf(l net.Listener) string {
	addr, ok := l.Addr().(*net.TCPAddr)
	if ok && addr.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d", addr.Port)
	}
	return "http://" + l.Addr().String()
}

// answer runs server on l until ctx ends, then takes no more requests and waits for those in flight. It returns
// nil when all of them were answered.
func answer(ctx context.Context, l net.Listener, server *http.Server) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }() // ends with Shutdown or Close, below
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainMax)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("some requests took longer than %s and were cut off: %w", drainMax, err), server.Close())
	}
	return nil
}
