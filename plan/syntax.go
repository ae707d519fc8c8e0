package plan

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	// DocumentBytesMax is the largest catalog document.
	DocumentBytesMax = 1 << 20
	// DocumentTokensMax is how many words and signs a document may have: about 15,000 lines.
	DocumentTokensMax = 50_000
	// DocumentDepthMax is how deep mappings and lists may nest. A tier's price is at 8.
	DocumentDepthMax = 16
	// KeyBytesMax is the longest key of a mapping, well above the longest slug.
	KeyBytesMax = 255
	// TextBytesMax is the longest name, description or other text.
	TextBytesMax = 4096
)

// syntax reads doc as YAML and returns its one document, or nil when there is none or when the YAML
// is wrong; the problem is then reported.
//
// The YAML parser takes time and memory that grow with the square of the tokens and of the depth, and
// aliases multiply: so the token stream, which is linear, is bounded before the parser sees it.
func (r *reader) syntax(doc []byte) *node {
	top := &node{line: 1, column: 1}
	if !utf8.Valid(doc) || bytes.IndexByte(doc, 0) >= 0 {
		r.report(top, "", "save it as UTF-8", "the document is not UTF-8 text")
		return nil
	}
	doc = bytes.TrimPrefix(doc, []byte("\ufeff"))
	tokens := lexer.Tokenize(string(doc))
	if !r.bounded(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.reportSyntax(err)
		return nil
	}
	for _, second := range file.Docs[min(1, len(file.Docs)):] {
		if second.Body != nil {
			line, column := start(second.Body)
			r.report(&node{line: line, column: column}, "", "remove the line --- or ... above it",
				"a second document starts here, and a file holds one catalog")
			return nil
		}
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil
	}
	return r.node(file.Docs[0].Body, "")
}

func (r *reader) reportSyntax(err error) {
	at, message := &node{line: 1, column: 1}, ""
	var e yaml.Error
	if errors.As(err, &e) { // its Error also prints the lines around, which is slow and long
		message = e.GetMessage()
		if t := e.GetToken(); t != nil && t.Position != nil {
			at.line, at.column = t.Position.Line, t.Position.Column
		}
	} else {
		message = err.Error()
	}
	r.report(at, "", "check the indentation, the quotes and the brackets", "this is not YAML: %s", message)
}

// bounded reports the first token that a catalog has no use for, and returns false.
func (r *reader) bounded(tokens token.Tokens) bool {
	var blocks []int // the columns of the open block keys and list dashes
	brackets := 0    // the open brackets and braces
	count := 0
	for _, t := range tokens {
		at := &node{line: t.Position.Line, column: t.Position.Column}
		isKey := t.NextType() == token.MappingValueType
		switch t.Type {
		case token.CommentType:
			continue
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			r.report(at, "", "write the value out", "anchors, aliases and merge keys are not read")
			return false
		case token.TagType, token.DirectiveType, token.MappingKeyType:
			r.report(at, "", "write plain keys and values", "tags, directives and ? keys are not read")
			return false
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		}
		if brackets == 0 && (isKey || t.Type == token.SequenceEntryType) {
			for len(blocks) > 0 && blocks[len(blocks)-1] >= at.column {
				blocks = blocks[:len(blocks)-1]
			}
			blocks = append(blocks, at.column)
		}
		switch count++; {
		case count > DocumentTokensMax:
			r.report(at, "", "split the catalog", "the document has more than %d words and signs", DocumentTokensMax)
			return false
		case len(blocks)+brackets > DocumentDepthMax:
			r.report(at, "", "", "the document nests deeper than %d", DocumentDepthMax)
			return false
		case isKey && len(t.Value) > KeyBytesMax:
			r.report(at, "", "", "the key has %d bytes; the limit is %d", len(t.Value), KeyBytesMax)
			return false
		case len(t.Value) > TextBytesMax:
			r.report(at, "", "", "the text has %d bytes; the limit is %d", len(t.Value), TextBytesMax)
			return false
		}
	}
	return true
}
