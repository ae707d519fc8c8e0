package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// A Sender words mails and sends them. It is safe for concurrent use, holds no connection between two mails, and logs
// nothing.
type Sender struct {
	server     *server // nil while sending is off
	from       netmail.Address
	product    string
	supportURL string
	templates  map[Kind]templates
	roots      *x509.CertPool // whom a server's certificate must come from; nil is the system's
}

const (
	sendMax = time.Minute     // one mail, from the connection to the server's last answer
	quitMax = 2 * time.Second // taking leave, once the mail is delivered
)

// New returns a sender, or an error that names the option that is not in order and says what to write. With no
// Options.URL the sender is off: it renders, and Send answers ErrOff. Nothing is connected to yet. All templates are
// parsed and tried.
func New(o Options) (*Sender, error) {
	if err := o.checkShown(); err != nil {
		return nil, err
	}
	s := &Sender{product: o.Product, supportURL: o.SupportURL}
	var err error
	if o.URL != "" {
		at, err := parseServer(o.URL)
		if err != nil {
			return nil, err
		}
		s.server = &at
	}
	if o.URL != "" || o.From != "" {
		if s.from, err = parseFrom(o.From, o.Product); err != nil {
			return nil, err
		}
	}
	if s.templates, err = parseTemplates(o.Templates); err != nil {
		return nil, err
	}
	if err := s.try(); err != nil {
		return nil, err
	}
	return s, nil
}

// On reports whether mails are sent.
func (s *Sender) On() bool { return s.server != nil }

// Send renders a message and hands it to the server. Nil means that the server has taken responsibility for it (RFC 5321
// §4.2.5). An error never holds the password or the recipient's address; IsPermanent says whether another try is useless.
//
// Send ends when ctx does, and after a minute at the latest. When that cuts off the server's last answer, the mail may
// have been delivered all the same; another try then bears the same Message-ID.
func (s *Sender) Send(ctx context.Context, m Message) error {
	if !s.On() {
		return ErrOff
	}
	mail, err := s.compose(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendMax)
	defer cancel() // closes the connection
	if err := s.deliver(ctx, mail, !ascii(m.To)); err != nil {
		if ctx.Err() != nil {
			// Closing the connection is how ctx ends a call: its error says nothing more.
			return fmt.Errorf("mail: send %s: %w", m.MessageID, ctx.Err())
		}
		failed := fmt.Errorf("mail: send %s: %s", m.MessageID, wording(err, *s.server, m.To))
		if refused := new(gomail.SendError); errors.As(err, &refused) && refusedForGood(refused.ErrorCode()) {
			return permanent{failed}
		}
		return failed
	}
	return nil
}

// compose makes the mail of a message.
func (s *Sender) compose(m Message) (*gomail.Msg, error) {
	if err := m.checkEnvelope(); err != nil {
		return nil, permanent{fmt.Errorf("mail: %s: %w", m.Kind, err)}
	}
	subject, text, html, err := s.Render(m)
	if err != nil {
		return nil, err
	}
	id := m.MessageID
	if !strings.Contains(id, "@") {
		id += "@" + s.domain()
	}
	mail := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	// Not the methods that format "name" <address> by themselves: they do not escape the name.
	mail.FromMailAddress(&s.from)
	mail.ToMailAddress(&netmail.Address{Name: m.Name, Address: m.To})
	mail.Subject(subject)
	mail.SetMessageIDWithValue(id)
	mail.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: no out-of-office notes in return
	mail.SetBodyString(gomail.TypeTextPlain, text)
	mail.AddAlternativeString(gomail.TypeTextHTML, html)
	return mail, nil
}

// domain returns the domain of the sender's address.
func (s *Sender) domain() string {
	return s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]
}

// deliver sends one mail over a connection of its own, which ends with ctx. utf8 says whether the address needs RFC 6531.
func (s *Sender) deliver(ctx context.Context, mail *gomail.Msg, utf8 bool) error {
	var conn net.Conn
	client, err := s.client(utf8, func(dialing context.Context, network, _ string) (net.Conn, error) {
		var err error
		address := net.JoinHostPort(s.server.host, strconv.Itoa(s.server.port)) // with the brackets of IPv6
		if conn, err = (&net.Dialer{}).DialContext(dialing, network, address); err != nil {
			return nil, err
		}
		// go-mail heeds ctx while it dials and no longer; a closed connection ends whatever it waits for.
		context.AfterFunc(ctx, func() { conn.Close() })
		if s.server.security != implicitTLS {
			return conn, nil
		}
		encrypted := tls.Client(conn, s.tls())
		return encrypted, encrypted.HandshakeContext(dialing)
	})
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	if err := client.SendWithSMTPClient(session, mail); !mail.IsDelivered() {
		return err
	}
	// The server has the mail. What goes wrong from here on must not have it sent twice.
	if conn.SetDeadline(time.Now().Add(quitMax)) == nil {
		_ = session.Quit()
	}
	return nil
}

// client returns go-mail's client for one mail: it takes its time limit from ctx by way of dial.
func (s *Sender) client(utf8 bool, dial gomail.DialContextFunc) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.server.port),
		gomail.WithTimeout(sendMax),
		gomail.WithHELO(s.domain()),
		gomail.WithTLSConfig(s.tls()),
		gomail.WithDialContextFunc(dial),
		gomail.WithoutNoop(),
		gomail.WithoutRset(), // one mail per connection
	}
	switch s.server.security {
	case startTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case implicitTLS:
		options = append(options, gomail.WithSSL())
	case plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if !utf8 {
		// A server that is asked for it may refuse to pass the mail on to one that has it not.
		options = append(options, gomail.WithoutSMTPUTF8())
	}
	if s.server.user != "" {
		// PLAIN first: every server behind TLS has it, while some offer SCRAM without the means for it. go-mail sends
		// PLAIN and LOGIN over TLS and to loopback only.
		options = append(options,
			gomail.WithUsername(s.server.user),
			gomail.WithPassword(s.server.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthPlain, gomail.SMTPAuthLogin,
				gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5))
	}
	return gomail.NewClient(s.server.host, options...)
}

func (s *Sender) tls() *tls.Config {
	return &tls.Config{ServerName: s.server.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}
