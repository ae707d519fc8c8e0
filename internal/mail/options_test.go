package mail_test

import (
	"strings"
	"testing"

	"github.com/tollgate/tollgate/internal/mail"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*mail.Options)
		want   string // in the error; empty is accepted
	}{
		{"in order", func(*mail.Options) {}, ""},
		{"a port of its own", func(o *mail.Options) { o.URL = "smtp://localhost:2525" }, ""},
		{"TLS from the start", func(o *mail.Options) { o.URL = "smtps://u:p@mail.example.com" }, ""},
		{"a slash at the end", func(o *mail.Options) { o.URL = "smtps://u:p@mail.example.com:465/" }, ""},
		{"plain to localhost", func(o *mail.Options) { o.URL = "smtp+insecure://localhost:25" }, ""},
		{"plain to IPv6 loopback", func(o *mail.Options) { o.URL = "smtp+insecure://[::1]:2525" }, ""},
		{"plain to another machine", func(o *mail.Options) { o.URL = "smtp+insecure://192.0.2.1:25" }, "loopback only"},
		{"plain to a name that begins like loopback", func(o *mail.Options) { o.URL = "smtp+insecure://127.0.0.1.example.com" }, "loopback only"},
		{"another scheme", func(o *mail.Options) { o.URL = "https://mail.example.com" }, "URL has a scheme"},
		{"no scheme", func(o *mail.Options) { o.URL = "mail.example.com:587" }, "URL has a scheme"},
		{"no host", func(o *mail.Options) { o.URL = "smtp://:587" }, "URL names no host"},
		{"port 0", func(o *mail.Options) { o.URL = "smtp://mail.example.com:0" }, "URL has a port"},
		{"port 65535", func(o *mail.Options) { o.URL = "smtp://mail.example.com:65535" }, ""},
		{"port 65536", func(o *mail.Options) { o.URL = "smtp://mail.example.com:65536" }, "URL has a port"},
		{"a path", func(o *mail.Options) { o.URL = "smtp://mail.example.com/x" }, "after the host"},
		{"a query", func(o *mail.Options) { o.URL = "smtp://mail.example.com?tls=no" }, "after the host"},
		{"a user alone", func(o *mail.Options) { o.URL = "smtp://ada@mail.example.com" }, "user without a password"},
		{"a user with nothing as password", func(o *mail.Options) { o.URL = "smtp://ada:@mail.example.com" }, "user without a password"},
		{"a password that is not escaped", func(o *mail.Options) { o.URL = "smtp://ada:a/b@mail.example.com" }, "percent-encode"},

		{"no From", func(o *mail.Options) { o.From = "" }, "From is missing"},
		{"From with a name", func(o *mail.Options) { o.From = "Example <a@example.com>" }, ""},
		{"From without a domain", func(o *mail.Options) { o.From = "billing" }, "From is no address"},
		{"From of two", func(o *mail.Options) { o.From = "a@example.com, b@example.com" }, "From is no address"},
		{"From with a line", func(o *mail.Options) { o.From = "Example\r\nBcc: <a@example.com>" }, "From is no address"},
		{"From with a line in disguise", func(o *mail.Options) { o.From = "=?utf-8?q?a=0D=0ABcc=3A_b?= <a@example.com>" }, "From must be one line"},
		{"From past ASCII", func(o *mail.Options) { o.From = "a@größe.example" }, "xn--"},
		{"a bad From while off", func(o *mail.Options) { o.URL, o.From = "", "billing" }, "From is no address"},

		{"no Product", func(o *mail.Options) { o.Product = "" }, "Product is missing"},
		{"Product of two lines", func(o *mail.Options) { o.Product = "a\nb" }, "Product must be one line"},
		{"Product at the limit", func(o *mail.Options) { o.Product = strings.Repeat("x", 200) }, ""},
		{"Product past the limit", func(o *mail.Options) { o.Product = strings.Repeat("x", 201) }, "Product is longer than 200 bytes"},

		{"no SupportURL", func(o *mail.Options) { o.SupportURL = "" }, ""},
		{"SupportURL of a mailbox", func(o *mail.Options) { o.SupportURL = "mailto:help@example.com" }, ""},
		{"SupportURL of a mailbox without mailto", func(o *mail.Options) { o.SupportURL = "help@example.com" }, "SupportURL is no address"},
		{"SupportURL of a script", func(o *mail.Options) { o.SupportURL = "javascript:alert(1)" }, "SupportURL is no address"},
		{"SupportURL without a host", func(o *mail.Options) { o.SupportURL = "https:///help" }, "SupportURL is no address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := mail.Options{
				URL: "smtp://ada:secret@mail.example.com:587", From: "billing@example.com",
				Product: "Example", SupportURL: "https://example.com/help",
			}
			tt.change(&o)
			s, err := mail.New(o)
			if tt.want == "" {
				if err != nil {
					t.Fatalf("New: %v, want it accepted", err)
				}
				if s.On() != (o.URL != "") {
					t.Errorf("On() = %t with URL %q", s.On(), o.URL)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New: %v, want %q", err, tt.want)
			}
		})
	}
}
