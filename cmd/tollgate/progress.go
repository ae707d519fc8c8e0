package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

const (
	progressEvery = 200 * time.Millisecond
	progressWidth = 30 // cells of the bar

	clearLine = "\r\x1b[K" // empties the line the cursor stands on
)

// A progress shows how far an import has come.
type progress struct {
	bytes *atomic.Int64 // read so far
	size  int64         // of the input; 0 when nobody knows
}

// show draws the progress on standard error, when that is a terminal, until stop is called.
func (p progress) show(c *console, t *tally) (stop func()) {
	return draw(c, func(took time.Duration) string { return p.line(t.counts(), took) })
}

// draw keeps one line of standard error up to date, when that is a terminal, until stop is called. line gets the time
// that has passed.
func draw(c *console, line func(took time.Duration) string) (stop func()) {
	if !c.errTerminal {
		return func() {}
	}
	quit, ended, start := make(chan struct{}), make(chan struct{}), time.Now()
	go func() { // ends with stop
		defer close(ended)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				c.note("%s%s", clearLine, line(time.Since(start)))
			case <-quit:
				c.note("%s", clearLine)
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
	}
}

// clear returns what empties the line that the progress stands on.
func (progress) clear(c *console) string {
	if !c.errTerminal {
		return ""
	}
	return clearLine
}

// line returns the progress in one line of a terminal.
func (p progress) line(n counts, took time.Duration) string {
	rate := int64(float64(n.total()) / max(took.Seconds(), 0.001))
	text := fmt.Sprintf("%s lines, %s a second", number(n.total()), number(rate))
	if n.Invalid > 0 {
		text += fmt.Sprintf(", %s invalid", number(n.Invalid))
	}
	if p.size == 0 {
		return text
	}
	read := p.bytes.Load()
	return fmt.Sprintf("%s %3d%%  %s", bar(read, p.size, progressWidth), min(read*100/p.size, 100), text)
}
