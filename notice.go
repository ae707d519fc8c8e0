package tollgate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/subscription"
)

// NoticeType says what a Notice is about.
type NoticeType string

// The types of notices.
const (
	CustomerCreated      NoticeType = "customer.created"
	CustomerUpdated      NoticeType = "customer.updated"
	SubscriptionCreated  NoticeType = "subscription.created"  // a plan other than the default one
	SubscriptionUpdated  NoticeType = "subscription.updated"  // another plan, period, status or planned end
	SubscriptionCanceled NoticeType = "subscription.canceled" // the default plan is in force again
	PaymentSucceeded     NoticeType = "payment.succeeded"
	PaymentFailed        NoticeType = "payment.failed"
	PurchaseCompleted    NoticeType = "purchase.completed" // a top-up, or the beginning of a subscription, is paid
)

const (
	// noticeLease is for how long a notice that a process sends is left to it.
	noticeLease = time.Minute
	// noticeTriesMax is how often a notice is tried before it is given up: for about nine hours.
	noticeTriesMax = 15
	noticeWaitMax  = 3 * time.Hour
	noticeIDBytes  = 12
	// noticeYoung is how long after its payment a notice is still of use: switching notices on does not tell a history.
	noticeYoung = 3 * 24 * time.Hour
)

// A Notice is something that an application is to be told. Notices commit with what they tell, when Options.Notices is set, and
// each is claimed by one process at a time until it is taken or given up.
type Notice struct {
	ID       string // evt_…, the same for the same cause
	Type     NoticeType
	Subject  string // the id of the customer, subscription, payment or purchase
	Customer Customer
	Attempts int64
	At       time.Time // when it happened

	row store.Letter
}

// noticeBody is what is kept of a notice. What names the customer is looked up when it is sent, so that nothing is left of one
// who is erased.
type noticeBody struct {
	Type    NoticeType `json:"type"`
	Subject string     `json:"subject"`
}

// putNotice keeps a notice of a cause. cause tells things of one type apart; the subject does when it is empty.
func (e *Engine) putNotice(ctx context.Context, tx *store.Tx, key id.Key, kind NoticeType, subject, cause string) error {
	if !e.notices {
		return nil
	}
	body, err := json.Marshal(noticeBody{kind, subject})
	if err != nil {
		return fmt.Errorf("spell notice: %w", err)
	}
	if cause == "" {
		cause = subject
	}
	return tx.Post(ctx, store.NoticeBox, store.Letter{Cause: string(kind) + ":" + cause, Customer: key, Body: body, CreatedAt: e.Now()})
}

// insertCustomer makes a customer, and tells so.
func (e *Engine) insertCustomer(ctx context.Context, tx *store.Tx, c store.Customer) (made bool, err error) {
	if made, err = tx.InsertCustomer(ctx, c); err != nil || !made {
		return made, err
	}
	return true, e.putNotice(ctx, tx, c.Key, CustomerCreated, e.shown(c).ID(), "")
}

// putPlanNotice tells that a customer's subscription is another one.
func (e *Engine) putPlanNotice(ctx context.Context, tx *store.Tx, from, to store.Customer) error {
	b := e.book.Load()
	guest, _ := b.GuestPlan()
	given := func(plan id.Slug) bool { return plan == b.DefaultPlan().Slug || plan == guest.Slug } // to everybody, for nothing
	switch {
	case given(from.Plan) && given(to.Plan): // a guest who signed up, or the status of what was paid for before
		return nil
	case given(from.Plan):
		return e.putNotice(ctx, tx, to.Key, SubscriptionCreated, to.Subscription, "")
	case given(to.Plan):
		return e.putNotice(ctx, tx, to.Key, SubscriptionCanceled, from.Subscription, "")
	}
	// Another plan, period or status of the subscription: it may come to the same ones again, and that is told again.
	return e.putNotice(ctx, tx, to.Key, SubscriptionUpdated, to.Subscription, id.New("turn", to.Key))
}

