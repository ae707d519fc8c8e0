package spool_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/spool"
)

// childVariable names the folder in which a child of this test appends until it is killed.
const childVariable = "TOLLGATE_TEST_SPOOL"

// prefixVariable names what the child's transactionIds begin with.
const prefixVariable = "TOLLGATE_TEST_SPOOL_PREFIX"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		appendForEver(dir)
	}
	os.Exit(m.Run())
}

// appendForEver appends from several goroutines and prints what Append has returned from.
func appendForEver(dir string) {
	s, err := spool.Open(dir, spool.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%s-%d-%d", os.Getenv(prefixVariable), w, i)
				if err := s.Append(fact("ada", 1, name)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Fprintln(os.Stdout, name) // one write: whole lines only
				if i%50 == 49 {
					_ = s.Drain(context.Background(), func(context.Context, spool.Fact) error { return errors.New("down") })
				}
			}
		})
	}
	wg.Wait()
}

func fact(customer id.Customer, amount int64, tx string) spool.Fact {
	n, at := quantity.Whole(amount), time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	return spool.Fact{Usage: meter.Usage{Customer: customer, Meter: "requests", Amount: &n, TransactionID: id.Transaction(tx), At: &at, Record: true}}
}

func open(t testing.TB, dir string, opts spool.Options) *spool.Spool {
	t.Helper()
	s, err := spool.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drain returns the transactionIds given out, in order.
func drain(t testing.TB, s *spool.Spool) []string {
	t.Helper()
	var got []string
	err := s.Drain(t.Context(), func(_ context.Context, f spool.Fact) error {
		got = append(got, string(f.Usage.TransactionID))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFactsAreGivenOutInOrderAndOnceTheyAreTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, spool.Options{})
	for _, name := range []string{"a", "b", "c"} {
		if err := s.Append(fact("ada", 2, name)); err != nil {
			t.Fatal(err)
		}
	}
	if s.Len() != 3 || s.Pending("ada", "requests") != quantity.Whole(6) || s.Pending("bob", "requests") != 0 {
		t.Errorf("%d facts, %s pending", s.Len(), s.Pending("ada", "requests"))
	}
	var tried []string
	down := errors.New("connection refused")
	err := s.Drain(t.Context(), func(_ context.Context, f spool.Fact) error {
		tried = append(tried, string(f.Usage.TransactionID))
		if len(tried) == 2 {
			return down
		}
		return nil
	})
	if !errors.Is(err, down) || !slices.Equal(tried, []string{"a", "b"}) || s.Len() != 2 {
		t.Errorf("until the second failed: %v, %v, %d left", tried, err, s.Len())
	}
	if err := s.Append(fact("ada", 2, "d")); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, s); !slices.Equal(got, []string{"b", "c", "d"}) {
		t.Errorf("afterwards: %v, want b c d", got)
	}
	if got := drain(t, s); got != nil || s.Len() != 0 || s.Pending("ada", "requests") != 0 {
		t.Errorf("at the end: %v, %d, %s", got, s.Len(), s.Pending("ada", "requests"))
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.facts"))
	if err != nil || len(left) != 0 {
		t.Errorf("files left: %v, %v", left, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(fact("ada", 2, "e")); !fault.Has(err, fault.Unavailable) {
		t.Errorf("after Close: %v, want unavailable", err)
	}
}

func TestAFactIsTheSameAfterAnotherProcessReadsIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, spool.Options{})
	want := fact("acme/é|\n\"x\"", 3, "line\nbreak")
	want.Usage.Properties = []byte(`{"model":"gpt","n":1.50}`)
	want.Hold = "hold_1"
	if err := s.Append(want); err != nil {
		t.Fatal(err)
	}
	if _, err := spool.Open(dir, spool.Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second time at once: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, spool.Options{})
	defer s.Close()
	if s.Len() != 1 || s.Pending(want.Usage.Customer, "requests") != quantity.Whole(3) {
		t.Errorf("%d facts", s.Len())
	}
	err := s.Drain(t.Context(), func(_ context.Context, got spool.Fact) error {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestALineThatWasCutIsNotGivenOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, spool.Options{})
	for _, name := range []string{"a", "b"} {
		if err := s.Append(fact("ada", 1, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.facts"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	second := strings.IndexByte(string(whole), '\n') + 1
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(files[0], whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, spool.Options{})
		var got []string
		err := s.Drain(t.Context(), func(_ context.Context, f spool.Fact) error {
			got = append(got, string(f.Usage.TransactionID))
			return nil
		})
		var want []string
		if cut >= second {
			want = append(want, "a")
		}
		if cut == len(whole) {
			want = append(want, "b")
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("cut at %d of %d: %v, %v; want %v", cut, len(whole), got, err, want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	changed := strings.Replace(string(whole), `"a"`, `"z"`, 1)
	if err := os.WriteFile(files[0], []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, spool.Options{})
	defer s.Close()
	if got := drain(t, s); !slices.Equal(got, []string{"b"}) {
		t.Errorf("with a line that was changed: %v, want b", got)
	}
}

func TestWhatIsRefusedForGoodIsKeptForPeople(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, spool.Options{})
	defer s.Close()
	for _, name := range []string{"a", "bad", "c"} {
		if err := s.Append(fact("ada", 1, name)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	err := s.Drain(t.Context(), func(_ context.Context, f spool.Fact) error {
		if f.Usage.TransactionID == "bad" {
			return fmt.Errorf("send: %w", fault.New(fault.NotFound, "There is no customer."))
		}
		got = append(got, string(f.Usage.TransactionID))
		return nil
	})
	if err != nil || !slices.Equal(got, []string{"a", "c"}) || s.Len() != 0 {
		t.Errorf("%v, %v, %d left", got, err, s.Len())
	}
	text, err := os.ReadFile(filepath.Join(dir, "refused.jsonl"))
	if err != nil || !strings.Contains(string(text), `"transactionId":"bad"`) || !strings.Contains(string(text), `"error":"not_found"`) {
		t.Errorf("refused.jsonl: %s, %v", text, err)
	}
	for code, final := range map[fault.Code]bool{
		fault.Conflict: true, fault.Invalid: true, fault.NotFound: true, fault.TooLarge: true,
		fault.Unavailable: false, fault.Internal: false, fault.RateLimited: false, fault.Unauthorized: false, fault.Forbidden: false,
	} {
		if spool.Final(fault.New(code, "x")) != final {
			t.Errorf("%s is final: %t", code, !final)
		}
	}
	if spool.Final(errors.New("connection refused")) {
		t.Error("an error that is no fault is final")
	}
}

func TestASpoolHasLimits(t *testing.T) {
	t.Parallel()
	one := t.TempDir()
	s := open(t, one, spool.Options{})
	if err := s.Append(fact("ada", 1, "a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(one, "*.facts"))
	info, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, t.TempDir(), spool.Options{BytesMax: 2 * info.Size()})
	defer s.Close()
	for _, name := range []string{"a", "b"} {
		if err := s.Append(fact("ada", 1, name)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := s.Append(fact("ada", 1, "c")); !fault.Has(err, fault.Unavailable) {
		t.Errorf("past the limit: %v, want unavailable", err)
	}
	if _, ok := s.Reserve("ada", "requests", quantity.One, quantity.Whole(100)); ok {
		t.Error("a full spool takes reservations")
	}
	if got := drain(t, s); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("a full spool gives out %v", got)
	}
	if err := s.Append(fact("ada", 1, "c")); err != nil {
		t.Errorf("once it has been emptied: %v", err)
	}
	release, ok := s.Reserve("ada", "requests", quantity.Whole(2), quantity.Whole(3))
	if !ok {
		t.Fatal("1 pending and 2 more of 3 were refused")
	}
	if _, ok := s.Reserve("ada", "requests", quantity.One, quantity.Whole(3)); ok {
		t.Error("a fourth of 3 was allowed")
	}
	if _, ok := s.Reserve("bob", "requests", quantity.One, quantity.Whole(3)); !ok {
		t.Error("another customer was refused")
	}
	release()
	release()
	if _, ok := s.Reserve("ada", "requests", quantity.Whole(2), quantity.Whole(3)); !ok {
		t.Error("what was released was refused")
	}
	for name, f := range map[string]spool.Fact{"without a customer": fact("", 1, "x"), "without an id": fact("ada", 1, "")} {
		if err := s.Append(f); !fault.Has(err, fault.Invalid) {
			t.Errorf("a fact %s: %v", name, err)
		}
	}
}

func TestRunGivesOutWhatIsAddedUntilItsEnd(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), spool.Options{})
	defer s.Close()
	ctx, stop := context.WithCancel(t.Context())
	got, ended := make(chan string, 100), make(chan struct{})
	var mu sync.Mutex
	down := true
	go func() {
		defer close(ended)
		s.Run(ctx, func(_ context.Context, f spool.Fact) error {
			mu.Lock()
			defer mu.Unlock()
			if down {
				return errors.New("down")
			}
			got <- string(f.Usage.TransactionID)
			return nil
		})
	}()
	for _, name := range []string{"a", "b"} {
		if err := s.Append(fact("ada", 1, name)); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	down = false
	mu.Unlock()
	for _, want := range []string{"a", "b"} {
		select {
		case name := <-got:
			if name != want {
				t.Errorf("given out %s, want %s", name, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s was not given out", want)
		}
	}
	stop()
	<-ended
}

func TestNothingAcknowledgedIsLostByKill9AndAllIsCountedOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		e, err := tollgate.Open(t.Context(), url, tollgate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if _, err := e.Publish(t.Context(), "c.yaml", []byte("meters:\n  requests: {aggregation: sum}\nplans:\n  free: {default: true, includes: {requests: {limit: 10, every: never}}}\n"), false); err != nil {
			t.Fatal(err)
		}
		if err := e.EnsureCustomers(t.Context(), []id.Customer{"ada"}); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "spool")
		acknowledged, kept := map[string]bool{}, map[string]bool{}
		lost, sent := errors.New("the answer was lost"), 0
		for round := range 3 {
			crash(t, dir, fmt.Sprint("round", round), acknowledged)
			s := open(t, dir, spool.Options{})
			for s.Len() > 0 {
				err := s.Drain(t.Context(), func(ctx context.Context, f spool.Fact) error {
					kept[string(f.Usage.TransactionID)] = true
					_, err := e.Consume(ctx, f.Usage)
					if sent++; err == nil && sent%97 == 0 {
						return lost // it has been recorded, and is sent again
					}
					return err
				})
				if err != nil && !errors.Is(err, lost) {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for name := range acknowledged {
			if !kept[name] {
				t.Errorf("%s was acknowledged and is lost", name)
			}
		}
		b, err := e.Balance(t.Context(), "ada", "requests")
		if err != nil || len(kept) < 900 || b.Used != quantity.Whole(int64(len(kept))) {
			t.Errorf("%s used, %v; %d facts were kept, %d acknowledged", b.Used, err, len(kept), len(acknowledged))
		}
	})
}

// crash runs a child that appends to a spool, kills it, and notes what it had acknowledged.
func crash(t *testing.T, dir, prefix string, acknowledged map[string]bool) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+dir, prefixVariable+"="+prefix)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; n < 300 && lines.Scan(); n++ {
		acknowledged[lines.Text()] = true
	}
	if err := child.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	for lines.Scan() { // what it had said before it died
		acknowledged[lines.Text()] = true
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
}
