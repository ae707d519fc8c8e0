package spool

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	suffix      = ".facts"
	refusedFile = "refused.jsonl"
	sumBytes    = 9 // of a line: its check sum in hexadecimal, and a space
)

// spellLine returns a line of a file: a check sum, a space, the fact as JSON. JSON has no line breaks of its own.
func spellLine(body []byte) []byte {
	return append(fmt.Appendf(nil, "%08x ", checksum(body)), append(body, '\n')...)
}

func checksum(body []byte) uint32 { return crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) }

// readLine reads a line. It reports false for one that was not written to its end, or has changed since.
func readLine(line []byte) (f Fact, ok bool) {
	line, whole := bytes.CutSuffix(line, []byte{'\n'})
	if !whole || len(line) < sumBytes {
		return f, false
	}
	body := line[sumBytes:]
	if string(line[:sumBytes]) != fmt.Sprintf("%08x ", checksum(body)) {
		return f, false
	}
	return f, json.Unmarshal(body, &f) == nil
}

// readFile calls do with each fact of a file, in order. The last line may be cut: nobody was told that it is kept.
func (s *Spool) readFile(name string, do func(Fact) error) error {
	file, err := os.Open(filepath.Join(s.dir, name))
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if f, ok := readLine(line); ok {
			if err := do(f); err != nil {
				return err
			}
		} else if err == nil {
			s.log.Error("a line of the spool is damaged and cannot be sent", "file", name, "line", n)
		}
		if err != nil {
			return nil
		}
	}
}

// restore finds what an earlier process left.
func (s *Spool) restore() error {
	names, err := filepath.Glob(filepath.Join(s.dir, "*"+suffix))
	if err != nil {
		return err
	}
	slices.Sort(names) // by number: they have leading zeros
	for _, path := range names {
		name := filepath.Base(path)
		var number int64
		if _, err := fmt.Sscanf(strings.TrimSuffix(name, suffix), "%d", &number); err != nil {
			return fmt.Errorf("open spool: %s is no file of it: %w", path, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("open spool: %w", err)
		}
		err = s.readFile(name, func(f Fact) error {
			s.facts++
			s.pending[sourceOf(f)] += amountOf(f)
			return nil
		})
		if err != nil {
			return fmt.Errorf("open spool: %w", err)
		}
		s.next, s.bytes, s.sealed = number+1, s.bytes+info.Size(), append(s.sealed, name)
	}
	return nil
}

// syncDir makes a folder's list of files durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
