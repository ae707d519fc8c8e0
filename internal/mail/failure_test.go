package mail_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/tollgate/tollgate/internal/mail"
)

func TestAnswersOfTheServer(t *testing.T) {
	t.Parallel()
	answer := func(code int, text string) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: text}
	}
	for _, tt := range []struct {
		name      string
		office    *postOffice
		want      string
		permanent bool
	}{
		{"the sender for now", &postOffice{onMail: answer(451, "try later")}, `451 "4.0.0 try later"`, false},
		{"the sender for good", &postOffice{onMail: answer(550, "not you")}, `550 "5.0.0 not you"`, true},
		{"the recipient for now", &postOffice{onRcpt: answer(450, "greylisted")}, `450 "4.0.0 greylisted"`, false},
		{"the recipient for good", &postOffice{onRcpt: answer(550, "no such user")}, `550 "5.0.0 no such user"`, true},
		{"the content for now", &postOffice{onData: answer(452, "disk full")}, `452 "4.0.0 disk full"`, false},
		{"the content for good", &postOffice{onData: answer(554, "spam")}, `554 "5.0.0 spam"`, true},
		{"a login that is missing", &postOffice{users: map[string]string{}}, "please authenticate", false},
		{"a login that is missing, as RFC 4954 says it", &postOffice{onMail: answer(530, "log in")}, `530 "5.0.0 log in"`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sender(t, "smtp+insecure://"+tt.office.open(t, nil, false))
			err := s.Send(t.Context(), messages()[0])
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), tt.want) {
				t.Fatalf("Send: %v, want the answer %q", err, tt.want)
			}
			if !strings.Contains(err.Error(), "receipt.in_1") {
				t.Errorf("Send: %v, want the message's id in it", err)
			}
			if got := mail.IsPermanent(err); got != tt.permanent {
				t.Errorf("IsPermanent(%v) = %t, want %t", err, got, tt.permanent)
			}
			if n := len(tt.office.all()); n != 0 {
				t.Errorf("%d mails arrived", n)
			}
		})
	}
}

func TestAServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	listener := listen(t)
	address := listener.Addr().String()
	listener.Close()
	err := sender(t, "smtp+insecure://"+address).Send(t.Context(), messages()[0])
	if err == nil || !strings.Contains(err.Error(), address) || mail.IsPermanent(err) {
		t.Errorf("Send: %v, want an error that names %s and is not permanent", err, address)
	}
}

