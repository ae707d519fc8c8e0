package faults_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	root     = ".." // the module's folder as seen from this one
	startMax = 30 * time.Second
	stopMax  = 40 * time.Second
	askMax   = 30 * time.Second
)

// program is the path of the tollgate that TestMain built.
var program string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		code = 1
	}
	os.Exit(code)
}

// run builds the program and runs the tests. It is built without the race detector, which would leave it little time
// between two kills; the other tests run its packages with it.
func run(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "tollgate-faults-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	program = filepath.Join(folder, "tollgate")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "./cmd/tollgate")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, output)
	}
	return m.Run(), nil
}

// TestSources looks at every file the program is built from: the build happens in another process, so go test would
// otherwise serve the cached result of an older program.
func TestSources(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() && name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules" || base == "bin") {
			return fs.SkipDir
		}
		if !entry.IsDir() {
			_, err = os.Stat(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// runProgram runs a command of the program to its end and returns its standard output.
func runProgram(t testing.TB, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stopMax)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("tollgate %s: %v\n%s%s", args[0], err, out, &stderr)
	}
	return string(out)
}

// catalog has room for everything but scarce.
const catalog = `
meters:
  requests: {aggregation: sum}
  tokens:   {aggregation: sum}
  scarce:   {aggregation: sum}
plans:
  free:
    default: true
    includes:
      requests: {limit: 1000000000, every: never}
      tokens:   {limit: 1000000000, every: never}
      scarce:   {limit: 10, every: never}
  pro:
    includes:
      requests: {limit: 1000000000, every: never}
      scarce:   {limit: 20, every: never}
`

// prepare publishes the catalog and returns a key with every right.
func prepare(t testing.TB, db string) (key string) {
	t.Helper()
	apply(t, db, catalog)
	return strings.TrimSpace(runProgram(t, "key", "create", "--db", db, "--scope", "full"))
}

func apply(t testing.TB, db, catalog string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "catalog.yaml")
	if err := os.WriteFile(file, []byte(catalog), 0o600); err != nil {
		t.Fatal(err)
	}
	runProgram(t, "apply", "--db", db, file)
}

// A server is a running tollgate serve. It is killed with its test, unless it has ended before.
type server struct {
	url     string
	process *os.Process
	client  *http.Client
	key     string
	ended   chan struct{} // closed when the process has ended; then err and log are final
	err     error

	mu  sync.Mutex
	log bytes.Buffer
}

// serve starts a server on a port that the system chooses.
func serve(t testing.TB, db, key string) *server {
	t.Helper()
	command := exec.Command(program, "serve", "--db", db, "--addr", "127.0.0.1:0", "--log-level", "error")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{
		process: command.Process, key: key, ended: make(chan struct{}),
		client: &http.Client{Timeout: askMax, Transport: &http.Transport{MaxIdleConnsPerHost: 256}},
	}
	t.Cleanup(func() {
		s.kill(t)
		if t.Failed() {
			t.Logf("standard error of the server:\n%s", s.told())
		}
	})
	listens := make(chan string, 1)
	go func() { // ends with the process
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), "tollgate serves "); ok {
				url, _, _ := strings.Cut(rest, " ")
				listens <- url
			}
			s.mu.Lock()
			s.log.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
		}
		s.err = command.Wait()
		close(s.ended)
	}()
	select {
	case s.url = <-listens:
	case <-s.ended:
		t.Fatalf("the server ended: %v\n%s", s.err, s.told())
	case <-time.After(startMax):
		t.Fatalf("the server did not listen within %s\n%s", startMax, s.told())
	}
	return s
}

func (s *server) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// kill ends the process as kill -9 does, and waits until it is gone.
func (s *server) kill(t testing.TB) {
	t.Helper()
	if err := s.process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("kill: %v", err)
	}
	s.wait(t)
	s.client.CloseIdleConnections()
}

// terminate asks the process to end in order.
func (s *server) terminate(t testing.TB) {
	t.Helper()
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

func (s *server) wait(t testing.TB) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(stopMax):
		t.Fatalf("the server did not end within %s", stopMax)
	}
}

// ask sends a request. An error means that there was no answer, or not all of it.
func (s *server) ask(method, path, body string) (status int, answer []byte, err error) {
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, errors.Join(err, response.Body.Close())
}

// must sends a request that has to be answered with status.
func (s *server) must(t testing.TB, want int, method, path, body string) []byte {
	t.Helper()
	status, answer, err := s.ask(method, path, body)
	if err != nil || status != want {
		t.Fatalf("%s %s %s: status %d, %v, want %d: %s", method, path, body, status, err, want, answer)
	}
	return answer
}
