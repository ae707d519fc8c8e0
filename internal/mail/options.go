package mail

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
)

// Options say how mails are sent and what they show. The zero value sends nothing.
type Options struct {
	// URL is the server's address; empty switches sending off.
	//
	//	smtp://user:password@host:587    encrypted by STARTTLS, refused without it; port 587 when none is written
	//	smtps://user:password@host:465   encrypted from the first byte; port 465 when none is written
	//	smtp+insecure://127.0.0.1:2525   not encrypted: for tests, on loopback only; port 25 when none is written
	//
	// User and password are left out for a server that wants none. Characters such as @ : / # % in them are written
	// percent-encoded.
	URL string

	From       string // billing@example.com, or Example <billing@example.com>; without a name, Product is shown
	Product    string // the name shown to customers
	SupportURL string // where customers get help: https://… or mailto:…; empty leaves the line out
	Templates  fs.FS  // templates that replace built-in ones of the same name; nil replaces none
}

// A server is an Options.URL taken apart.
type server struct {
	security security
	host     string
	port     int
	user     string // empty logs nobody in
	password string
}

// security says how the connection to a server is encrypted.
type security int

const (
	startTLS security = iota
	implicitTLS
	plain
)

const (
	portStartTLS    = 587 // RFC 6409, message submission
	portImplicitTLS = 465 // RFC 8314 §7.3, submission over TLS
	portPlain       = 25
)

const urlForms = "smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465 (TLS from the start)"

// parseServer reads an Options.URL. Its errors never repeat the URL, which holds a password.
func parseServer(text string) (server, error) {
	u, err := url.Parse(text)
	if err != nil {
		return server{}, errors.New("mail: URL cannot be read: write " + urlForms +
			", and percent-encode characters such as @ : / # % in user and password")
	}
	var s server
	switch u.Scheme {
	case "smtp":
		s = server{security: startTLS, port: portStartTLS}
	case "smtps":
		s = server{security: implicitTLS, port: portImplicitTLS}
	case "smtp+insecure":
		s = server{security: plain, port: portPlain}
	default:
		return server{}, errors.New("mail: URL has a scheme that is not known: write " + urlForms)
	}
	if s.host = u.Hostname(); s.host == "" {
		return server{}, errors.New("mail: URL names no host: write " + urlForms)
	}
	if u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return server{}, errors.New("mail: URL has something after the host and the port: write " + urlForms)
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return server{}, errors.New("mail: URL has a port that is not between 1 and 65535: write " + urlForms)
		}
		s.port = int(n)
	}
	if s.security == plain && !loopback(s.host) {
		return server{}, errors.New("mail: URL asks for a connection without encryption to another machine: smtp+insecure is for loopback only; write " + urlForms)
	}
	if u.User != nil {
		password, given := u.User.Password()
		if u.User.Username() == "" || !given || password == "" {
			return server{}, errors.New("mail: URL has a user without a password, or a password without a user: write both, or neither")
		}
		s.user, s.password = u.User.Username(), password
	}
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// parseFrom reads an Options.From; product is the name to show when it has none.
func parseFrom(text, product string) (netmail.Address, error) {
	const form = "write billing@example.com or Example <billing@example.com>"
	if text == "" {
		return netmail.Address{}, errors.New("mail: From is missing: " + form)
	}
	a, err := netmail.ParseAddress(text)
	if err != nil {
		return netmail.Address{}, fmt.Errorf("mail: From is no address (%w): %s", err, form)
	}
	if err := checkLine("From", a.Name, nameBytesMax); err != nil {
		return netmail.Address{}, fmt.Errorf("mail: %w", err)
	}
	if !ascii(a.Address) {
		return netmail.Address{}, errors.New("mail: From has an address with characters past ASCII, which many servers refuse: write the domain as xn--…")
	}
	if a.Name == "" {
		a.Name = product
	}
	return *a, nil
}

// checkShown checks what customers see. The product may be missing while sending is off.
func (o Options) checkShown() error {
	if o.Product == "" && o.URL != "" {
		return errors.New("mail: Product is missing: write the name that your customers know, such as Example")
	}
	if err := checkLine("Product", o.Product, nameBytesMax); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	if o.SupportURL == "" {
		return nil
	}
	if address, ok := strings.CutPrefix(o.SupportURL, "mailto:"); ok && bareAddress(address) {
		return nil
	}
	if !webAddress(o.SupportURL) {
		return errors.New("mail: SupportURL is no address to click: write https://example.com/help or mailto:help@example.com, or leave it empty")
	}
	return nil
}