func TestAServerThatBreaksOff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		greeting string
		reply    map[string]string
	}{
		"no service":           {"554 no service", nil},
		"no SMTP at all":       {"HTTP/1.1 400 Bad Request", nil},
		"gone at the greeting": {"drop", nil},
		"gone at MAIL":         {"220 localhost", map[string]string{"MAIL": "drop"}},
		"gone after the dot":   {"220 localhost", map[string]string{".": "drop"}},
		"closing at MAIL":      {"220 localhost", map[string]string{"MAIL": "421 closing"}},
		"no answer but a dash": {"220 localhost", map[string]string{"RCPT": "-"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sender(t, "smtp+insecure://"+follow(t, tt.greeting, polite(tt.reply)))
			if err := s.Send(t.Context(), messages()[0]); err == nil || mail.IsPermanent(err) {
				t.Errorf("Send: %v, want an error that is not permanent", err)
			}
		})
	}
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	const password = `hunter2"secret`
	hidden := []string{
		password, `hunter2\"secret`, base64.StdEncoding.EncodeToString([]byte(password)),
		base64.StdEncoding.EncodeToString([]byte("\x00ada\x00" + password)), "ada@example.org",
	}
	check := func(t *testing.T, err error) {
		t.Helper()
		if err == nil {
			t.Fatal("there is no error")
		}
		for _, text := range hidden {
			if strings.Contains(err.Error(), text) {
				t.Errorf("the error %q holds %q", err, text)
			}
		}
	}
	t.Run("a login that is refused", func(t *testing.T) {
		t.Parallel()
		office := postOffice{users: map[string]string{"ada": "another"}}
		err := sender(t, "smtp+insecure://ada:hunter2%22secret@"+office.open(t, nil, false)).Send(t.Context(), messages()[0])
		check(t, err)
		if !strings.Contains(err.Error(), "535") || mail.IsPermanent(err) {
			t.Errorf("Send: %v, want 535, and not permanent: the login can be mended", err)
		}
	})
	t.Run("a server that repeats the command", func(t *testing.T) {
		t.Parallel()
		reply := polite(nil)
		address := follow(t, "220 localhost", func(line string) string {
			switch {
			case strings.HasPrefix(line, "EHLO"):
				return "250-localhost\r\n250 AUTH PLAIN"
			case strings.HasPrefix(line, "AUTH"):
				return "500 what is " + line
			}
			return reply(line)
		})
		err := sender(t, "smtp+insecure://ada:hunter2%22secret@"+address).Send(t.Context(), messages()[0])
		check(t, err)
		if !strings.Contains(err.Error(), "what is AUTH PLAIN (password)") {
			t.Errorf("Send: %v, want the answer with the password taken out", err)
		}
	})
	t.Run("a server that repeats the recipient", func(t *testing.T) {
		t.Parallel()
		office := postOffice{onRcpt: &smtp.SMTPError{Code: 550, Message: "<ada@example.org> is unknown"}}
		err := sender(t, "smtp+insecure://"+office.open(t, nil, false)).Send(t.Context(), messages()[0])
		check(t, err)
		if !strings.Contains(err.Error(), "<(recipient)> is unknown") {
			t.Errorf("Send: %v, want the answer with the recipient taken out", err)
		}
	})
	for _, url := range []string{
		"smtp://ada:" + password + "@exa mple.com", "smtp://ada:" + password + "@:587", "smtp://ada:" + password + "@example.com:0",
		"smtp://ada:" + password + "%zz@example.com", "http://ada:" + password + "@example.com", "smtp+insecure://ada:" + password + "@example.com",
		"smtp://ada:" + password + "@example.com/inbox", "smtp://:" + password + "@example.com",
	} {
		t.Run("a URL that is refused", func(t *testing.T) {
			t.Parallel()
			_, err := mail.New(mail.Options{URL: url, From: "a@example.com", Product: "Example"})
			check(t, err)
			if !strings.Contains(err.Error(), "mail: URL ") {
				t.Errorf("New: %v, want the option's name", err)
			}
		})
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	const header = "x\r\nBcc: eve@example.net"
	for name, change := range map[string]func(*mail.Message){
		"To":                    func(m *mail.Message) { m.To = "ada@example.org\r\nBcc: eve@example.net" },
		"To a second one":       func(m *mail.Message) { m.To = "ada@example.org, eve@example.net" },
		"To with a name":        func(m *mail.Message) { m.To = "Ada <ada@example.org>" },
		"To nobody":             func(m *mail.Message) { m.To = "" },
		"To a quoted line":      func(m *mail.Message) { m.To = "\"ada\r\nRCPT TO:<eve@example.net>\"@example.org" },
		"Name":                  func(m *mail.Message) { m.Name = header },
		"Name by a line alone":  func(m *mail.Message) { m.Name = "x\nBcc: eve@example.net" },
		"Name by NUL":           func(m *mail.Message) { m.Name = "x\x00" },
		"Name by a separator":   func(m *mail.Message) { m.Name = "x\u2028Bcc: eve@example.net" },
		"Name by half a letter": func(m *mail.Message) { m.Name = "x\xc3" },
		"MessageID":             func(m *mail.Message) { m.MessageID = header },
		"MessageID by brackets": func(m *mail.Message) { m.MessageID = "a> <b" },
		"MessageID empty":       func(m *mail.Message) { m.MessageID = "" },
		"MessageID half":        func(m *mail.Message) { m.MessageID = "a@" },
		"Amount, in the subject of a receipt": func(m *mail.Message) {
			m.Amount = header
		},
		"Plan":          func(m *mail.Message) { m.Plan = header },
		"InvoiceNumber": func(m *mail.Message) { m.InvoiceNumber = header },
		"Reason":        func(m *mail.Message) { m.Reason = header },
		"Link":          func(m *mail.Message) { m.Link = "https://example.com/\r\nBcc:" },
		"ReceiptLink":   func(m *mail.Message) { m.ReceiptLink = "https://example.com/\nx" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var office postOffice
			s := sender(t, "smtp+insecure://"+office.open(t, nil, false))
			m := messages()[0]
			change(&m)
			err := s.Send(t.Context(), m)
			if err == nil || !mail.IsPermanent(err) {
				t.Errorf("Send: %v, want a permanent error", err)
			}
			if field, _, _ := strings.Cut(strings.TrimRight(name, ","), " "); err != nil && !strings.Contains(err.Error(), strings.TrimRight(field, ",")) {
				t.Errorf("Send: %v, want an error that names %s", err, field)
			}
			if n := len(office.all()); n != 0 {
				t.Errorf("%d mails arrived", n)
			}
		})
	}
}
