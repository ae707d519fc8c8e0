package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind names one of the mails. The set is closed: every kind is one of the constants below. It is also the name of the
// kind's templates, without the ending.
type Kind string

// The kinds of mail.
const (
	KindReceipt       Kind = "receipt"        // a payment succeeded
	KindPaymentFailed Kind = "payment_failed" // a payment failed; its link mends it
	KindTrialEnding   Kind = "trial_ending"   // a trial ends soon
	KindCancelled     Kind = "cancelled"      // a subscription is cancelled
)

func kinds() []Kind {
	return []Kind{KindReceipt, KindPaymentFailed, KindTrialEnding, KindCancelled}
}

// A Message is one mail to one person. What is empty is left out of the mail; what a kind cannot be without says so.
// Every text is one line; templates escape it.
type Message struct {
	Kind Kind
	To   string // a bare address; required to send
	Name string // of the person

	// MessageID makes the Message-ID header (RFC 5322 §3.6.4), by which mailboxes and servers can recognise a mail that
	// came twice. It follows from the cause and never from the try: receipt.in_123. Without an @, the domain of
	// Options.From completes it. Required to send.
	MessageID string

	// Amount is formatted (money.Amount.Format): what was paid, what could not be paid, or what the plan costs after the
	// trial, where it may name the interval ("$7.99 per month"). Receipts and failed payments need it.
	Amount string

	Plan string // the shown name of the plan; for a receipt, of whatever was bought

	// Date is, by kind: the day of the payment (required); the day the payment is tried again, zero when it is not; the
	// day the trial ends (required); the day the subscription ends. It is shown as a day in its own time zone.
	Date time.Time

	// Link is http or https. By kind: where billing is managed; where the payment is mended (required); where the plan is
	// kept, changed or cancelled; where one subscribes again.
	Link string

	ReceiptLink   string // http or https: the receipt or invoice itself; receipts only
	InvoiceNumber string // receipts and failed payments
	Reason        string // why the payment failed or the subscription was cancelled, as a sentence for the customer
}

// The limits of a message, in bytes.
const (
	addressBytesMax   = 254 // RFC 5321 §4.5.3.1.3: 256 with the angle brackets
	nameBytesMax      = 200
	messageIDBytesMax = 200
	amountBytesMax    = 100
	planBytesMax      = 200
	invoiceBytesMax   = 100
	reasonBytesMax    = 500
	linkBytesMax      = 2048
	subjectBytesMax   = 400
	partBytesMax      = 100_000 // of each part: Gmail cuts a mail off after 102 kB
)

// check returns what keeps m from being rendered.
func (m Message) check() error {
	for _, line := range []struct {
		field, text string
		bytesMax    int
	}{
		{"Name", m.Name, nameBytesMax},
		{"Amount", m.Amount, amountBytesMax},
		{"Plan", m.Plan, planBytesMax},
		{"InvoiceNumber", m.InvoiceNumber, invoiceBytesMax},
		{"Reason", m.Reason, reasonBytesMax},
		{"Link", m.Link, linkBytesMax},
		{"ReceiptLink", m.ReceiptLink, linkBytesMax},
	} {
		if err := checkLine(line.field, line.text, line.bytesMax); err != nil {
			return err
		}
	}
	for _, link := range []struct{ field, text string }{{"Link", m.Link}, {"ReceiptLink", m.ReceiptLink}} {
		if link.text != "" && !webAddress(link.text) {
			return fmt.Errorf("%s must begin with https:// or http:// and name a host", link.field)
		}
	}
	return m.checkRequired()
}

// required says which fields a mail of the kind cannot be without; known is false for a kind that is none.
func (k Kind) required() (amount, date, link, known bool) {
	switch k {
	case KindReceipt:
		return true, true, false, true
	case KindPaymentFailed:
		return true, false, true, true
	case KindTrialEnding:
		return false, true, false, true
	case KindCancelled:
		return false, false, false, true
	}
	return false, false, false, false
}

func (m Message) checkRequired() error {
	amount, date, link, known := m.Kind.required()
	if !known {
		return fmt.Errorf("kind %q is not one of %q", m.Kind, kinds())
	}
	for _, field := range []struct {
		name    string
		missing bool
	}{
		{"Amount", amount && m.Amount == ""},
		{"Date", date && m.Date.IsZero()},
		{"Link", link && m.Link == ""},
	} {
		if field.missing {
			return fmt.Errorf("%s is missing: a mail of kind %s cannot be without", field.name, m.Kind)
		}
	}
	return nil
}

// checkEnvelope returns what keeps m from being addressed.
func (m Message) checkEnvelope() error {
	if err := checkLine("To", m.To, addressBytesMax); err != nil {
		return err
	}
	if !bareAddress(m.To) {
		return errors.New("the field To must be one bare address such as ada@example.com")
	}
	left, right, qualified := strings.Cut(m.MessageID, "@")
	if len(m.MessageID) > messageIDBytesMax {
		return fmt.Errorf("the field MessageID is longer than %d bytes", messageIDBytesMax)
	}
	if !dotAtom(left) || qualified && !dotAtom(right) {
		return errors.New("the field MessageID must be letters, digits, dots, - and _, with at most one @ inside, such as receipt.in_123")
	}
	return nil
}

// checkLine refuses what could break out of a header or hide in a line: control characters, line separators, and bytes
// that are no UTF-8.
func checkLine(field, text string, bytesMax int) error {
	if len(text) > bytesMax {
		return fmt.Errorf("%s is longer than %d bytes", field, bytesMax)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s is not UTF-8", field)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) }) {
		return fmt.Errorf("%s must be one line without control characters", field)
	}
	return nil
}

// bareAddress reports whether text is an address and nothing else: no name, no brackets, no comment.
func bareAddress(text string) bool {
	a, err := netmail.ParseAddress(text)
	return err == nil && a.Name == "" && a.Address == text
}

// webAddress reports whether text is an absolute address of the web.
func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && !strings.ContainsAny(text, " \t\r\n<>\"")
}

// dotAtom reports whether text is a dot-atom of RFC 5322 §3.2.3.
func dotAtom(text string) bool {
	for atom := range strings.SplitSeq(text, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool {
			letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
			return !letter && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
		}) {
			return false
		}
	}
	return true
}

func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}
