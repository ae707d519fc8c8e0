package flowglad

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// The ids of what the catalog has are made of its slugs, so that they stay the same and say what they mean. There is one
// organisation and one pricing model.
const (
	organizationID = "org_tollgate"
	modelID        = "pm_catalog"
)

func planID(plan id.Slug) string      { return "prod_" + string(plan) }
func topUpID(topUp id.Slug) string    { return "topup_" + string(topUp) }
func priceID(price id.Slug) string    { return "price_" + string(price) }
func meterID(balance id.Slug) string  { return "meter_" + string(balance) }
func resourceID(meter id.Slug) string { return "res_" + string(meter) }

// itemID is of the one item that a subscription has.
func itemID(subscription string) string { return "si_" + strings.TrimPrefix(subscription, "sub_") }

// periodID is of a billing period of a subscription.
func periodID(subscription string, from time.Time) string {
	return "bp_" + strings.TrimPrefix(subscription, "sub_") + "_" + strconv.FormatInt(ms(from), 36)
}

// eventID is of a usage event: it carries the customer's id and the transactionId it was recorded under.
func eventID(customerID string, t id.Transaction) string {
	return "ue_" + strings.TrimPrefix(customerID, "cust_") + "_" + base64.RawURLEncoding.EncodeToString([]byte(t))
}

// eventOf reads what eventID wrote.
func eventOf(s string) (customerID string, t id.Transaction, ok bool) {
	rest, ok := strings.CutPrefix(s, "ue_")
	customer, text, ok2 := strings.Cut(rest, "_")
	b, err := base64.RawURLEncoding.DecodeString(text)
	return "cust_" + customer, id.Transaction(b), ok && ok2 && err == nil
}

// ms spells a time as the wire does: milliseconds since 1970.
func ms(t time.Time) int64 { return t.UnixMilli() }

// msOrNil is ms, and nil for no time.
func msOrNil(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixMilli()
	return &n
}

// textOrNil is s, and nil for no text.
func textOrNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// An owner is a subscription with its customer, as a usage event needs it.
type owner struct {
	subscription tollgate.Subscription
	customer     tollgate.Customer
	customerID   string
}

// cutMeter takes off what besides put behind a transactionId.
func cutMeter(t string) (sent, meter string, second bool) { return strings.Cut(t, "\x1f") }
