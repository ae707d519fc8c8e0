package sandbox

import (
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// metadataMax is how many keys metadata may have, with the sizes of a key and of a value (API reference, "Metadata").
const (
	metadataMax      = 50
	metadataKeyMax   = 40
	metadataValueMax = 500
)

// A maybe is a parameter that an empty text clears.
type maybe[T any] struct {
	Given bool // the request has it
	Clear bool // as the empty text
	Value T
}

func (m *maybe[T]) decode(n *node, name string) error {
	m.Given = true
	if n.isText && n.text == "" {
		m.Clear = true
		return nil
	}
	return decodeValue(n, name, reflect.ValueOf(&m.Value).Elem(), "")
}

// A moment is a Unix time, or a word such as "now" that the parameter's tag `words` allows.
type moment struct {
	At   int64
	Word string
}

// changes is the metadata of a request: an empty value removes its key, and an empty text all keys.
type changes struct {
	Clear bool
	Set   map[string]string
}

func (c *changes) decode(n *node, name string) error {
	if n.isText {
		if n.text != "" {
			return invalid(name, "Invalid object")
		}
		c.Clear = true
		return nil
	}
	c.Set = map[string]string{}
	for _, key := range n.order {
		kid, at := n.kids[key], name+"["+key+"]"
		switch {
		case !kid.isText:
			return invalid(at, "Invalid string: metadata values are texts")
		case len(key) > metadataKeyMax:
			return invalid(at, "Metadata keys can have up to %d characters", metadataKeyMax)
		case len(kid.text) > metadataValueMax:
			return invalid(at, "Metadata values can have up to %d characters, but you passed in a value that is %d characters",
				metadataValueMax, len(kid.text))
		}
		c.Set[key] = kid.text
	}
	if len(c.Set) > metadataMax {
		return invalid(name, "Metadata can have up to %d keys", metadataMax)
	}
	return nil
}

// on returns metadata with the changes made. The argument stays as it is.
func (c changes) on(old map[string]string) map[string]string {
	metadata := map[string]string{}
	if !c.Clear {
		for key, value := range old {
			metadata[key] = value
		}
	}
	for key, value := range c.Set {
		if value == "" {
			delete(metadata, key)
			continue
		}
		metadata[key] = value
	}
	return metadata
}

// A span is a filter on a time: exactly Equal, or between bounds; nil means no bound.
type span struct {
	Equal *int64
	GT    *int64 `form:"gt"`
	GTE   *int64 `form:"gte"`
	LT    *int64 `form:"lt"`
	LTE   *int64 `form:"lte"`
}

func (s *span) decode(n *node, name string) error {
	if n.isText {
		s.Equal = new(int64)
		return decodeValue(n, name, reflect.ValueOf(s.Equal).Elem(), "")
	}
	type bounds span
	return decodeValue(n, name, reflect.ValueOf((*bounds)(s)).Elem(), "")
}

// has reports whether a time lies in the span.
func (s span) has(at int64) bool {
	return (s.Equal == nil || at == *s.Equal) && (s.GT == nil || at > *s.GT) && (s.GTE == nil || at >= *s.GTE) &&
		(s.LT == nil || at < *s.LT) && (s.LTE == nil || at <= *s.LTE)
}

// A number is a decimal text, kept as it was written.
type number string

// limit is the upper bound of a tier: a whole number, or 0 for "inf".
type limit int64

// nodeDecoder is a parameter type that reads itself.
type nodeDecoder interface {
	decode(n *node, name string) error
}

// decodeForm fills a struct of parameters from a form and the wildcards of the route, as its tags say:
//
//	form:"name"      the parameter's name; form:"name,required" when it must be given
//	path:"name"      the wildcard of the route
//	enum:"a|b"       the texts it takes; words:"now" the words a moment takes beside a time
//	min:"1" max:"9"  the least and the most integer
//
// A *T tells a missing parameter (nil) from a given one; maybe[T] also knows the empty text, which clears.
func decodeForm(r *http.Request, n *node, into reflect.Value) error {
	for i := range into.NumField() {
		field := into.Type().Field(i)
		if name := field.Tag.Get("path"); name != "" {
			into.Field(i).SetString(r.PathValue(name))
		}
	}
	return decodeStruct(n, "", into)
}

func decodeStruct(n *node, name string, into reflect.Value) error {
	fields := map[string]int{}
	flat := flatten(into, nil)
	for i, f := range flat {
		fields[f.name] = i
	}
	for _, key := range n.order {
		at := inside(name, key)
		i, ok := fields[key]
		if !ok {
			return invalid(firstName(n.kids[key], at), "Received unknown parameter: %s", firstName(n.kids[key], at)).withCode(codeUnknown)
		}
		if err := decodeValue(n.kids[key], at, flat[i].value, flat[i].tag); err != nil {
			return err
		}
	}
	for _, f := range flat {
		if kid := n.kids[f.name]; f.required && (kid == nil || kid.isText && kid.text == "") {
			if kid != nil {
				return invalid(inside(name, f.name), "You passed an empty string for '%s'.", inside(name, f.name)).withCode(codeEmpty)
			}
			return required(inside(name, f.name))
		}
	}
	return nil
}

// firstName returns the whole name of the first text at or below a node.
func firstName(n *node, name string) string {
	for !n.isText && len(n.order) > 0 {
		key := n.order[0]
		if _, err := strconv.Atoi(key); err == nil && n.kids[key].isText {
			break
		}
		name, n = inside(name, key), n.kids[key]
	}
	return name
}

func inside(name, key string) string {
	if name == "" {
		return key
	}
	return name + "[" + key + "]"
}

// A parameter is one field of a struct of parameters.
type parameter struct {
	name     string
	required bool
	tag      reflect.StructTag
	value    reflect.Value
}

// flatten lists the parameters of a struct, those of embedded structs among them.
func flatten(v reflect.Value, all []parameter) []parameter {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("form"), ",")
		if field.Anonymous && name == "" {
			all = flatten(v.Field(i), all)
			continue
		}
		if name != "" {
			all = append(all, parameter{name, options == "required", field.Tag, v.Field(i)})
		}
	}
	return all
}

