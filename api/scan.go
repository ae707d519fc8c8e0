package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/tollgate/tollgate/fault"
)

// depthMax is how deep the values of a body may nest.
const depthMax = 64

// A scanner reads JSON (RFC 8259) strictly: names that come twice, text that is not Unicode and anything after
// the end are refused. Its errors are faults that name the byte at which the text stops making sense.
type scanner struct {
	src   []byte
	at    int
	depth int
}

// malformed is the fault for a body that is not JSON.
func (s *scanner) malformed(what string) error {
	return fault.New(fault.Invalid, "The body is not JSON: at byte %d %s.", s.at, what).With("offset", s.at)
}

func (s *scanner) space() {
	for s.at < len(s.src) {
		switch s.src[s.at] {
		case ' ', '\n', '\t', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek returns the next byte that is not space; 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.at < len(s.src) {
		return s.src[s.at]
	}
	return 0
}

// end refuses anything but space after the value.
func (s *scanner) end() error {
	if s.space(); s.at < len(s.src) {
		return s.malformed("there is more after the end")
	}
	return nil
}

// open steps into the object or array that begins with c.
func (s *scanner) open(c byte) error {
	if s.depth++; s.depth > depthMax {
		return fault.Field("body", s.depth, depthMax, "The body nests deeper than %d.", depthMax).With("offset", s.at)
	}
	if s.peek() != c {
		return s.malformed("'" + string(c) + "' is missing")
	}
	s.at++
	return nil
}

// more steps over what stands before the next member of an object or array, and reports false, leaving it,
// at its end. first says that none has been read.
func (s *scanner) more(end byte, first bool) (bool, error) {
	c := s.peek()
	switch {
	case c == end:
		s.at++
		s.depth--
		return false, nil
	case first:
		return true, nil
	case c == ',':
		s.at++
		return true, nil
	}
	return false, s.malformed("',' or '" + string(end) + "' is missing")
}

// name reads a member's name and the colon after it.
func (s *scanner) name() ([]byte, error) {
	s.space()
	raw, err := s.text()
	if err != nil {
		return nil, err
	}
	if s.peek() != ':' {
		return nil, s.malformed("':' is missing")
	}
	s.at++
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], nil
	}
	var name string
	err = json.Unmarshal(raw, &name)
	return []byte(name), err
}

// value reads any value and returns it as it is written.
func (s *scanner) value() ([]byte, error) {
	s.space()
	from := s.at
	var err error
	switch c := s.peek(); c {
	case '{':
		err = s.object()
	case '[':
		err = s.array()
	case '"':
		_, err = s.text()
	case 't':
		err = s.word("true")
	case 'f':
		err = s.word("false")
	case 'n':
		err = s.word("null")
	default:
		err = s.number()
	}
	return s.src[from:s.at], err
}

func (s *scanner) object() error {
	if err := s.open('{'); err != nil {
		return err
	}
	var names [8][]byte
	seen := names[:0]
	var many map[string]bool // when there are more than a few
	for {
		ok, err := s.more('}', len(seen) == 0)
		if err != nil || !ok {
			return err
		}
		at := s.at
		name, err := s.name()
		if err != nil {
			return err
		}
		if len(seen) == len(names) && many == nil {
			many = map[string]bool{}
			for _, n := range seen {
				many[string(n)] = true
			}
		}
		if many[string(name)] || many == nil && slices.ContainsFunc(seen, func(n []byte) bool { return bytes.Equal(n, name) }) {
			s.at = at
			return s.malformed(fmt.Sprintf("the name %q comes twice in one object", name))
		}
		if many == nil {
			seen = append(seen, name)
		} else {
			many[string(name)] = true
		}
		if _, err := s.value(); err != nil {
			return err
		}
	}
}

func (s *scanner) array() error {
	if err := s.open('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		ok, err := s.more(']', first)
		if err != nil || !ok {
			return err
		}
		if _, err := s.value(); err != nil {
			return err
		}
	}
}

// text reads a string and returns it with its quotes.
func (s *scanner) text() ([]byte, error) {
	from := s.at
	if s.at >= len(s.src) || s.src[s.at] != '"' {
		return nil, s.malformed("a text in double quotes is missing")
	}
	ascii := true
	for s.at++; s.at < len(s.src); s.at++ {
		switch c := s.src[s.at]; {
		case c == '"':
			s.at++
			if raw := s.src[from:s.at]; ascii || utf8.Valid(raw) {
				return raw, nil
			}
			s.at = from
			return nil, s.malformed("a text is not UTF-8")
		case c == '\\':
			if err := s.escape(); err != nil {
				return nil, err
			}
		case c < ' ':
			return nil, s.malformed("a control character is not escaped")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, s.malformed("a text does not end")
}

// escape reads what follows a backslash, up to its last byte.
func (s *scanner) escape() error {
	if s.at++; s.at >= len(s.src) {
		return s.malformed("a text does not end")
	}
	switch s.src[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
	default:
		return s.malformed("there is no such escape")
	}
	r, ok := s.hex()
	if !ok {
		return s.malformed("an escape needs four hexadecimal digits")
	}
	switch {
	case r < 0xD800 || r > 0xDFFF:
		return nil
	case r < 0xDC00 && s.at+2 < len(s.src) && s.src[s.at+1] == '\\' && s.src[s.at+2] == 'u':
		s.at += 2
		if low, ok := s.hex(); ok && 0xDC00 <= low && low <= 0xDFFF {
			return nil
		}
	}
	return s.malformed("half of a surrogate pair stands alone")
}

// hex reads the four digits after the u at s.at.
func (s *scanner) hex() (r rune, ok bool) {
	if s.at+4 >= len(s.src) {
		return 0, false
	}
	for range 4 {
		s.at++
		c := s.src[s.at]
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

func (s *scanner) word(w string) error {
	if !bytes.HasPrefix(s.src[s.at:], []byte(w)) {
		return s.malformed("a value is missing")
	}
	s.at += len(w)
	return nil
}

func (s *scanner) number() error {
	if s.at < len(s.src) && s.src[s.at] == '-' {
		s.at++
	}
	switch {
	case s.at >= len(s.src):
		return s.malformed("a value is missing")
	case s.src[s.at] == '0':
		s.at++
	case !s.digits():
		return s.malformed("a value is missing")
	}
	if s.at < len(s.src) && s.src[s.at] == '.' {
		if s.at++; !s.digits() {
			return s.malformed("a digit is missing")
		}
	}
	if s.at < len(s.src) && s.src[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.src) && (s.src[s.at] == '+' || s.src[s.at] == '-') {
			s.at++
		}
		if !s.digits() {
			return s.malformed("a digit is missing")
		}
	}
	return nil
}

// digits reads digits and reports whether there was one.
func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.src) && '0' <= s.src[s.at] && s.src[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}
