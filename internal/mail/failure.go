package mail

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// ErrOff says that no mail was sent because Options.URL is empty.
var ErrOff = errors.New("mail: sending is off: set the URL of a mail server to switch it on")

// permanent marks an error that the same message will meet again.
type permanent struct{ error }

// Unwrap returns the error that is marked.
func (p permanent) Unwrap() error { return p.error }

// IsPermanent reports whether sending the same message again is useless: the message is not in order, or the server
// refused it, its sender or its recipient for good (an answer of 5xx, RFC 5321 §4.2.1).
//
// Every other error may pass: the server cannot be reached, answers 4xx, does not take the login (mending the
// configuration helps every mail that waits), or sending is off.
func IsPermanent(err error) bool {
	return errors.As(err, new(permanent))
}

// refusedForGood reports whether the server refused the mail and not those who send it: 530, 534, 535 and 538 are about
// the login (RFC 4954 §6), and some servers ask for it by 502 or 503, which are never about a mail (RFC 5321 §4.2.2).
func refusedForGood(code int) bool {
	switch code {
	case 502, 503, 530, 534, 535, 538:
		return false
	}
	return 500 <= code && code <= 599
}

const reasonShownMax = 300 // characters of a server's answer

// wording returns the text of an error for the operator's log: one line, without the password in any form that a server
// may repeat, and without the recipient.
func wording(err error, s server, to string) string {
	text := err.Error()
	if refused := new(gomail.SendError); errors.As(err, &refused) {
		// What go-mail appends is known to the caller, or private.
		text, _, _ = strings.Cut(refused.Error(), ", affected recipient(s): ")
		text, _, _ = strings.Cut(text, ", affected message ID: ")
	}
	hide := []string{to, "(recipient)"}
	if s.user != "" {
		for _, secret := range []string{
			base64.StdEncoding.EncodeToString([]byte("\x00" + s.user + "\x00" + s.password)), // AUTH PLAIN, RFC 4616
			base64.StdEncoding.EncodeToString([]byte(s.password)),                            // AUTH LOGIN
			s.password,
		} {
			quoted := strconv.Quote(secret) // as net/textproto words an answer
			hide = append(hide, quoted[1:len(quoted)-1], "(password)", secret, "(password)")
		}
	}
	text = strings.NewReplacer(hide...).Replace(text)
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if shown := []rune(text); len(shown) > reasonShownMax {
		text = string(shown[:reasonShownMax]) + "…"
	}
	return text
}
