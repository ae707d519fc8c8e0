package mail

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// facts are what templates see: the fields of the message, and these.
type facts struct {
	Message
	Product    string
	SupportURL string
	Subject    string // empty while the subject itself is rendered
}

// Support returns the support address as people write it: a mail address without mailto:.
func (f facts) Support() string { return strings.TrimPrefix(f.SupportURL, "mailto:") }

// Render returns the subject, the plain part and the HTML part of a mail, as Send would send them. It sends nothing, and
// works while sending is off; To and MessageID may be missing. Its errors are permanent: the same message never renders.
func (s *Sender) Render(m Message) (subject, text, html string, err error) {
	if s.product == "" {
		return "", "", "", permanent{errors.New("mail: Product is missing: a mail must say from whom it is")}
	}
	if err := m.check(); err != nil {
		return "", "", "", permanent{fmt.Errorf("mail: %s: %w", m.Kind, err)}
	}
	subject, text, html, err = s.run(m, s.product)
	if err != nil {
		return "", "", "", permanent{fmt.Errorf("mail: %s: %w", m.Kind, err)}
	}
	return subject, text, html, nil
}

// run runs the templates of a message that is in order.
func (s *Sender) run(m Message, product string) (subject, text, html string, err error) {
	all := s.templates[m.Kind]
	f := facts{Message: m, Product: product, SupportURL: s.supportURL}
	var b strings.Builder
	if err := all.text.ExecuteTemplate(&b, "subject", f); err != nil {
		return "", "", "", err
	}
	f.Subject = strings.TrimSpace(b.String())
	if f.Subject == "" {
		return "", "", "", fmt.Errorf("%s: the part subject is empty", m.Kind.file(".txt"))
	}
	if err := checkLine("Subject", f.Subject, subjectBytesMax); err != nil {
		return "", "", "", err
	}
	b.Reset()
	if err := all.text.Execute(&b, f); err != nil {
		return "", "", "", err
	}
	text = strings.TrimSpace(b.String()) + "\n"
	b.Reset()
	if err := all.html.Execute(&b, f); err != nil {
		return "", "", "", err
	}
	html = strings.TrimSpace(b.String()) + "\n"
	if len(text) > partBytesMax || len(html) > partBytesMax {
		return "", "", "", fmt.Errorf("a part is longer than %d bytes", partBytesMax)
	}
	return f.Subject, text, html, nil
}

// try renders every kind, once with all that a message can hold and once with the least, so that a template that cannot
// run is refused before the first mail. It also refuses a layout that leaves the content out, and a mail about a failed
// payment without the link that mends it.
func (s *Sender) try() error {
	full := Message{
		Name: "Ada", Amount: "$7.99", Plan: "Pro", Date: time.Date(2026, time.March, 31, 0, 0, 0, 0, time.UTC),
		Link: "https://example.com/mend", ReceiptLink: "https://example.com/receipt", InvoiceNumber: "A-1",
		Reason: "The card was declined.",
	}
	for _, kind := range kinds() {
		full.Kind = kind
		least := Message{Kind: kind}
		amount, date, link, _ := kind.required()
		if amount {
			least.Amount = full.Amount
		}
		if date {
			least.Date = full.Date
		}
		if link {
			least.Link = full.Link
		}
		for _, m := range []Message{full, least} {
			if err := s.tryOne(m); err != nil {
				return fmt.Errorf("mail: Templates: %w", err)
			}
		}
	}
	return nil
}

func (s *Sender) tryOne(m Message) error {
	const product = "Example"
	subject, text, html, err := s.run(m, product)
	if err != nil {
		return err
	}
	f := facts{Message: m, Product: product, SupportURL: s.supportURL, Subject: subject}
	for _, part := range []struct {
		page, layout, file string
		execute            func(io.Writer, string, any) error
	}{
		{text, layoutText, m.Kind.file(".txt"), s.templates[m.Kind].text.ExecuteTemplate},
		{html, layoutHTML, m.Kind.file(".html"), s.templates[m.Kind].html.ExecuteTemplate},
	} {
		var b strings.Builder
		if err := part.execute(&b, "content", f); err != nil {
			return err
		}
		content := strings.TrimSpace(b.String())
		switch {
		case content == "":
			return fmt.Errorf("%s: the part content is empty", part.file)
		case !strings.Contains(part.page, content):
			return fmt.Errorf("%s shows no content: write {{template \"content\" .}} into it", part.layout)
		case m.Kind == KindPaymentFailed && !strings.Contains(content, m.Link):
			return fmt.Errorf("%s misses {{.Link}}: without it nobody can mend the payment", part.file)
		}
	}
	return nil
}
