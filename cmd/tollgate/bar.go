package main

import "strings"

// bar returns a bar of width cells of which part of whole are full. What is not empty shows, and what is not
// full shows a gap.
func bar(part, whole int64, width int) string {
	full := 0
	switch {
	case whole <= 0 || part >= whole:
		full = width
	case part > 0:
		full = min(max(int(float64(part)/float64(whole)*float64(width)+0.5), 1), width-1)
	}
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}
