package main

import (
	"fmt"
	"time"
)

// showDemoProgress draws how far a replay has come on standard error, when that is a terminal, until stop is called.
func showDemoProgress(c *console, p *replay, total int64) (stop func()) {
	return draw(c, func(took time.Duration) string {
		played := p.played.Load()
		rate := int64(float64(played) / max(took.Seconds(), 0.001))
		return fmt.Sprintf("%s %3d%%  %s  %s requests a second", bar(played, total, progressWidth), played*100/total,
			p.clock.now().Format("15:04"), number(rate))
	})
}
