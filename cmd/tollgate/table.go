package main

import (
	"io"
	"strings"
	"unicode/utf8"
)

// A table is rows of text in columns as wide as their widest cell.
type table struct {
	head  []string // a column whose name begins with > stands on the right
	rows  [][]string
	paint func(row, column int, cell string) string // nil leaves cells as they are; it must add no width
}

// newTable returns a table with these columns.
func newTable(head ...string) *table { return &table{head: head} }

// add appends a row; cells past the last column are left out. What would change the terminal is replaced.
func (t *table) add(cells ...string) {
	row := make([]string, len(t.head))
	for i, cell := range cells[:min(len(cells), len(row))] {
		row[i] = word(cell)
	}
	t.rows = append(t.rows, row)
}

// write writes the table. The last column is not padded.
func (t *table) write(w io.Writer) error {
	right, widths := make([]bool, len(t.head)), make([]int, len(t.head))
	head := make([]string, len(t.head))
	for i, name := range t.head {
		head[i], right[i] = strings.CutPrefix(name, ">")
		widths[i] = utf8.RuneCountInString(head[i])
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	var b strings.Builder
	line := func(number int, cells []string) {
		var text strings.Builder
		for i, cell := range cells {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if number >= 0 && t.paint != nil {
				cell = t.paint(number, i, cell)
			}
			if i > 0 {
				text.WriteString("  ")
			}
			if right[i] {
				text.WriteString(pad + cell)
				continue
			}
			text.WriteString(cell + pad)
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	line(-1, head)
	for i, row := range t.rows {
		line(i, row)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
