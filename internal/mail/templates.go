package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"
)

//go:embed templates
var builtIn embed.FS

// The files that all kinds share.
const (
	layoutText = "layout.txt"  // the plain page; calls the part content
	layoutHTML = "layout.html" // the HTML page; calls the part content
	partsHTML  = "parts.html"  // the greeting, and the styles as attributes
)

// partsOf names the parts that each template file must define.
func partsOf() map[string][]string {
	all := map[string][]string{
		layoutText: nil,
		layoutHTML: nil,
		partsHTML:  {"greeting", "heading", "paragraph", "button", "link", "table", "label", "value"},
	}
	for _, kind := range kinds() {
		all[kind.file(".txt")] = []string{"subject", "content"}
		all[kind.file(".html")] = []string{"content"}
	}
	return all
}

func (k Kind) file(ending string) string { return string(k) + ending }

// templates are those of one kind, ready to run.
type templates struct {
	text *texttemplate.Template // the layout; with the parts subject and content
	html *htmltemplate.Template // the layout; with the part content and those of parts.html
}

// functions are what templates can call besides the built-in ones.
func functions() map[string]any {
	return map[string]any{"date": func(t time.Time) string { return t.Format("2 January 2006") }}
}

// parseTemplates reads the templates of all kinds. It refuses a file whose name no template has, one that cannot be
// parsed, and one that misses a part.
func parseTemplates(overrides fs.FS) (map[Kind]templates, error) {
	sources, err := readSources(overrides)
	if err != nil {
		return nil, err
	}
	all := map[Kind]templates{}
	for _, kind := range kinds() {
		text := texttemplate.New(layoutText).Funcs(functions())
		for _, name := range []string{layoutText, kind.file(".txt")} {
			if text, err = text.New(name).Parse(sources[name]); err != nil {
				return nil, fmt.Errorf("mail: Templates: %w", err)
			}
		}
		html := htmltemplate.New(layoutHTML).Funcs(functions())
		for _, name := range []string{layoutHTML, partsHTML, kind.file(".html")} {
			if html, err = html.New(name).Parse(sources[name]); err != nil {
				return nil, fmt.Errorf("mail: Templates: %w", err)
			}
		}
		all[kind] = templates{text: text.Lookup(layoutText), html: html.Lookup(layoutHTML)}
	}
	return all, nil
}

// readSources returns the text of every template file by name: the override where there is one, else the built-in.
func readSources(overrides fs.FS) (map[string]string, error) {
	parts := partsOf()
	if overrides != nil {
		if err := checkNames(overrides, parts); err != nil {
			return nil, err
		}
	}
	sources := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		source, err := readSource(overrides, name)
		if err != nil {
			return nil, err
		}
		if err := checkParts(name, source, parts[name]); err != nil {
			return nil, err
		}
		sources[name] = source
	}
	return sources, nil
}

// checkNames refuses a template whose name is misspelt, which would else replace nothing in silence.
func checkNames(overrides fs.FS, parts map[string][]string) error {
	entries, err := fs.ReadDir(overrides, ".")
	if err != nil {
		return fmt.Errorf("mail: Templates cannot be listed (%w): name a folder that exists, or leave it out", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if ending := path.Ext(name); ending != ".txt" && ending != ".html" {
			continue
		}
		if _, known := parts[name]; !known {
			return fmt.Errorf("mail: Templates: %s replaces nothing: the names are %s", name,
				strings.Join(slices.Sorted(maps.Keys(parts)), ", "))
		}
	}
	return nil
}

func readSource(overrides fs.FS, name string) (string, error) {
	if overrides != nil {
		source, err := fs.ReadFile(overrides, name)
		if err == nil {
			return string(source), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("mail: Templates: %w", err)
		}
	}
	source, err := fs.ReadFile(builtIn, path.Join("templates", name))
	return string(source), err
}

// checkParts parses a file on its own, so that a part which only another file defines does not count.
func checkParts(name, source string, parts []string) error {
	alone, err := texttemplate.New(name).Funcs(functions()).Parse(source)
	if err != nil {
		return fmt.Errorf("mail: Templates: %w", err)
	}
	for _, part := range parts {
		if alone.Lookup(part) == nil {
			return fmt.Errorf("mail: Templates: %s misses the part %q: write {{define %q}} … {{end}} into it", name, part, part)
		}
	}
	return nil
}
