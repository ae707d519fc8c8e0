package conform

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Event checks the JSON of an event, as a webhook carries it: the event itself, its type, data.object against the
// schema of its `object` with nothing expanded, and data.previous_attributes, whose keys must be the object's and whose
// values must differ from it.
func (f *File) Event(body []byte) []Problem {
	value, err := decode(body)
	if err != nil {
		return []Problem{{"$", "the event is not JSON: " + err.Error()}}
	}
	w := &walk{file: f, expands: true}
	w.value(f.schemas["event"], value, place{path: "$"})
	return append(w.problems, f.eventData(value, place{path: "$"})...)
}

// eventsIn checks what lies inside the events of an answer: one event, or a list of them.
func (f *File) eventsIn(value any) []Problem {
	object, _ := value.(map[string]any)
	if object["object"] == "event" {
		return f.eventData(value, place{path: "$"})
	}
	var problems []Problem
	list, _ := object["data"].([]any)
	for i, event := range list {
		problems = append(problems, f.eventData(event, place{path: "$"}.key("data").index(i))...)
	}
	return problems
}

// eventData checks the type and the data of one event, whose outer shape was checked.
func (f *File) eventData(value any, at place) []Problem {
	event, _ := value.(map[string]any)
	data, _ := event["data"].(map[string]any)
	object, ok := data["object"].(map[string]any)
	if !ok {
		return nil
	}
	kind, _ := event["type"].(string)
	name, _ := object["object"].(string)
	w := &walk{file: f, expands: true}
	if !slices.Contains(f.events, any(kind)) {
		w.report(at.key("type"), "is %q, which Stripe never sends", kind)
	}
	of := f.resource(name, object)
	if of == nil {
		w.report(at.key("data").key("object").key("object"), "is %q, which Stripe does not have", name)
		return w.problems
	}
	if family := kind[:max(0, strings.LastIndex(kind, "."))]; family != name && !strings.HasSuffix(family, "."+name) {
		w.report(at.key("data").key("object").key("object"), "is %q in an event %s", name, kind)
	}
	w.value(of, object, place{path: at.key("data").key("object").path})
	previous, updated := data["previous_attributes"].(map[string]any)
	if !updated {
		return w.problems
	}
	before := at.key("data").key("previous_attributes")
	w.partial, w.expands = true, false
	w.value(of, previous, before)
	for _, key := range slices.Sorted(maps.Keys(previous)) {
		if now, ok := object[key]; ok && reflect.DeepEqual(previous[key], now) {
			w.report(before.key(key), "is what the object has too")
		}
	}
	return w.problems
}

// resource returns the schema of an object by its `object`; a deleted object has one of its own.
func (f *File) resource(name string, object map[string]any) *schema {
	_, deleted := object["deleted"]
	for _, s := range f.resources[name] {
		if deleted == slices.Contains(s.Required, "deleted") {
			return s
		}
	}
	return nil
}

// Object checks one object against the schema of its `object`, with nothing expanded.
func (f *File) Object(body []byte) []Problem {
	value, err := decode(body)
	if err != nil {
		return []Problem{{"$", "the object is not JSON: " + err.Error()}}
	}
	object, _ := value.(map[string]any)
	name, _ := object["object"].(string)
	of := f.resource(name, object)
	if of == nil {
		return []Problem{{"$.object", fmt.Sprintf("is %q, which Stripe does not have", name)}}
	}
	w := &walk{file: f, expands: true}
	w.value(of, value, place{path: "$"})
	return w.problems
}
