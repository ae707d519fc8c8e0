package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// importing sends events to the real `tollgate serve` in batches of 1,000 from four senders and watches its memory
// and its speed, on each database.
func (b *bench) importing(events int) {
	program := filepath.Join(b.dir, "tollgate")
	build := exec.CommandContext(b.ctx, "go", "build", "-o", program, "./cmd/tollgate")
	build.Stderr = os.Stderr
	check(build.Run())
	urls := map[string]string{"SQLite": filepath.Join(b.dir, "import.db")}
	if b.postgres != "" {
		urls["PostgreSQL"] = b.postgres
	}
	for _, on := range []string{"SQLite", "PostgreSQL"} {
		if url := urls[on]; url != "" {
			b.importOn(program, on, url, events)
		}
	}
}

func (b *bench) importOn(program, on, url string, events int) {
	e := openEngine(b.ctx, url)
	populate(b.ctx, e)
	key, _, err := e.CreateKey(b.ctx, "full", "import", false)
	check(err)
	if on == "PostgreSQL" {
		settleDown(b.ctx, e)
	}
	check(e.Close())

	cmd := exec.CommandContext(b.ctx, program, "serve", "--db", url, "--addr", "127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	check(err)
	check(cmd.Start())
	srv := &server{url: addressIn(bufio.NewReader(stderr)), key: key, client: newClient()}
	prefix := time.Now().UnixNano() / 1000

	var next atomic.Int64
	marks := make([]time.Time, 11) // when each tenth was done
	var mu sync.Mutex
	done := 0
	marks[0] = time.Now()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				from := next.Add(1000) - 1000
				if from >= int64(events) || b.ctx.Err() != nil {
					return
				}
				check(srv.batch(prefix+from, 1000))
				mu.Lock()
				before := done * 10 / events
				done += 1000
				if after := done * 10 / events; after > before && after <= 10 {
					marks[after] = time.Now()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	peak := peakMemory(cmd.Process.Pid)
	check(cmd.Process.Signal(syscall.SIGTERM))
	check(cmd.Wait())
	first, last := marks[1].Sub(marks[0]), marks[10].Sub(marks[9])
	tenth := float64(events) / 10
	fmt.Printf("%s: %d events in %s, first tenth %.0f/s, last tenth %.0f/s, peak memory of serve %d MiB\n", on, events,
		marks[10].Sub(marks[0]).Round(time.Second), tenth/first.Seconds(), tenth/last.Seconds(), peak>>20)
	b.rows = append(b.rows,
		row{on + ": peak memory of serve over " + strconv.Itoa(events) + " events / 150 MiB", fmt.Sprintf("%d MiB", peak>>20), float64(peak) / (150 << 20), 1, true},
		row{on + ": speed of the last tenth / of the first", fmt.Sprintf("%.0f/s, %.0f/s", tenth/last.Seconds(), tenth/first.Seconds()), first.Seconds() / last.Seconds(), 0.6, false})
}

// addressIn reads the URL that serve prints, and goes on reading so that serve never waits for us.
func addressIn(r *bufio.Reader) string {
	url := regexp.MustCompile(`http://[0-9.:]+`)
	for {
		line, err := r.ReadString('\n')
		check(err)
		if found := url.FindString(line); found != "" {
			go r.WriteTo(os.Stderr)
			return found
		}
	}
}

// peakMemory returns the most memory a process has had resident, in bytes; 0 where the system does not tell.
func peakMemory(pid int) int64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	check(err)
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			check(err)
			return kib << 10
		}
	}
	return 0
}
