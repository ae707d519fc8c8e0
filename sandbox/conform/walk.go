package conform

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Problem is one place where an exchange leaves Stripe's description.
type Problem struct {
	Path string // from the whole body, $, as in $.data[0].lines.data[2].amount
	Text string // what is wrong there
}

// String returns the path and the text.
func (p Problem) String() string { return p.Path + ": " + p.Text }

// A walk compares one value with a schema, from the top down, and collects the problems.
type walk struct {
	file     *File
	form     bool     // scalars are the strings of a form, arrays may be objects with the keys 0, 1, 2 …
	partial  bool     // required keys may be missing
	expands  bool     // fields that can be expanded are held to asked
	asked    []string // the paths of expand[]
	problems []Problem
}

// A place is where a walk stands: the path shown, and the one expand[] would name, which has no indexes.
type place struct{ path, field string }

func (p place) key(name string) place {
	path := p.path + "." + name
	if !plainKey.MatchString(name) {
		path = p.path + "[" + strconv.Quote(name) + "]"
	}
	if p.field == "" {
		return place{path, name}
	}
	return place{path, p.field + "." + name}
}

func (p place) index(i int) place { return place{p.path + "[" + strconv.Itoa(i) + "]", p.field} }

var (
	plainKey     = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	currencyForm = regexp.MustCompile(`^[a-z]{3}$`)
	decimalForm  = regexp.MustCompile(`^-?[0-9]+(\.[0-9]{1,12})?$`)
)

// unixMax is past every Unix time in seconds that a test means, and before every one in milliseconds.
const unixMax = 100_000_000_000

func (w *walk) report(at place, format string, args ...any) {
	w.problems = append(w.problems, Problem{at.path, fmt.Sprintf(format, args...)})
}

