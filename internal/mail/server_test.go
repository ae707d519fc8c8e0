package mail_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/tollgate/tollgate/internal/mail"
)

// A received mail, as the server has it.
type received struct {
	from, user string
	to         []string
	encrypted  bool
	data       string
}

// A postOffice is an SMTP server on loopback that keeps what it is handed. The errors are its answers.
type postOffice struct {
	onMail, onRcpt, onData error
	users                  map[string]string // password by user; nil wants no login

	mu    sync.Mutex
	mails []received
}

// open starts the server and returns its address. A nil config offers no encryption; implicit encrypts from the start.
func (p *postOffice) open(t *testing.T, config *tls.Config, implicit bool) string {
	t.Helper()
	listener := listen(t)
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		_, encrypted := c.TLSConnectionState()
		return &session{office: p, encrypted: encrypted}, nil
	}))
	s.Domain = "localhost"
	s.AllowInsecureAuth = true
	s.EnableSMTPUTF8 = true
	s.ErrorLog = log.New(io.Discard, "", 0)
	address := listener.Addr().String()
	if implicit {
		listener = tls.NewListener(listener, config)
	} else {
		s.TLSConfig = config
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		s.Close()
		listener.Close() // Serve may not have begun
		if err := <-served; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return address
}

// all returns the mails so far.
func (p *postOffice) all() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]received(nil), p.mails...)
}

// only returns the one mail there must be.
func (p *postOffice) only(t *testing.T) received {
	t.Helper()
	all := p.all()
	if len(all) != 1 {
		t.Fatalf("the server has %d mails, want 1", len(all))
	}
	return all[0]
}

type session struct {
	office    *postOffice
	encrypted bool
	user      string
	mail      received
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if want, ok := s.office.users[user]; !ok || want != password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "not " + password + ", thanks"}
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.office.users != nil && s.user == "" {
		return smtp.ErrAuthRequired
	}
	s.mail = received{from: from, user: s.user, encrypted: s.encrypted}
	return s.office.onMail
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = append(s.mail.to, to)
	return s.office.onRcpt
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.office.onData != nil {
		return s.office.onData
	}
	s.mail.data = string(data)
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.mails = append(s.office.mails, s.mail)
	return nil
}

func (s *session) Reset()        { s.mail = received{} }
func (s *session) Logout() error { return nil }

// follow answers one connection line by line: the greeting, then what reply returns for each line. A reply of "hang"
// says nothing until the other side is gone; "drop" closes. It returns the address.
func follow(t *testing.T, greeting string, reply func(line string) string) string {
	t.Helper()
	listener := listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return // nobody came
		}
		defer conn.Close()
		lines := bufio.NewScanner(conn)
		for answer := greeting; ; answer = reply(lines.Text()) {
			switch answer {
			case "drop":
				return
			case "hang":
				_, _ = io.Copy(io.Discard, conn)
				return
			case "":
			default:
				if _, err := io.WriteString(conn, answer+"\r\n"); err != nil {
					return
				}
			}
			if !lines.Scan() {
				return
			}
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().String()
}

// polite answers each command as a server without extensions does; changed replaces answers, by the beginning of the
// line. What stands between DATA and the final dot is not answered.
func polite(changed map[string]string) func(string) string {
	inData := false
	return func(line string) string {
		if inData {
			if line != "." {
				return ""
			}
			inData = false
		}
		for start, answer := range changed {
			if strings.HasPrefix(line, start) {
				return answer
			}
		}
		switch {
		case line == "DATA":
			inData = true
			return "354 go on"
		case line == "QUIT":
			return "221 bye"
		}
		return "250 fine"
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// certificate returns what a server on loopback shows, and whom a client must trust for it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}, roots
}

// sender returns a sender to a URL, with options in order.
func sender(t *testing.T, url string) *mail.Sender {
	t.Helper()
	s, err := mail.New(mail.Options{
		URL: url, From: "billing@example.com", Product: "Example", SupportURL: "https://example.com/help",
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// messages returns one message of each kind, with all it can hold.
func messages() []mail.Message {
	day := time.Date(2026, time.March, 31, 12, 0, 0, 0, time.UTC)
	return []mail.Message{
		{
			Kind: mail.KindReceipt, To: "ada@example.org", Name: "Ada Lovelace", MessageID: "receipt.in_1",
			Amount: "$7.99", Plan: "Pro", Date: day, Link: "https://example.com/billing?a=1&b=2",
			ReceiptLink: "https://example.com/receipt/in_1", InvoiceNumber: "A-0001",
		},
		{
			Kind: mail.KindPaymentFailed, To: "ada@example.org", Name: "Ada Lovelace", MessageID: "payment_failed.in_2",
			Amount: "€1,000.00", Plan: "Pro", Date: day, Link: "https://example.com/pay?a=1&b=2", InvoiceNumber: "A-0002",
			Reason: "Your bank said no: the card's limit is reached.",
		},
		{
			Kind: mail.KindTrialEnding, To: "ada@example.org", Name: "Ada Lovelace", MessageID: "trial_ending.sub_1",
			Amount: "$7.99 per month", Plan: "Pro", Date: day, Link: "https://example.com/billing?a=1&b=2",
		},
		{
			Kind: mail.KindCancelled, To: "ada@example.org", Name: "Ada Lovelace", MessageID: "cancelled.sub_1",
			Plan: "Pro", Date: day, Link: "https://example.com/billing?a=1&b=2", Reason: "You asked for it.",
		},
	}
}