func decodeValue(n *node, name string, into reflect.Value, tag reflect.StructTag) error {
	if d, ok := into.Addr().Interface().(nodeDecoder); ok {
		return d.decode(n, name)
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return decodeValue(n, name, into.Elem(), tag)
	case reflect.Struct:
		switch m := into.Addr().Interface().(type) {
		case *moment:
			return m.read(n, name, tag)
		case *maybeMoment:
			m.Given = true
			if m.Clear = n.isText && n.text == ""; m.Clear {
				return nil
			}
			return m.moment.read(n, name, tag)
		}
		if n.isText {
			return invalid(name, "Invalid object")
		}
		return decodeStruct(n, name, into)
	case reflect.Slice:
		return decodeSlice(n, name, into, tag)
	}
	if !n.isText {
		return invalid(name, "Invalid %s", into.Kind())
	}
	return decodeText(n.text, name, into, tag)
}

func decodeSlice(n *node, name string, into reflect.Value, tag reflect.StructTag) error {
	if n.isText {
		if n.text != "" {
			return invalid(name, "Invalid array")
		}
		into.Set(reflect.MakeSlice(into.Type(), 0, 0))
		return nil
	}
	indexes := make([]int, 0, len(n.order))
	for _, key := range n.order {
		i, err := strconv.Atoi(key)
		if err != nil {
			return invalid(name, "Invalid array")
		}
		indexes = append(indexes, i)
	}
	slices.Sort(indexes)
	for _, i := range indexes {
		key := strconv.Itoa(i)
		element := reflect.New(into.Type().Elem()).Elem()
		if n.kids[key] == nil {
			return invalid(name, "Invalid array")
		}
		if err := decodeValue(n.kids[key], inside(name, key), element, tag); err != nil {
			return err
		}
		into.Set(reflect.Append(into, element))
	}
	return nil
}

func (m *moment) read(n *node, name string, tag reflect.StructTag) error {
	if n.isText && slices.Contains(strings.Split(tag.Get("words"), "|"), n.text) && n.text != "" {
		m.Word = n.text
		return nil
	}
	if !n.isText {
		return invalid(name, "Invalid integer")
	}
	at, err := strconv.ParseInt(n.text, 10, 64)
	if err != nil {
		return invalid(name, "Invalid integer: %s", n.text).withCode(codeInteger)
	}
	m.At = at
	return nil
}

func decodeText(text, name string, into reflect.Value, tag reflect.StructTag) error {
	switch into.Interface().(type) {
	case number:
		if _, ok := new(big.Rat).SetString(text); !ok || strings.ContainsAny(text, "eE/_xXpP") {
			return invalid(name, "Invalid decimal: %s", text)
		}
		into.SetString(text)
		return nil
	case limit:
		if text == "inf" {
			return nil
		}
	}
	switch into.Kind() {
	case reflect.String:
		if allowed := tag.Get("enum"); allowed != "" && !slices.Contains(strings.Split(allowed, "|"), text) {
			return invalid(name, "Invalid %s: must be %s", name, oneOf(allowed))
		}
		into.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return invalid(name, "Invalid boolean: %s", text)
		}
		into.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return invalid(name, "Invalid integer: %s", text).withCode(codeInteger)
		}
		if least, err := strconv.ParseInt(tag.Get("min"), 10, 64); err == nil && value < least {
			return invalid(name, "This value must be greater than or equal to %d.", least).withCode(minCode(tag))
		}
		if most, err := strconv.ParseInt(tag.Get("max"), 10, 64); err == nil && value > most {
			return invalid(name, "This value must be less than or equal to %d.", most)
		}
		into.SetInt(value)
	default:
		panic("sandbox: a parameter " + name + " of type " + into.Type().String())
	}
	return nil
}

// minCode is the code of a number that is too small. The length of a list, which has a most too, has none.
func minCode(tag reflect.StructTag) string {
	if tag.Get("max") != "" {
		return ""
	}
	return codeInteger
}

// ignored is a parameter of Stripe's that the sandbox takes and does nothing with.
type ignored struct{}

func (*ignored) decode(*node, string) error { return nil }

// oneOf words the texts a parameter takes.
func oneOf(allowed string) string {
	words := strings.Split(allowed, "|")
	slices.Sort(words)
	switch len(words) {
	case 1:
		return words[0]
	case 2:
		return "one of " + words[0] + " or " + words[1]
	}
	return "one of " + strings.Join(words[:len(words)-1], ", ") + ", or " + words[len(words)-1]
}