// resolve follows references.
func (f *File) resolve(s *schema) *schema {
	for s.Ref != "" {
		s = f.schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

// value compares one value, as encoding/json decodes it with UseNumber, or as a form holds it.
func (w *walk) value(s *schema, v any, at place) {
	s = w.file.resolve(s)
	if v == nil {
		if !s.Nullable && !w.partial { // a key that is new was null before
			w.report(at, "is null")
		}
		return
	}
	if len(s.AnyOf) > 0 {
		w.expansion(s, v, at)
		w.anyOf(s, v, at)
		return
	}
	if len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(one any) bool { return w.same(one, v) }) {
		w.report(at, "is %s, want one of %s", show(v), show(s.Enum))
		return
	}
	switch s.Type {
	case "object":
		w.object(s, v, at)
	case "array":
		w.array(s, v, at)
	default:
		w.scalar(s, v, at)
	}
}

// expansion holds a field that is an id or an object to what expand[] asked for.
func (w *walk) expansion(s *schema, v any, at place) {
	if !w.expands || s.Expansion == nil {
		return
	}
	asked := slices.ContainsFunc(w.asked, func(path string) bool {
		return path == at.field || strings.HasPrefix(path, at.field+".")
	})
	switch v.(type) {
	case string:
		if asked {
			w.report(at, "is an id, although expand asks for the object")
		}
	case map[string]any:
		if !asked {
			w.report(at, "is an object, although expand does not ask for it")
		}
	}
}

// anyOf compares with the one alternative that the value claims to be, or with each of those left.
func (w *walk) anyOf(s *schema, v any, at place) {
	var candidates []*schema
	for _, alternative := range s.AnyOf {
		if alternative = w.file.resolve(alternative); w.candidate(alternative, v) {
			candidates = append(candidates, alternative)
		}
	}
	var best []Problem
	for i, candidate := range candidates {
		try := *w
		try.problems = nil
		try.value(candidate, v, at)
		if len(try.problems) == 0 {
			return
		}
		if i == 0 || len(try.problems) < len(best) {
			best = try.problems
		}
	}
	if len(candidates) == 0 {
		w.report(at, "is %s, which is none of the %d things it may be", show(v), len(s.AnyOf))
	}
	w.problems = append(w.problems, best...)
}

// candidate reports whether a value could be meant as one of the schema.
func (w *walk) candidate(s *schema, v any) bool {
	object, isObject := v.(map[string]any)
	switch s.Type {
	case "object":
	case "array":
		_, isArray := v.([]any)
		return isArray || w.form && isObject
	default:
		return !isObject
	}
	if !isObject {
		return false
	}
	if name, named := object["object"].(string); named && s.objectName() != "" && name != s.objectName() {
		return false
	}
	_, deleted := object["deleted"]
	return deleted == slices.Contains(s.Required, "deleted")
}

func (w *walk) object(s *schema, v any, at place) {
	object, ok := v.(map[string]any)
	if !ok {
		w.report(at, "is %s, want an object", show(v))
		return
	}
	if !w.partial {
		for _, name := range s.Required {
			if _, ok := object[name]; !ok {
				w.report(at.key(name), "is missing")
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		of := s.Properties[name]
		if of == nil {
			of = s.Additional.of
		}
		switch {
		case of != nil:
			w.value(of, object[name], at.key(name))
		case !s.Additional.any:
			w.report(at.key(name), "is not a key of Stripe's")
		}
	}
}

func (w *walk) array(s *schema, v any, at place) {
	items, ok := v.([]any)
	if !ok && w.form {
		items, ok = numbered(v)
	}
	if !ok {
		w.report(at, "is %s, want an array", show(v))
		return
	}
	for i, item := range items {
		w.value(s.Items, item, at.index(i))
	}
}

// numbered returns the values of an object with the keys 0, 1, 2 …, which is how a form may spell an array.
func numbered(v any) ([]any, bool) {
	object, ok := v.(map[string]any)
	items := make([]any, len(object))
	for key, item := range object {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(items) {
			return nil, false
		}
		items[i] = item
	}
	return items, ok
}

func (w *walk) scalar(s *schema, v any, at place) {
	text, isString := v.(string)
	number, isNumber := v.(json.Number)
	_, isBoolean := v.(bool)
	if w.form && isString {
		number = json.Number(text)
		_, err := number.Float64()
		isNumber = err == nil
		isBoolean = text == "true" || text == "false"
	}
	switch s.Type {
	case "string":
		if !isString {
			w.report(at, "is %s, want a string", show(v))
			return
		}
		w.text(s, text, at)
	case "integer":
		seconds, err := number.Int64()
		switch {
		case !isNumber || err != nil:
			w.report(at, "is %s, want an integer", show(v))
		case s.Format == "unix-time" && (seconds < 0 || seconds >= unixMax):
			w.report(at, "is %d, want a Unix time in seconds", seconds)
		}
	case "number":
		if !isNumber {
			w.report(at, "is %s, want a number", show(v))
		}
	case "boolean":
		if !isBoolean {
			w.report(at, "is %s, want a boolean", show(v))
		}
	}
}

func (w *walk) text(s *schema, text string, at place) {
	switch {
	case s.MaxLength > 0 && utf8.RuneCountInString(text) > s.MaxLength:
		w.report(at, "has %d characters, more than %d", utf8.RuneCountInString(text), s.MaxLength)
	case s.Pattern != nil && !s.Pattern.MatchString(text):
		w.report(at, "is %q, want %s", text, s.Pattern)
	case s.Format == "currency" && !currencyForm.MatchString(text) && !w.form:
		w.report(at, "is %q, want a currency code in lower case", text)
	case s.Format == "decimal" && !decimalForm.MatchString(text):
		w.report(at, "is %q, want a decimal of at most 12 places", text)
	}
}

// same reports whether a value is a member of an enum.
func (w *walk) same(member, v any) bool {
	if w.form {
		return fmt.Sprint(member) == fmt.Sprint(v)
	}
	return member == v
}

// show returns a value as short JSON.
func show(v any) string {
	const shown = 120
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(text) > shown {
		return string(text[:shown]) + " …"
	}
	return string(text)
}
