package meter

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/tollgate/tollgate/fault"
)

// ReadProperties reads properties as they were sent: a JSON object, or nothing, which is nil. Numbers stay as they are written.
// Faults: invalid_request for anything else, and for a key that comes twice in an object, which it names.
func ReadProperties(sent json.RawMessage) (map[string]any, error) {
	sent = bytes.TrimSpace(sent)
	if len(sent) == 0 || bytes.Equal(sent, []byte("null")) {
		return nil, nil
	}
	var all map[string]any
	d := json.NewDecoder(bytes.NewReader(sent))
	d.UseNumber() // a float would change what the caller sent
	if err := d.Decode(&all); err != nil || all == nil || !json.Valid(sent) {
		return nil, noObject(sent)
	}
	if colons(sent) != keys(all) {
		return nil, keyTwice(sent)
	}
	return all, nil
}

// noObject is the fault for what is not an object.
func noObject(sent []byte) error {
	const want = `properties must be a JSON object such as {"model": "small"}`
	if !json.Valid(sent) {
		return fault.Field("properties", nil, nil, want+".")
	}
	kinds := map[byte]string{'[': "a list", '"': "a text", 't': "true", 'f': "false"}
	kind, ok := kinds[sent[0]]
	if !ok {
		kind = "a number"
	}
	return fault.Field("properties", nil, nil, want+", not %s.", kind)
}

// colons counts those outside texts, of which valid JSON has one for each key.
func colons(text []byte) (n int) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ':' && !quoted:
			n++
		}
	}
	return n
}

// keys counts the keys of the objects in a value.
func keys(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		n = len(v)
		for _, in := range v {
			n += keys(in)
		}
	case []any:
		for _, in := range v {
			n += keys(in)
		}
	}
	return n
}

// keyTwice is the fault for an object one of whose keys comes twice.
func keyTwice(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	type level struct {
		object bool
		seen   map[string]bool
		key    string // whose value comes next; none while a key comes next
		named  bool
	}
	var path []level
	for {
		token, err := d.Token()
		if err != nil { // not reached: some key comes twice
			return noObject(text)
		}
		in := len(path) - 1
		if key, is := token.(string); is && in >= 0 && path[in].object && !path[in].named {
			if path[in].seen[key] {
				field := "properties"
				for _, l := range path[:in] {
					if l.object {
						field += "." + l.key
					}
				}
				return fault.Field(field+"."+key, nil, nil, "The key %q comes twice in %s.", key, field)
			}
			path[in].seen[key], path[in].key, path[in].named = true, key, true
			continue
		}
		if in >= 0 {
			path[in].named = false
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			path = append(path, level{object: token == json.Delim('{'), seen: map[string]bool{}})
		case json.Delim('}'), json.Delim(']'):
			path = slices.Delete(path, in, in+1)
			if in > 0 {
				path[in-1].named = false
			}
		}
	}
}
