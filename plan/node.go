package plan

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// A node is one value of a document with its place: what the reader works on. It is YAML without the
// parts that a catalog has no use for (aliases, tags, several documents), which syntax.go refuses.
type node struct {
	kind         kind
	line, column int
	key          *node   // the key it stands under; nil for the document and the items of a list
	text         string  // of a scalar, as written and unquoted
	quoted       bool    // a scalar in quotes, or a block of text
	entries      []*node // of a mapping, each with its key, in order, without duplicates
	items        []*node // of a list
}

type kind int

const (
	null kind = iota
	scalar
	mapping
	sequence
)

// place returns the node to point at when something is missing below n: its key where it has one.
func (n *node) place() *node {
	if n.key != nil {
		return n.key
	}
	return n
}

// what returns n in a sentence: "a list".
func (n *node) what() string {
	switch n.kind {
	case null:
		return "empty"
	case mapping:
		return "a mapping"
	case sequence:
		return "a list"
	}
	return quote(n.text)
}

// node converts a parsed YAML value and reports duplicate keys. The depth of a is bounded by syntax.
func (r *reader) node(a ast.Node, path string) *node {
	n := &node{}
	n.line, n.column = start(a)
	switch a := a.(type) {
	case *ast.NullNode:
		n.kind = null
	case *ast.MappingNode:
		n.kind = mapping
		r.entries(n, a.Values, path)
	case *ast.MappingValueNode:
		n.kind = mapping
		r.entries(n, []*ast.MappingValueNode{a}, path)
	case *ast.SequenceNode:
		n.kind = sequence
		for i, v := range a.Values {
			n.items = append(n.items, r.node(v, item(path, i)))
		}
	case *ast.StringNode:
		n.kind, n.text = scalar, a.Value
		n.quoted = a.Token.Type == token.SingleQuoteType || a.Token.Type == token.DoubleQuoteType
	case *ast.LiteralNode:
		n.kind, n.text, n.quoted = scalar, a.Value.Value, true
	default:
		// Numbers and booleans keep their spelling: digits are read exactly, never through a float.
		n.kind, n.text = scalar, a.GetToken().Value
	}
	return n
}

// entries fills the mapping n, keeping the first of two equal keys.
func (r *reader) entries(n *node, values []*ast.MappingValueNode, path string) {
	first := map[string]int{}
	for _, v := range values {
		k := &node{kind: scalar, text: v.Key.GetToken().Value}
		k.line, k.column = start(v.Key)
		if line, ok := first[k.text]; ok {
			r.report(k, join(path, k.text), "merge the two", "the key is already on line %d", line)
			continue
		}
		first[k.text] = k.line
		child := r.node(v.Value, join(path, k.text))
		child.key = k
		if child.kind == null {
			child.line, child.column = k.line, k.column
		}
		n.entries = append(n.entries, child)
	}
}

// start returns where a begins. A block mapping begins with its first key: the parser would say its
// first colon.
func start(a ast.Node) (line, column int) {
	switch m := a.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 && !m.IsFlowStyle {
			a = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		a = m.Key
	}
	if t := a.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 1, 1
}
