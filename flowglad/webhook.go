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

	"github.com/tollgate/tollgate/id"
)

const (
	// webhookQueueMax is how many webhooks wait at most; more are dropped, and logged.
	webhookQueueMax = 1000
	// webhookTriesMax is how often a webhook is sent before it is given up: for about two minutes.
	webhookTriesMax = 8
	webhookTimeout  = 10 * time.Second
	secretPrefix    = "whsec_"
)

// A Webhook says whom to tell of customers and subscriptions that change through this face.
//
// Delivery is best effort: a webhook that waits when the process dies is lost. An application that must not miss a change
// reads the customer's billing.
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
	Object   string `json:"object"` // customer or subscription
	Customer who    `json:"customer"`
}

type who struct {
	ID         string      `json:"id"`
	ExternalID id.Customer `json:"externalId"`
}

// tell queues a webhook about a customer or one of its subscriptions.
func (s *Server) tell(kind, objectID, customerID string, name id.Customer) {
	if s.teller == nil {
		return
	}
	object, _, _ := strings.Cut(kind, ".")
	n := notice{"evt_" + strings.ToLower(rand.Text()[:20]), kind, about{objectID, object, who{customerID, name}}}
	select {
	case s.teller.queue <- n:
	default:
		s.log.Error("webhook dropped: too many wait", "webhook", n.ID, "type", kind)
	}
}

// A teller sends webhooks, one after the other, from a goroutine that ends with close.
type teller struct {
	Webhook
	log    *slog.Logger
	client *http.Client
	queue  chan notice
	stop   chan struct{} // closed when no more will be queued
	ended  chan struct{}
	cancel context.CancelFunc
}

func newTeller(w Webhook, log *slog.Logger) (*teller, error) {
	if _, err := w.key(); err != nil {
		return nil, err
	}
	if u, err := url.Parse(w.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the webhook's URL must begin with https:// or http://")
	}
	ctx, cancel := context.WithCancel(context.Background())
	t := &teller{Webhook: w, log: log, queue: make(chan notice, webhookQueueMax), stop: make(chan struct{}), ended: make(chan struct{}), cancel: cancel}
	t.client = &http.Client{Timeout: webhookTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	go t.loop(ctx)
	return t, nil
}

func (t *teller) close(ctx context.Context) error {
	close(t.stop)
	defer t.cancel()
	select {
	case <-t.ended:
		return nil
	case <-ctx.Done():
		t.cancel()
		<-t.ended
		return fmt.Errorf("webhooks still waiting were not sent: %w", ctx.Err())
	}
}

func (t *teller) loop(ctx context.Context) {
	defer close(t.ended)
	for {
		select {
		case n := <-t.queue:
			t.deliver(ctx, n)
			continue
		default:
		}
		select {
		case n := <-t.queue:
			t.deliver(ctx, n)
		case <-t.stop:
			if len(t.queue) == 0 {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// deliver sends a webhook until it is taken, or given up.
func (t *teller) deliver(ctx context.Context, n notice) {
	wait := time.Second
	for try := 1; ; try++ {
		err := t.send(ctx, n)
		if err == nil {
			return
		}
		if try == webhookTriesMax || ctx.Err() != nil {
			t.log.Error("webhook given up", "webhook", n.ID, "type", n.Type, "error", err)
			return
		}
		select {
		case <-time.After(wait):
			wait *= 2
		case <-ctx.Done():
		}
	}
}

func (t *teller) send(ctx context.Context, n notice) error {
	body, err := json.Marshal(n)
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
		return fmt.Errorf("%s answered %s", t.URL, a.Status)
	}
	return nil
}
