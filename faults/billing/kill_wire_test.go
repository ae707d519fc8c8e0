package billing_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
)

// wire returns the URL of a proxy before a PostgreSQL server, whose gate every commit passes: before the server gets it,
// and before the client hears of it.
func (s *stage) wire(db string) string {
	s.Helper()
	u, err := url.Parse(db)
	if err != nil {
		s.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	var all sync.WaitGroup
	server := u.Host
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.carryWire(client, server) })
		}
	})
	s.Cleanup(func() {
		l.Close()
		all.Wait() // the process has been killed, so that its connections end
	})
	u.Host = l.Addr().String()
	return u.String()
}

func (s *stage) carryWire(client net.Conn, server string) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	w := &wire{stage: s, texts: map[string]string{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer client.Close()
		relay(client, upstream, w.told)
	}()
	if head, err := frame(client, 0); err == nil { // the start-up message has no type
		if _, err = upstream.Write(head); err == nil {
			relay(upstream, client, w.asked)
		}
	}
	upstream.Close()
	<-done
}

// relay passes messages on until one side is gone, or see says so.
func relay(to io.Writer, from io.Reader, see func(kind byte, body []byte) bool) {
	for {
		m, err := frame(from, 1)
		if err != nil || !see(m[0], m[5:]) {
			return
		}
		if _, err := to.Write(m); err != nil {
			return
		}
	}
}

// frame reads one message: its type, of so many bytes, a length that counts itself, and the rest
// (https://www.postgresql.org/docs/current/protocol-message-formats.html).
func frame(from io.Reader, kind int) ([]byte, error) {
	head := make([]byte, kind+4)
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	m := make([]byte, kind+int(binary.BigEndian.Uint32(head[kind:])))
	copy(m, head)
	_, err := io.ReadFull(from, m[len(head):])
	return m, err
}

// A wire is one connection.
type wire struct {
	*stage
	texts map[string]string // of prepared statements, by name

	mu     sync.Mutex
	within bool // a transaction that was begun
	begun  bool // by what is asked and not yet synchronised
	writes bool // what is asked changes rows, or commits
	wrote  bool // the server has changed rows since the last commit
}

// asked sees what the client sends, and reports whether it may go on.
func (w *wire) asked(kind byte, body []byte) bool {
	word := func(text string) string {
		first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
		return strings.ToUpper(strings.TrimRight(strings.TrimSpace(first), ";"))
	}
	cut := func(b []byte) (string, []byte) {
		text, rest, _ := bytes.Cut(b, []byte{0})
		return string(text), rest
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	see := func(text string) {
		switch first := word(text); first {
		case "BEGIN":
			w.begun = true
		case "COMMIT":
			w.writes = true
		case "INSERT", "UPDATE", "DELETE", "WITH":
			w.writes = w.writes || !w.within && !w.begun
		}
	}
	switch kind {
	case 'P': // Parse
		name, rest := cut(body)
		w.texts[name], _ = cut(rest)
	case 'B': // Bind
		_, rest := cut(body)
		name, _ := cut(rest)
		see(w.texts[name])
	case 'Q': // Query
		text, _ := cut(body)
		see(text)
	}
	if kind != 'Q' && kind != 'S' { // Sync
		return true
	}
	commits := w.writes
	w.begun, w.writes = false, false
	return !commits || w.gate("before a commit")
}

// told sees what the server answers.
func (w *wire) told(kind byte, body []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch kind {
	case 'C': // CommandComplete
		tag := string(body)
		for _, change := range []string{"INSERT", "UPDATE", "DELETE", "COPY"} {
			w.wrote = w.wrote || strings.HasPrefix(tag, change)
		}
	case 'Z': // ReadyForQuery
		w.within = body[0] != 'I'
		if w.wrote && !w.within {
			w.wrote = false
			return w.gate("after a commit")
		}
	}
	return true
}
