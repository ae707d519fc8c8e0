package plan

import (
	"slices"
	"strings"
)

// nearest returns the candidate that word is most likely a slip of, and false when none is near. Case
// and the separators _ and - do not count, so that "up_to" finds "upTo".
func nearest[T ~string](word string, candidates []T) (T, bool) {
	const slips = 2
	best, distance := T(""), slips+1
	for _, c := range candidates {
		a, b := letters(word), letters(string(c))
		d := edits(a, b)
		if min(len(a), len(b)) >= 3 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
			d = min(d, slips) // "monthly" means "month"
		}
		if d < distance && d < min(len(a), len(b)) {
			best, distance = c, d
		}
	}
	return best, distance <= slips
}

func letters(s string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(s))
}

// edits returns the Levenshtein distance of a and b: how many bytes to insert, delete or replace.
func edits(a, b string) int {
	const far = 64 // slugs and keys are no longer; the work below grows with the product
	if len(a) > far || len(b) > far {
		return far
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// list returns the candidates as a sentence names them: "a, b or c".
func list[T ~string](candidates []T, conjunction string) string {
	words := make([]string, len(candidates))
	for i, c := range candidates {
		words[i] = string(c)
	}
	if n := len(words); n > 1 {
		words = append(words[:n-2:n-2], words[n-2]+" "+conjunction+" "+words[n-1])
	}
	return strings.Join(words, ", ")
}

// suggest returns what to write instead of word: the nearest candidate, or else all of them.
func suggest[T ~string](word string, candidates []T) string {
	if c, ok := nearest(word, candidates); ok {
		return "did you mean \"" + string(c) + "\"?"
	}
	if len(candidates) == 0 {
		return ""
	}
	const shown = 12
	sorted := slices.Clone(candidates)
	if len(sorted) > shown {
		return "the nearest names are " + list(sorted[:shown], "and")
	}
	return "write " + list(sorted, "or")
}
