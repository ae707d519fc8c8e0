package mail_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/internal/mail"
)

// part is one part of a mail that was received, decoded.
type part struct{ contentType, text string }

// open takes a received mail apart.
func open(t *testing.T, data string) (netmail.Header, []part) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("Content-Type is %q (%v), want multipart/alternative", m.Header.Get("Content-Type"), err)
	}
	var parts []part
	// NextRawPart: the other one decodes, and hides the header that says so.
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, parts
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Header.Get("Content-Transfer-Encoding"); got != "quoted-printable" {
			t.Errorf("a part is encoded as %q, want quoted-printable", got)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part{p.Header.Get("Content-Type"), strings.ReplaceAll(string(text), "\r\n", "\n")})
	}
}

func decoded(t *testing.T, header string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestEachKindArrivesAsRendered(t *testing.T) {
	t.Parallel()
	for _, m := range messages() {
		t.Run(string(m.Kind), func(t *testing.T) {
			t.Parallel()
			var office postOffice
			s := sender(t, "smtp+insecure://"+office.open(t, nil, false))
			subject, text, html, err := s.Render(m)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := office.only(t)
			if got.from != "billing@example.com" || !cmp.Equal(got.to, []string{"ada@example.org"}) {
				t.Errorf("the envelope is from %q to %q", got.from, got.to)
			}
			header, parts := open(t, got.data)
			for name, want := range map[string]string{
				"From":           `"Example" <billing@example.com>`,
				"To":             `"Ada Lovelace" <ada@example.org>`,
				"Subject":        subject,
				"Message-Id":     "<" + m.MessageID + "@example.com>",
				"Auto-Submitted": "auto-generated",
				"Mime-Version":   "1.0",
				"X-Mailer":       "",
				"User-Agent":     "",
			} {
				if got := decoded(t, header.Get(name)); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if date, err := header.Date(); err != nil || time.Since(date) > time.Minute {
				t.Errorf("Date is %v (%v), want the time of sending", date, err)
			}
			want := []part{{"text/plain; charset=UTF-8", text}, {"text/html; charset=UTF-8", html}}
			if diff := cmp.Diff(want, parts, cmp.AllowUnexported(part{})); diff != "" {
				t.Errorf("the parts are not what was rendered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamesOfTheWorldArrive(t *testing.T) {
	t.Parallel()
	var office postOffice
	url := "smtp+insecure://" + office.open(t, nil, false)
	s, err := mail.New(mail.Options{URL: url, From: "Größe & Söhne <billing@example.com>", Product: "日本語 🚀"})
	if err != nil {
		t.Fatal(err)
	}
	m := messages()[1]
	m.Name = `Zoë "Z" <z@example.net>, ` + strings.Repeat("Þórður ", 15) + "X"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := office.only(t)
	for line := range strings.SplitSeq(got.data, "\r\n") {
		if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("the line %q is longer than RFC 5322 allows, or not ASCII", line)
		}
	}
	header, parts := open(t, got.data)
	to, err := header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Name != m.Name || to[0].Address != m.To {
		t.Errorf("To is %v (%v), want one address whose name is %q", to, err, m.Name)
	}
	from, err := header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Name != "Größe & Söhne" {
		t.Errorf("From is %v (%v)", from, err)
	}
	if got := decoded(t, header.Get("Subject")); !strings.Contains(got, "日本語 🚀") {
		t.Errorf("Subject is %q, want the product in it", got)
	}
	if !strings.Contains(parts[0].text, m.Name) || !strings.Contains(parts[0].text, "€1,000.00") {
		t.Errorf("the plain part misses the name or the amount:\n%s", parts[0].text)
	}
}

func TestARetryHasTheSameMessageID(t *testing.T) {
	t.Parallel()
	var office postOffice
	s := sender(t, "smtp+insecure://"+office.open(t, nil, false))
	m := messages()[0]
	for range 2 {
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	m.MessageID = "whole.in_1@mail.example.net"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, got := range office.all() {
		header, _ := open(t, got.data)
		ids = append(ids, header.Get("Message-Id"))
	}
	want := []string{"<receipt.in_1@example.com>", "<receipt.in_1@example.com>", "<whole.in_1@mail.example.net>"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("Message-IDs (-want +got):\n%s", diff)
	}
}

func TestOneSenderSendsManyAtOnce(t *testing.T) {
	t.Parallel()
	const each = 5
	var office postOffice
	s := sender(t, "smtp+insecure://"+office.open(t, nil, false))
	var group sync.WaitGroup
	for range each {
		for _, m := range messages() {
			group.Go(func() {
				if err := s.Send(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	if got, want := len(office.all()), each*len(messages()); got != want {
		t.Errorf("%d mails arrived, want %d", got, want)
	}
}

func TestASenderWithoutURLIsOff(t *testing.T) {
	t.Parallel()
	s, err := mail.New(mail.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.On() {
		t.Error("a sender without options is on")
	}
	if err := s.Send(t.Context(), messages()[0]); !errors.Is(err, mail.ErrOff) || mail.IsPermanent(err) {
		t.Errorf("Send: %v (permanent: %t), want ErrOff, which is not permanent", err, mail.IsPermanent(err))
	}
	if _, _, _, err := s.Render(messages()[0]); err == nil || !strings.Contains(err.Error(), "Product is missing") {
		t.Errorf("Render: %v, want that Product is missing", err)
	}
	s, err = mail.New(mail.Options{Product: "Example"})
	if err != nil {
		t.Fatal(err)
	}
	if _, text, _, err := s.Render(messages()[0]); err != nil || !strings.Contains(text, "$7.99") {
		t.Errorf("Render: %v, %q: a sender that is off shows what it would send", err, text)
	}
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	for _, tt := range []struct {
		name, scheme string
		offered      bool
		implicit     bool
		trusted      bool
		want         string // in the error; empty succeeds
	}{
		{name: "STARTTLS", scheme: "smtp", offered: true, trusted: true},
		{name: "TLS from the start", scheme: "smtps", offered: true, implicit: true, trusted: true},
		{name: "STARTTLS is not offered", scheme: "smtp", want: "does not support STARTTLS"},
		{name: "STARTTLS with a certificate nobody trusts", scheme: "smtp", offered: true, want: "certificate"},
		{name: "TLS with a certificate nobody trusts", scheme: "smtps", offered: true, implicit: true, want: "certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			office := postOffice{users: map[string]string{"ada": "p@ss/word"}}
			serves := config
			if !tt.offered {
				serves = nil
			}
			s := sender(t, tt.scheme+"://ada:p%40ss%2Fword@"+office.open(t, serves, tt.implicit))
			if tt.trusted {
				s.Trust(roots)
			}
			err := s.Send(t.Context(), messages()[0])
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) || mail.IsPermanent(err) {
					t.Errorf("Send: %v, want %q, and not permanent", err, tt.want)
				}
				if n := len(office.all()); n != 0 {
					t.Errorf("%d mails went out all the same", n)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := office.only(t); !got.encrypted || got.user != "ada" {
				t.Errorf("the mail came encrypted %t, from user %q; want encrypted, from ada", got.encrypted, got.user)
			}
		})
	}
}

func TestTheContextEndsASend(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]map[string]string{
		"at the greeting":           nil,
		"at EHLO":                   {"EHLO": "hang"},
		"at MAIL":                   {"MAIL": "hang"},
		"at the end of the content": {".": "hang"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			greeting := "220 localhost"
			if reply == nil {
				greeting = "hang"
			}
			s := sender(t, "smtp+insecure://"+follow(t, greeting, polite(reply)))
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			start := time.Now()
			err := s.Send(ctx, messages()[0])
			if !errors.Is(err, context.DeadlineExceeded) || mail.IsPermanent(err) {
				t.Errorf("Send: %v, want the deadline, and not permanent", err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("Send took %v past a deadline of 200 ms", took)
			}
		})
	}
	t.Run("before it begins", func(t *testing.T) {
		t.Parallel()
		var office postOffice
		s := sender(t, "smtp+insecure://"+office.open(t, nil, false))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Send(ctx, messages()[0]); !errors.Is(err, context.Canceled) {
			t.Errorf("Send: %v, want that it was cancelled", err)
		}
		if n := len(office.all()); n != 0 {
			t.Errorf("%d mails arrived", n)
		}
	})
}

func TestADeliveredMailIsNoErrorWhateverFollows(t *testing.T) {
	t.Parallel()
	for name, quit := range map[string]string{"a refused QUIT": "421 busy", "a closed connection": "drop", "silence": "hang"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sender(t, "smtp+insecure://"+follow(t, "220 localhost", polite(map[string]string{"QUIT": quit})))
			if err := s.Send(t.Context(), messages()[0]); err != nil {
				t.Errorf("Send: %v, want nil: an error would have the mail sent twice", err)
			}
		})
	}
}
