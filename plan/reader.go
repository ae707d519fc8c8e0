package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate/tollgate/id"
)

// A reader turns nodes into values and collects what is wrong with them. After a problem it goes on
// with the zero value, so that one run shows all problems.
type reader struct {
	file     string
	problems Problems
}

// report notes a problem at the place of n.
func (r *reader) report(n *node, path, instead, format string, args ...any) {
	r.problems = append(r.problems, Problem{
		File: r.file, Line: n.line, Column: n.column, Path: path,
		Message: fmt.Sprintf(format, args...), Instead: instead,
	})
}

// err returns the problems in the order of the document, cut at ProblemsMax; nil when there are none.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if more := len(r.problems) - ProblemsMax; more > 0 {
		last := &r.problems[ProblemsMax-1]
		last.Message = fmt.Sprintf("%s (and %d more problems)", last.Message, more)
		r.problems = r.problems[:ProblemsMax]
	}
	return r.problems
}

// fields is a mapping whose keys are known beforehand.
type fields struct {
	r      *reader
	at     *node // the mapping, or whatever stands in its place
	path   string
	values map[string]*node
}

// fields reads n as a mapping with the known keys and reports the others. An empty value is an empty
// mapping; so is anything else, after a problem.
func (r *reader) fields(n *node, path string, known ...string) fields {
	f := fields{r: r, at: n, path: path, values: map[string]*node{}}
	if n.kind == scalar || n.kind == sequence {
		r.report(n, path, "write keys with their values, such as "+known[0]+": …",
			"this is %s where a mapping belongs", n.what())
	}
	for _, v := range n.entries {
		k := v.key.text
		if !slices.Contains(known, k) {
			r.report(v.key, join(path, k), suggest(k, known), "there is no key %s here", quote(k))
			continue
		}
		f.values[k] = v
	}
	return f
}

// named calls do for each entry of the mapping n, whose keys are slugs. It reports a slug that is
// malformed and goes on with it, so that what refers to it is not reported too.
func (r *reader) named(n *node, path string, do func(slug id.Slug, n *node, path string)) {
	if n == nil {
		return
	}
	if n.kind == scalar || n.kind == sequence {
		r.report(n, path, "write each under its slug", "this is %s where a mapping belongs", n.what())
	}
	for _, v := range n.entries {
		slug := id.Slug(v.key.text)
		r.slug(v.key, join(path, v.key.text))
		do(slug, v, join(path, v.key.text))
	}
}

// slug reports n when it is not a well-formed slug.
func (r *reader) slug(n *node, path string) {
	if !id.Slug(n.text).Valid() {
		r.report(n, path, "write at most 64 lower-case letters, digits, _ and -, a letter or digit first",
			"%s is not a slug", quote(n.text))
	}
}

// own checks the optional key slug, which the JSON form of a catalog repeats in every entry.
func (f fields) own(slug id.Slug) {
	if n := f.values["slug"]; n != nil && n.text != string(slug) {
		f.wrong("slug", "leave it out", "the slug is %s and the key above it %s", n.what(), quote(string(slug)))
	}
}

// wrong reports the value of key, or its absence.
func (f fields) wrong(key, instead, format string, args ...any) {
	n := f.values[key]
	switch {
	case n == nil:
		n = f.at.place()
	case n.kind == mapping || n.kind == sequence:
		n = n.key // what is inside may start on another line
	}
	f.r.report(n, join(f.path, key), instead, format, args...)
}

// missing reports that key is not there, unless the whole mapping is missing.
func (f fields) missing(key, instead string) {
	if f.at.kind == scalar || f.at.kind == sequence {
		return
	}
	f.r.report(f.at.place(), f.path, instead, "%s is missing", key)
}

func (f fields) has(key string) bool { return f.values[key] != nil }

// join returns the path of key under path. A key that could not be a name is quoted.
func join(path, key string) string {
	if !id.Slug(strings.ToLower(key)).Valid() {
		key = quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func item(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func quote(s string) string { return strconv.Quote(clip(s)) }

// clip shortens what a message repeats of the document.
func clip(s string) string {
	const runes = 60
	if r := []rune(s); len(r) > runes {
		return string(r[:runes]) + "…"
	}
	return s
}
