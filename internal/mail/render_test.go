package mail_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/internal/mail"
)

var update = flag.Bool("update", false, "write the golden files anew")

func off(t *testing.T) *mail.Sender {
	t.Helper()
	s, err := mail.New(mail.Options{Product: "Example", SupportURL: "mailto:help@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// least returns a message without anything that its kind can be without.
func least(m mail.Message) mail.Message {
	switch m.Kind {
	case mail.KindReceipt:
		return mail.Message{Kind: m.Kind, Amount: m.Amount, Date: m.Date}
	case mail.KindPaymentFailed:
		return mail.Message{Kind: m.Kind, Amount: m.Amount, Link: m.Link}
	case mail.KindTrialEnding:
		return mail.Message{Kind: m.Kind, Date: m.Date}
	}
	return mail.Message{Kind: m.Kind}
}

func TestMailsReadAsTheyShould(t *testing.T) {
	t.Parallel()
	bare, err := mail.New(mail.Options{Product: "Example"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages() {
		golden(t, off(t), m, string(m.Kind))
		golden(t, bare, least(m), string(m.Kind)+"_least")
	}
}

// golden compares a rendered message with its two files.
func golden(t *testing.T, s *mail.Sender, m mail.Message, name string) {
	t.Helper()
	subject, text, html, err := s.Render(m)
	if err != nil {
		t.Fatal(err)
	}
	for ending, got := range map[string]string{".txt": "Subject: " + subject + "\n\n" + text, ".html": html} {
		file := filepath.Join("testdata", name+ending+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
		}
	}
}

func TestMailsLoadNothing(t *testing.T) {
	t.Parallel()
	for _, m := range messages() {
		_, _, html, err := off(t).Render(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, refused := range []string{"<img", "<link", "<script", "src=", "url(", "@import"} {
			if strings.Contains(strings.ToLower(html), refused) {
				t.Errorf("the HTML of %s holds %q: a mail loads nothing", m.Kind, refused)
			}
		}
		for _, want := range []string{`<html lang="en">`, "<title>", "<h1", "prefers-color-scheme: dark", `name="color-scheme"`} {
			if !strings.Contains(html, want) {
				t.Errorf("the HTML of %s misses %q", m.Kind, want)
			}
		}
	}
}

func TestTextsAreEscapedInHTMLAlone(t *testing.T) {
	t.Parallel()
	m := messages()[1]
	m.Name, m.Plan, m.Reason = `<b>Eve</b>`, `Pro & "Co"`, `<script>alert(1)</script>`
	_, text, html, err := off(t).Render(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{m.Name, m.Plan, m.Reason, m.Link} {
		if !strings.Contains(text, want) {
			t.Errorf("the plain part misses %q as it is:\n%s", want, text)
		}
	}
	for _, refused := range []string{"<b>Eve", "<script>"} {
		if strings.Contains(html, refused) {
			t.Errorf("the HTML part holds %q", refused)
		}
	}
	for _, want := range []string{"&lt;b&gt;Eve&lt;/b&gt;", "Pro &amp; &#34;Co&#34;", `href="https://example.com/pay?a=1&amp;b=2"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the HTML part misses %q:\n%s", want, html)
		}
	}
}

func TestADayIsThatOfItsOwnTimeZone(t *testing.T) {
	t.Parallel()
	m := messages()[2]
	m.Date = time.Date(2026, time.March, 31, 23, 30, 0, 0, time.UTC).In(time.FixedZone("Berlin", 2*60*60))
	subject, _, _, err := off(t).Render(m)
	if want := "Your Example trial ends on 1 April 2026"; err != nil || subject != want {
		t.Errorf("the subject is %q (%v), want %q", subject, err, want)
	}
}

func TestMessagesThatCannotBeRendered(t *testing.T) {
	t.Parallel()
	receipt, failed, trial := messages()[0], messages()[1], messages()[2]
	with := func(m mail.Message, change func(*mail.Message)) mail.Message {
		change(&m)
		return m
	}
	for _, tt := range []struct {
		name string
		m    mail.Message
		want string // in the error; empty is accepted
	}{
		{"no kind", with(receipt, func(m *mail.Message) { m.Kind = "" }), "kind \"\" is not one of"},
		{"a kind that is none", with(receipt, func(m *mail.Message) { m.Kind = "layout" }), "kind \"layout\" is not one of"},
		{"a receipt of nothing", with(receipt, func(m *mail.Message) { m.Amount = "" }), "Amount is missing"},
		{"a receipt of no day", with(receipt, func(m *mail.Message) { m.Date = time.Time{} }), "Date is missing"},
		{"a failed payment of nothing", with(failed, func(m *mail.Message) { m.Amount = "" }), "Amount is missing"},
		{"a failed payment without a link", with(failed, func(m *mail.Message) { m.Link = "" }), "Link is missing"},
		{"a trial that ends never", with(trial, func(m *mail.Message) { m.Date = time.Time{} }), "Date is missing"},
		{"a link of a script", with(failed, func(m *mail.Message) { m.Link = "javascript:alert(1)" }), "Link must begin"},
		{"a link without a host", with(failed, func(m *mail.Message) { m.Link = "/pay" }), "Link must begin"},
		{"a receipt link of a file", with(receipt, func(m *mail.Message) { m.ReceiptLink = "file:///etc/passwd" }), "ReceiptLink must begin"},
		{"a name at the limit", with(receipt, func(m *mail.Message) { m.Name = strings.Repeat("x", 200) }), ""},
		{"a name past the limit", with(receipt, func(m *mail.Message) { m.Name = strings.Repeat("x", 201) }), "Name is longer"},
		{"an amount at the limit", with(receipt, func(m *mail.Message) { m.Amount = strings.Repeat("9", 100) }), ""},
		{"an amount past the limit", with(receipt, func(m *mail.Message) { m.Amount = strings.Repeat("9", 101) }), "Amount is longer"},
		{"a plan at the limit", with(receipt, func(m *mail.Message) { m.Plan = strings.Repeat("x", 200) }), ""},
		{"a plan past the limit", with(receipt, func(m *mail.Message) { m.Plan = strings.Repeat("x", 201) }), "Plan is longer"},
		{"a number at the limit", with(receipt, func(m *mail.Message) { m.InvoiceNumber = strings.Repeat("x", 100) }), ""},
		{"a number past the limit", with(receipt, func(m *mail.Message) { m.InvoiceNumber = strings.Repeat("x", 101) }), "InvoiceNumber is longer"},
		{"a reason at the limit", with(failed, func(m *mail.Message) { m.Reason = strings.Repeat("x", 500) }), ""},
		{"a reason past the limit", with(failed, func(m *mail.Message) { m.Reason = strings.Repeat("x", 501) }), "Reason is longer"},
		{"a link at the limit", with(failed, func(m *mail.Message) { m.Link = "https://a/" + strings.Repeat("x", 2038) }), ""},
		{"a link past the limit", with(failed, func(m *mail.Message) { m.Link = "https://a/" + strings.Repeat("x", 2039) }), "Link is longer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, _, err := off(t).Render(tt.m)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Render: %v, want it accepted", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !mail.IsPermanent(err)):
				t.Errorf("Render: %v (permanent: %t), want %q, permanent", err, mail.IsPermanent(err), tt.want)
			}
		})
	}
}
