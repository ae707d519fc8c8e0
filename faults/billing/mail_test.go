package billing_test

import (
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// A mailbox is an SMTP server that keeps what it gets.
type mailbox struct {
	mu    sync.Mutex
	mails []string
}

// NewSession implements smtp.Backend.
func (p *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return letter{p}, nil }

// A letter is one session.
type letter struct{ *mailbox }

func (letter) Reset()                               {}
func (letter) Logout() error                        { return nil }
func (letter) Mail(string, *smtp.MailOptions) error { return nil }
func (letter) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (l letter) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mails = append(l.mails, string(body))
	return err
}

// subjects returns what came in, by its subject, in order.
func (p *mailbox) subjects() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, m := range p.mails {
		for line := range strings.Lines(m) {
			if subject, ok := strings.CutPrefix(line, "Subject: "); ok {
				all = append(all, strings.TrimSpace(subject))
			}
		}
	}
	slices.Sort(all)
	return all
}

// holds reports whether an e-mail that came in has the text.
func (p *mailbox) holds(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.mails, func(m string) bool { return strings.Contains(m, text) })
}

func TestACustomerIsWrittenToOncePerCause(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		box := &mailbox{}
		listening, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := smtp.NewServer(box)
		go func() { _ = server.Serve(listening) }()
		t.Cleanup(func() { _ = server.Close() })
		s := openWith(t, db, sandbox.Options{Chaos: sandbox.Chaos{Duplicate: 50}}, []byte(catalog), func(o *tollgate.Options) {
			o.Payments.Mail = tollgate.Mail{URL: "smtp+insecure://" + listening.Addr().String(), From: "billing@example.com", Product: "Acme"}
		})
		s.stock()
		expect := func(when string, words ...string) {
			t.Helper()
			got := box.subjects()
			if len(got) != len(words) {
				t.Fatalf("%s: %d e-mails came in, want %d: %q", when, len(got), len(words), got)
			}
			for _, w := range words {
				if !slices.ContainsFunc(got, func(subject string) bool { return strings.Contains(strings.ToLower(subject), w) }) {
					t.Errorf("%s: no subject has %q: %q", when, w, got)
				}
			}
		}
		s.customer("ida")
		s.buy(tollgate.CheckoutRequest{Customer: "ida", TopUp: "pack"}, visa)
		s.settle()
		s.settle()
		expect("a top-up", "receipt")
		s.promote()
		s.buy(tollgate.CheckoutRequest{Customer: "ida", TopUp: "pack", PromotionCode: gratis}, visa)
		s.settle()
		expect("a top-up for nothing", "receipt")
		s.buy(tollgate.CheckoutRequest{Customer: "ida", Price: "pro_monthly"}, visa)
		s.settle()
		expect("a trial begins", "receipt")
		s.advance(11*day + time.Hour)
		expect("three days before its end", "receipt", "trial")
		s.failCard("ida")
		s.advance(3*day + 2*time.Hour)
		expect("the first payment fails", "receipt", "trial", "payment")
		if !box.holds("Why: Your card was declined.") {
			t.Error("no e-mail says why the payment failed")
		}
		if _, err := s.engine.CancelSubscription(s.ctx, s.subscription("ida").ID, tollgate.Now); err != nil {
			t.Fatal(err)
		}
		s.settle()
		expect("cancelled", "receipt", "trial", "payment", "cancel")
		kept := func() (n int) {
			t.Helper()
			if err := s.engine.SQL().QueryRowContext(s.ctx, "SELECT count(*) FROM mail").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		s.advance(10 * day)
		if n := kept(); n != 4 {
			t.Errorf("after ten days %d e-mails are kept for the operator, want 4", n)
		}
		s.advance(31 * day)
		if n := kept(); n != 0 {
			t.Errorf("after thirty days %d e-mails are kept, want none", n)
		}
		s.settle()
		expect("long after", "receipt", "trial", "payment", "cancel")
	})
}
