package main

import (
	"fmt"
	"time"
)

// showDemoProgress draws how far a replay has come on standard error, when that is a terminal, until stop is called.
func showDemoProgress(c *console, p *replay, total int64) (stop func()) {
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
				played := p.played.Load()
				rate := int64(float64(played) / max(time.Since(start).Seconds(), 0.001))
				c.note("\r\x1b[K%s %3d%%  %s", bar(played, total, progressWidth), played*100/total,
					fmt.Sprintf("%s  %s requests a second", p.clock.now().Format("15:04"), number(rate)))
			case <-quit:
				c.note("\r\x1b[K")
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
	}
}
