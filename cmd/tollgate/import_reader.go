package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/tollgate/tollgate/meter"
)

// lineBytesMax is the longest line of an import, without its end.
const lineBytesMax = 64 << 10

// A badLine is a line that is not imported, and why.
type badLine struct {
	number int64 // 1 is the first
	reason string
}

func (l badLine) String() string { return fmt.Sprintf("line %d: %s", l.number, l.reason) }

// Error makes a badLine an error, of which the import goes on.
func (l badLine) Error() string { return l.String() }

// An event is a usage fact and the line it stood on.
type event struct {
	line  int64
	bytes int
	usage meter.Usage
}

// A lineReader reads usage events, one per line, holding one line at a time.
type lineReader struct {
	r      *bufio.Reader
	number int64 // of the line last read
}

// newLineReader returns a reader of what r holds, compressed with gzip or not.
func newLineReader(r io.Reader) (*lineReader, error) {
	plain := bufio.NewReaderSize(r, lineBytesMax+2) // for a line of the longest kind and its \r\n
	start, err := plain.Peek(3)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if bytes.HasPrefix(start, []byte{0x1f, 0x8b}) { // RFC 1952 §2.3.1
		unpacked, err := gzip.NewReader(plain)
		if err != nil {
			return nil, err
		}
		plain = bufio.NewReaderSize(unpacked, lineBytesMax+2)
		if start, err = plain.Peek(3); err != nil && err != io.EOF {
			return nil, err
		}
	}
	if bytes.HasPrefix(start, []byte("\ufeff")) { // the mark some editors put at the start of a file
		if _, err := plain.Discard(3); err != nil {
			return nil, err
		}
	}
	return &lineReader{r: plain}, nil
}

// next returns the next event. Blank lines are skipped. The error is a badLine for a line that is no event, after
// which there may be more; io.EOF at the end; any other when the input cannot be read on.
func (l *lineReader) next() (event, error) {
	for {
		line, err := l.line()
		if err != nil {
			return event{}, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		usage, err := parseUsage(line)
		if err != nil {
			return event{}, badLine{l.number, err.Error()}
		}
		return event{l.number, len(line), usage}, nil
	}
}

// line returns the next line, which is valid until the following call.
func (l *lineReader) line() ([]byte, error) {
	l.number++
	line, err := l.r.ReadSlice('\n')
	long := errors.Is(err, bufio.ErrBufferFull)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.r.ReadSlice('\n')
	}
	if err == io.EOF && (long || len(line) > 0) {
		err = nil // the last line has no end; the call after this one says io.EOF
	}
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	if long || len(line) > lineBytesMax {
		return nil, badLine{l.number, fmt.Sprintf("the line is longer than %d bytes", lineBytesMax)}
	}
	return line, nil
}

// A counting reader counts what is read through it.
type counting struct {
	from io.Reader
	n    atomic.Int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.from.Read(b)
	c.n.Add(int64(n))
	return n, err
}
