package sandbox

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// formDepthMax is how many brackets the name of a parameter may have.
const formDepthMax = 12

// A node is one parameter as it came: a text, or a hash (or array) of parameters by name (or index).
type node struct {
	text   string
	isText bool
	order  []string
	kids   map[string]*node
}

// parseForm reads bracketed parameters, such as items[0][price]=price_1&expand[]=customer, into a hash. The elements of
// name[] are numbered in their order.
func parseForm(encoded string) (*node, error) {
	root := &node{}
	for pair := range strings.SplitSeq(encoded, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(key)
		if err != nil {
			return nil, invalid("", "Invalid form encoding: %s", pair)
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return nil, invalid(key, "Invalid form encoding: %s", pair)
		}
		if err := root.set(key, value); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// set stores a text under a bracketed name.
func (n *node) set(key, value string) error {
	name, rest, bracketed := strings.Cut(key, "[")
	steps := []string{name}
	if bracketed {
		inner, closed := strings.CutSuffix(rest, "]")
		if !closed || name == "" {
			return invalid(key, "Invalid parameter name: %s", key)
		}
		steps = append(steps, strings.Split(inner, "][")...)
	}
	if len(steps) > formDepthMax {
		return invalid(key, "Invalid parameter name: %s", key)
	}
	at := n
	for _, step := range steps {
		if at.isText {
			return invalid(key, "Invalid parameter: %s is both a value and a hash", key)
		}
		if step == "" {
			step = strconv.Itoa(len(at.kids))
		}
		at = at.child(step)
	}
	if len(at.kids) > 0 {
		return invalid(key, "Invalid parameter: %s is both a value and a hash", key)
	}
	at.text, at.isText = value, true
	return nil
}

func (n *node) child(name string) *node {
	if kid, ok := n.kids[name]; ok {
		return kid
	}
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	kid := &node{}
	n.kids[name] = kid
	n.order = append(n.order, name)
	return kid
}

// take removes a parameter and returns it, or nil.
func (n *node) take(name string) *node {
	kid := n.kids[name]
	if kid == nil {
		return nil
	}
	delete(n.kids, name)
	for i, other := range n.order {
		if other == name {
			n.order = append(n.order[:i:i], n.order[i+1:]...)
			break
		}
	}
	return kid
}

// texts returns the elements of an array of texts, or of one text.
func (n *node) texts(name string) ([]string, error) {
	if n == nil {
		return nil, nil
	}
	if n.isText {
		return nil, invalid(name, "Invalid array")
	}
	var all []string
	for _, index := range n.order {
		kid := n.kids[index]
		if !kid.isText {
			return nil, invalid(fmt.Sprintf("%s[%s]", name, index), "Invalid string")
		}
		all = append(all, kid.text)
	}
	return all, nil
}
