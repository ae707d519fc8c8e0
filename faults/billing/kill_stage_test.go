package billing_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate"
)

// A stage is a shop with a process that does its work. Everything that process does to the world passes a gate, at which it
// is killed with SIGKILL: its calls to Stripe go through a proxy, which stops it before a call is passed on and before an
// answer is passed back; its commits are stopped before they begin, and on PostgreSQL, whose wire goes through a proxy too,
// before it hears of them; its own answers are stopped before they reach who asked. Memory dies with the process, so that
// being killed after a step is being killed before the next one. A second process takes its place at once. The engine in this
// process sets up what a process meets, and looks at what it leaves.
type stage struct {
	*shop
	program string  // that becomes the process
	db      string  // as the process reaches it
	server  *sql.DB // PostgreSQL; nil where the process has a file
	key     string  // of the API
	proxy   *httptest.Server
	client  *http.Client

	armed   atomic.Bool // the gate counts
	mu      sync.Mutex  // held while a process starts, too
	stop    int         // the step before which the process is killed; none when 0
	steps   []string    // that came to the gate
	killed  bool
	process *exec.Cmd
	address string // of the process
}

// stage starts a process of a program on the shop's database.
func (s *shop) stage(program, db string) *stage {
	s.Helper()
	key, _, err := s.engine.CreateKey(s.ctx, tollgate.ScopeFull, "", false)
	if err != nil {
		s.Fatal(err)
	}
	s.settle()
	st := &stage{shop: s, program: program, db: db, key: key, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	st.proxy = httptest.NewServer(http.HandlerFunc(st.pass))
	s.Cleanup(st.proxy.Close)
	s.hooks.Config.Handler = http.HandlerFunc(st.hear)
	if db[0] == 'p' {
		st.db = st.wire(db)
		if st.server, err = sql.Open("pgx", db); err != nil {
			s.Fatal(err)
		}
		s.Cleanup(func() { st.server.Close() })
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.begin()
	s.Cleanup(st.end)
	return st
}

// arm has the gate count what a fresh process does from here on, and kill it at a step. A process remembers what it has read
// of prices, so that an older one has fewer steps.
func (s *stage) arm(stop int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill()
	s.begin()
	s.steps, s.stop, s.killed = nil, stop, false
	s.armed.Store(true)
}

// disarm lets everything pass, and returns the steps that came to the gate.
func (s *stage) disarm() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed.Store(false)
	return s.steps
}

// begin starts a process. The caller holds the lock.
func (s *stage) begin() {
	m, err := json.Marshal(mortal{DB: s.db, Gate: s.proxy.URL + "/commit", Stripe: s.proxy.URL, Secret: s.secret, Now: s.sandbox.Now().UnixMicro()})
	if err != nil {
		s.Error(err)
		return
	}
	s.process = exec.Command(s.program)
	s.process.Env = append(os.Environ(), mortalVariable+"="+string(m))
	s.process.Stderr = os.Stderr
	_, err = s.process.StdinPipe()
	var out io.Reader
	if err == nil {
		out, err = s.process.StdoutPipe()
	}
	if err == nil {
		err = s.process.Start()
	}
	line := ""
	if err == nil {
		line, err = bufio.NewReader(out).ReadString('\n')
	}
	if err != nil { // without stopping, for a gate may be what begins it
		s.Errorf("the process did not start: %v", err)
	}
	s.address = strings.TrimSpace(line)
}

// end kills the process, and waits until it is gone.
func (s *stage) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill()
}

func (s *stage) kill() {
	if s.process == nil || s.process.Process == nil {
		return
	}
	_ = s.process.Process.Kill() // it may have ended by itself, which Wait tells
	_ = s.process.Wait()
	s.process = nil
}

