package tollgate

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/tollgate/tollgate/internal/mail"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/subscription"
)

// Mail says how customers are written to: receipts, payments that failed, trials that end, subscriptions that were
// cancelled. docs/email.md has the templates.
type Mail struct {
	URL       string // smtp://user:password@host:587; empty sends nothing
	From      string
	Product   string // the name that mails show
	Support   string // where to ask for help, a URL
	Templates fs.FS  // in place of the built-in ones, file by file
}

const (
	// mailYoung is how long after its cause an e-mail is still of use: a first look at an old customer sends none.
	mailYoung = 3 * 24 * time.Hour
	// mailTriesMax is how often an e-mail is tried.
	mailTriesMax = 10
	mailsAtOnce  = 20
)

func newMail(m Mail) (*mail.Sender, error) {
	if m.URL == "" {
		return nil, nil
	}
	return mail.New(mail.Options{URL: m.URL, From: m.From, Product: m.Product, SupportURL: m.Support, Templates: m.Templates})
}

// mails returns the e-mails that a picture of a customer causes, by their causes.
func (e *Engine) mails(c store.Customer, p subscription.Picture) map[string]mail.Message {
	out := map[string]mail.Message{}
	now := e.Now()
	young := func(at time.Time) bool {
		return !at.IsZero() && now.Sub(at) < mailYoung && !at.After(now.Add(mailYoung))
	}
	put := func(cause string, m mail.Message) {
		m.To, m.Name, m.MessageID = c.Email, c.Name, cause
		out[cause] = m
	}
	manage := e.seller.ReturnURL
	if manage == "" {
		manage = e.seller.SuccessURL
	}
	amount := func(minor int64, currency string) string {
		return money.Amount{Minor: minor, Currency: currency}.Format()
	}
	numbers := map[string]subscription.Invoice{}
	declined := map[string]subscription.Payment{} // the newest of each invoice
	for _, pay := range p.Payments {
		if pay.Failure != "" && !pay.CreatedAt.Before(declined[pay.Invoice].CreatedAt) {
			declined[pay.Invoice] = pay
		}
	}
	for _, i := range p.Invoices {
		numbers[i.ID] = i
		if i.Status == "open" && i.Attempts > 0 && young(i.CreatedAt) {
			put(fmt.Sprintf("failed.%s.%d", i.ID, i.Attempts), mail.Message{Kind: mail.KindPaymentFailed, Amount: amount(i.AmountDue, i.Currency), Plan: e.planName(p, i),
				Date: i.NextAttempt, Link: i.URL, InvoiceNumber: i.Number, Reason: strings.Join(strings.Fields(declined[i.ID].Failure), " ")})
		}
	}
	for _, pay := range p.Payments {
		if pay.Status == "succeeded" && !pay.Free() && young(pay.CreatedAt) {
			i := numbers[pay.Invoice]
			link := i.URL
			if link == "" {
				link = pay.ReceiptURL
			}
			bought := e.planName(p, i)
			if t, ok := e.book.Load().TopUps[pay.TopUp]; ok {
				bought = t.Name
			}
			put("receipt."+pay.ID, mail.Message{Kind: mail.KindReceipt, Amount: amount(pay.Amount, pay.Currency), Plan: bought, Date: pay.CreatedAt, Link: manage,
				ReceiptLink: link, InvoiceNumber: i.Number})
		}
	}
	for _, s := range p.Subscriptions {
		name := e.book.Load().plan(s.Plan()).Name
		switch {
		case s.Status == subscription.Trialing && s.TrialEnd.After(now) && s.TrialEnd.Sub(now) <= mailYoung:
			m := mail.Message{Kind: mail.KindTrialEnding, Plan: name, Date: s.TrialEnd, Link: manage}
			if item := s.Licensed(); item != nil {
				m.Amount = amount(item.Amount*max(item.Quantity, 1), s.Currency) + " per " + item.Interval
			}
			put("trial."+s.ID, m)
		case s.Status == subscription.Canceled && young(s.EndedAt):
			put("cancelled."+s.ID, mail.Message{Kind: mail.KindCancelled, Plan: name, Date: s.EndedAt, Link: manage})
		}
	}
	return out
}

// planName returns the name of the plan that an invoice bills, empty for none.
func (e *Engine) planName(p subscription.Picture, i subscription.Invoice) string {
	for _, l := range i.Lines {
		if plan, ok := e.book.Load().Plans[l.Plan]; ok {
			return plan.Name
		}
	}
	for _, s := range p.Subscriptions {
		if plan, ok := e.book.Load().Plans[s.Plan()]; ok && s.ID == i.Subscription {
			return plan.Name
		}
	}
	return ""
}

// putMails keeps what a picture causes, each once.
func (e *Engine) putMails(ctx context.Context, tx *store.Tx, c store.Customer, p subscription.Picture) error {
	if e.seller.mail == nil || c.Email == "" {
		return nil
	}
	for cause, m := range e.mails(c, p) {
		body, err := json.Marshal(m)
		if err != nil {
			return fmt.Errorf("spell mail: %w", err)
		}
		if err := tx.Post(ctx, store.MailBox, store.Letter{Cause: cause, Customer: c.Key, Body: body, CreatedAt: e.Now()}); err != nil {
			return err
		}
	}
	return nil
}

// sendMails sends what waits. A server that refuses for good is not asked again.
func (e *Engine) sendMails(ctx context.Context) (sent int, err error) {
	if e.seller.mail == nil {
		return 0, nil
	}
	now := e.Now()
	waiting, err := e.claimLetters(ctx, store.MailBox, eventLease, mailsAtOnce)
	if err != nil {
		return 0, outside("claim mail", err)
	}
	for _, w := range waiting {
		m, err := unpack[mail.Message](w.Body)
		if err != nil {
			return sent, err
		}
		cause := e.seller.mail.Send(ctx, m)
		if ctx.Err() != nil {
			return sent, ctx.Err()
		}
		state := store.LetterSent
		if cause != nil {
			e.log.Warn("payments: an e-mail is not sent", "cause", w.Cause, "attempt", w.Attempts, "error", cause)
			state, w.Error, w.NextAt = store.LetterPending, cause.Error(), now.Add(min(time.Second<<min(w.Attempts, 20), eventWaitMax))
			if mail.IsPermanent(cause) || w.Attempts >= mailTriesMax {
				state = store.LetterFailed
			}
		} else {
			sent++
		}
		if _, err := e.db.Settle(ctx, store.MailBox, w, state); err != nil {
			return sent, outside("settle mail", err)
		}
	}
	return sent, nil
}
