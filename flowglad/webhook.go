package flowglad

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

const (
	// webhooksAtOnce is how many webhooks one round claims.
	webhooksAtOnce = 20
	// webhookPoll is how soon a webhook is sent that another process caused, or that is tried again.
	webhookPoll    = time.Second
	webhookTimeout = 10 * time.Second
	secretPrefix   = "whsec_"
)

// A Webhook says whom to tell of customers, subscriptions and payments that change. The Engine must be opened with Notices.
//
// Each change is told once it has committed, under one id however often it is tried, a customer's in their order, for about nine
// hours. Any number of processes may have a Webhook: each notice is sent by one of them. A process that dies after sending, and
// before it has noted that, has the notice sent again under its id.
type Webhook struct {
	URL    string
	Secret string // whsec_ and padded base64, as NewWebhookSecret makes it
}

// NewWebhookSecret returns a fresh signing secret.
func NewWebhookSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	return secretPrefix + base64.StdEncoding.EncodeToString(b[:])
}

// Sign returns the headers that prove to the packages' verifyWebhook that body was sent by a holder of the secret at a moment:
// svix-id, svix-timestamp and svix-signature. The error is about the secret.
func (w Webhook) Sign(webhookID string, at time.Time, body []byte) (http.Header, error) {
	key, err := w.key()
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", webhookID, stamp)
	mac.Write(body)
	h := http.Header{}
	h.Set("Svix-Id", webhookID)
	h.Set("Svix-Timestamp", stamp)
	h.Set("Svix-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return h, nil
}

func (w Webhook) key() ([]byte, error) {
	text, ok := strings.CutPrefix(w.Secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) == 0 {
		return nil, errors.New("the webhook's secret must be whsec_ and padded base64")
	}
	return key, nil
}

// A notice is the body of a webhook.
type notice struct {
	ID   string `json:"id"`
	Type string `json:"type"` // customer.created, subscription.updated, …
	Data about  `json:"data"`
}

type about struct {
	ID       string `json:"id"`
	Object   string `json:"object"` // customer, subscription, payment or purchase
	Customer who    `json:"customer"`
}

type who struct {
	ID         string      `json:"id"`
	ExternalID id.Customer `json:"externalId"`
}

// A teller sends webhooks from a goroutine that ends with close.
type teller struct {
	Webhook
	engine *tollgate.Engine
	log    *slog.Logger
	client *http.Client
	wake   chan struct{} // something may have changed
	ended  chan struct{}
	cancel context.CancelFunc
}

func newTeller(e *tollgate.Engine, w Webhook, log *slog.Logger) (*teller, error) {
	if _, err := w.key(); err != nil {
		return nil, err
	}
	if u, err := url.Parse(w.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the webhook's URL must begin with https:// or http://")
	}
	if !e.KeepsNotices() {
		return nil, errors.New("the Engine keeps no notices for the webhook: open it with Options.Notices")
	}
	ctx, cancel := context.WithCancel(context.Background())
	t := &teller{Webhook: w, engine: e, log: log, wake: make(chan struct{}, 1), ended: make(chan struct{}), cancel: cancel}
	t.client = &http.Client{Timeout: webhookTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	go t.loop(ctx)
	return t, nil
}

// nudge has the teller look now.
func (t *teller) nudge() {
	if t == nil {
		return
	}
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *teller) close() {
	t.cancel()
	<-t.ended
}

func (t *teller) loop(ctx context.Context) {
	defer close(t.ended)
	tick := time.NewTicker(webhookPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		case <-tick.C:
		}
		for {
			n, err := t.round(ctx)
			if err != nil && ctx.Err() == nil {
				t.log.Warn("webhooks are left for later", "error", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
	}
}

// round sends what is due, and returns how many notices that were.
func (t *teller) round(ctx context.Context) (int, error) {
	due, err := t.engine.ClaimNotices(ctx, webhooksAtOnce)
	if err != nil {
		return 0, err
	}
	for _, n := range due {
		cause := t.send(ctx, n)
		if ctx.Err() != nil { // the notice is tried again when its lease ends
			return 0, ctx.Err()
		}
		given, err := t.engine.SettleNotice(ctx, n, cause)
		if err != nil {
			return 0, err
		}
		if given {
			t.log.Error("webhook given up", "webhook", n.ID, "type", n.Type, "error", cause)
		}
	}
	return len(due), nil
}

func (t *teller) send(ctx context.Context, n tollgate.Notice) error {
	object, _, _ := strings.Cut(string(n.Type), ".")
	body, err := json.Marshal(notice{n.ID, string(n.Type), about{n.Subject, object, who{n.Customer.ID(), n.Customer.ExternalID}}})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if r.Header, err = t.Sign(n.ID, time.Now(), body); err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	a, err := t.client.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode < 200 || a.StatusCode > 299 {
		return fmt.Errorf("the webhook's address answered %s", a.Status)
	}
	return nil
}