// putBillingNotices tells what a reading of Stripe found for the first time: payments, and a planned end that is another one
// than was kept.
func (e *Engine) putBillingNotices(ctx context.Context, tx *store.Tx, c store.Customer, before store.Billing, p subscription.Picture, d subscription.Decision, ticket int64) error {
	if !e.notices {
		return nil
	}
	if len(before.Shown) > 0 && d.Subscription != nil {
		had, err := unpack[subscription.Subscription](before.Shown)
		if err != nil {
			return err
		}
		if had.ID == d.Subscription.ID && !had.CancelAt.Equal(d.Subscription.CancelAt) && !d.Subscription.Status.Over() {
			if err := e.putNotice(ctx, tx, c.Key, SubscriptionUpdated, c.Subscription, fmt.Sprintf("%s:%d", had.ID, ticket)); err != nil {
				return err
			}
		}
	}
	now := e.Now()
	young := func(at time.Time) bool { return now.Sub(at) < noticeYoung }
	for _, pay := range p.Payments {
		kind := map[string]NoticeType{"succeeded": PaymentSucceeded, "failed": PaymentFailed}[pay.Status]
		if kind == "" || !young(pay.CreatedAt) {
			continue
		}
		if !pay.Free() {
			if err := e.putNotice(ctx, tx, c.Key, kind, pay.ID, ""); err != nil {
				return err
			}
		}
		if kind == PaymentSucceeded && pay.TopUp != "" {
			if err := e.putNotice(ctx, tx, c.Key, PurchaseCompleted, pay.Purchase(), ""); err != nil {
				return err
			}
		}
	}
	for _, i := range p.Invoices {
		if i.Status == "paid" && i.Reason == "subscription_create" && young(i.CreatedAt) {
			if err := e.putNotice(ctx, tx, c.Key, PurchaseCompleted, i.ID, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// KeepsNotices reports whether the Engine was opened with Options.Notices.
func (e *Engine) KeepsNotices() bool { return e.notices }

// ClaimNotices returns up to limit notices to send, a customer's in their order, and leaves each to the caller for a minute or
// until SettleNotice. Any number of processes may claim. It is empty when nothing is due.
func (e *Engine) ClaimNotices(ctx context.Context, limit int) ([]Notice, error) {
	rows, err := e.claimLetters(ctx, store.NoticeBox, noticeLease, limit)
	if err != nil {
		return nil, outside("claim notices", err)
	}
	var all []Notice
	for _, row := range rows {
		body, err := unpack[noticeBody](row.Body)
		if err != nil {
			return all, err
		}
		c, err := e.db.CustomerByKey(ctx, row.Customer)
		if store.None(err) { // erased: nobody is told of it any more
			row.Error = "the customer was erased"
			if _, err := e.db.Settle(ctx, store.NoticeBox, row, store.LetterFailed); err != nil {
				return all, outside("settle notice", err)
			}
			continue
		}
		if err != nil {
			return all, outside("read customer", err)
		}
		sum := sha256.Sum256([]byte(row.Cause))
		all = append(all, Notice{ID: "evt_" + hex.EncodeToString(sum[:noticeIDBytes]), Type: body.Type, Subject: body.Subject, Customer: e.shown(c),
			Attempts: row.Attempts, At: row.CreatedAt, row: row})
	}
	return all, nil
}

// SettleNotice says what became of a notice: nil when it was taken, else why not. It is then tried again, after a wait that
// doubles, or given up after noticeTriesMax tries, which given reports.
func (e *Engine) SettleNotice(ctx context.Context, n Notice, cause error) (given bool, err error) {
	state, row := store.LetterSent, n.row
	row.Error = ""
	if cause != nil {
		state, row.Error, row.NextAt = store.LetterPending, cause.Error(), e.Now().Add(min(time.Second<<min(n.Attempts, 20), noticeWaitMax))
		if n.Attempts >= noticeTriesMax {
			state = store.LetterFailed
		}
	}
	_, err = e.db.Settle(ctx, store.NoticeBox, row, state)
	return state == store.LetterFailed, outside("settle notice", err)
}