// rolledBack waits until PostgreSQL has undone what the dead process left open: until then its rows are locked, and who passes over
// locked rows finds nothing to do.
func (s *stage) rolledBack() {
	if s.server == nil {
		return
	}
	const open = `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`
	for range 1000 {
		n := 0
		if err := s.server.QueryRowContext(s.ctx, open).Scan(&n); err != nil || n == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// gate lets a step pass, or kills the process there, starts another one, and reports false.
func (s *stage) gate(step string) bool {
	if !s.armed.Load() { // as while a process starts, which commits
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.armed.Load() { // of the process that is dead by now
		return true
	}
	s.steps = append(s.steps, step)
	if len(s.steps) != s.stop {
		return true
	}
	s.armed.Store(false)
	s.killed = true
	s.kill()
	s.begin()
	return false
}

// identifier is what names one object in a path.
var identifier = regexp.MustCompile(`/[a-z]+_(test_)?[A-Za-z0-9]{10,}`)

// pass is the proxy before the sandbox, and what commits on SQLite ask.
func (s *stage) pass(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/commit" {
		if !s.gate("before a commit") {
			panic(http.ErrAbortHandler)
		}
		return
	}
	call := r.Method + " " + identifier.ReplaceAllString(r.URL.Path, "/…")
	if !s.gate("before " + call) {
		panic(http.ErrAbortHandler)
	}
	answer := httptest.NewRecorder()
	s.calls.ServeHTTP(answer, r)
	if r.Method != http.MethodGet && !s.gate("after "+call) { // what changes nothing is done the same as not done
		panic(http.ErrAbortHandler)
	}
	for k, v := range answer.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// hear passes a webhook on to the process, and its answer back.
func (s *stage) hear(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	status, _, err := s.send(http.MethodPost, "/webhooks/stripe", body, r.Header.Get("Stripe-Signature"))
	if err != nil || !s.gate("before the answer to a webhook") {
		s.mu.Lock() // until another process is there: Stripe's next attempt is minutes away
		defer s.mu.Unlock()
		status = http.StatusBadGateway
	}
	w.WriteHeader(status)
}

// send sends a request to the process. An error means that there was no answer.
func (s *stage) send(method, path string, body []byte, signature string) (status int, answer []byte, err error) {
	s.mu.Lock()
	at := s.address
	s.mu.Unlock()
	r, err := http.NewRequestWithContext(s.ctx, method, at+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(clockHeader, fmt.Sprint(s.sandbox.Now().UnixMicro()))
	if signature != "" {
		r.Header.Set("Stripe-Signature", signature)
	}
	w, err := s.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer w.Body.Close()
	answer, err = io.ReadAll(w.Body)
	return w.StatusCode, answer, err
}

// ask sends a request until it is answered, as a caller does who knows that it may be repeated. after runs when the
// process was killed meanwhile.
func (s *stage) ask(method, path, body string, after func()) []byte {
	s.Helper()
	for try := 1; ; try++ {
		status, answer, err := s.send(method, path, []byte(body), "")
		switch {
		case err == nil && status != http.StatusOK:
			s.Fatalf("%s %s answered %d %s", method, path, status, answer)
		case err == nil && s.gate("before the answer to "+method+" "+identifier.ReplaceAllString(path, "/…")):
			return answer
		}
		s.mu.Lock() // until another process is there
		killed := s.killed
		s.mu.Unlock()
		if !killed || try > 1 {
			s.Fatalf("%s %s is not answered: %v", method, path, err)
		}
		s.rolledBack()
		if after != nil {
			after()
		}
	}
}

// do has the process do what is due. What a process that was killed had taken is due again after its lease.
func (s *stage) do() {
	s.Helper()
	s.ask(http.MethodPost, workPath, "", func() {
		if err := s.sandbox.AdvanceBy(s.ctx, leases); err != nil {
			s.Fatal(err)
		}
	})
}

// leases is longer than what a process takes on is left to it.
const leases = 3 * time.Minute

// delivered waits until every webhook has been answered.
func (s *stage) delivered() {
	s.Helper()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		if err := s.sandbox.Flush(s.ctx); err != nil {
			s.Fatal(err)
		}
		left := 0
		for _, e := range s.events() {
			left += e.Pending
		}
		if left == 0 {
			return
		}
		if time.Since(began) > 30*time.Second {
			s.Fatalf("%d webhooks are not answered", left)
		}
	}
}

type eventTold struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Pending int    `json:"pending_webhooks"`
}

// eventsRead is how many of Stripe's events are looked at: more than one customer has.
const eventsRead = 100

// events returns the newest of Stripe's events.
func (s *stage) events() []eventTold {
	s.Helper()
	var page struct {
		Data []eventTold `json:"data"`
	}
	s.read(fmt.Sprintf("/v1/events?limit=%d", eventsRead), &page)
	return page.Data
}
