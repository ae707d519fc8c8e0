package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// A testCard is one of Stripe's test cards and what it does (Stripe documentation, "Test card numbers").
type testCard struct {
	number string
	name   string // of the payment method that stands for it
	brand  string

	decline      *decline // of every charge
	refused      bool     // declined when it is saved, too
	authenticate authentication
	disputed     bool
	refundFails  bool
}

// authentication says when a card asks for 3-D Secure.
type authentication int

const (
	authenticateNever  authentication = iota
	authenticateOnce                  // until it is set up for later payments
	authenticateAlways                // at every payment
)

// A decline is why a bank refuses.
type decline struct {
	code, declineCode, message string
}

var (
	declinedGeneric    = &decline{"card_declined", "generic_decline", "Your card was declined."}
	declinedFunds      = &decline{"card_declined", "insufficient_funds", "Your card has insufficient funds."}
	declinedExpired    = &decline{"expired_card", "", "Your card has expired."}
	declinedCVC        = &decline{"incorrect_cvc", "", "Your card's security code is incorrect."}
	declinedProcessing = &decline{"processing_error", "", "An error occurred while processing your card. Try again in a little bit."}
	declinedLost       = &decline{"card_declined", "lost_card", "Your card was declined."}
	declinedStolen     = &decline{"card_declined", "stolen_card", "Your card was declined."}
	unauthenticated    = &decline{"authentication_required", "authentication_required", "Your card was declined. This transaction requires authentication."}
)

// testCards are the cards the sandbox knows. The first of a number is the one a page takes.
var testCards = []testCard{
	{number: "4242424242424242", name: "pm_card_visa", brand: "visa"},
	{number: "4000056655665556", name: "pm_card_visa_debit", brand: "visa"},
	{number: "5555555555554444", name: "pm_card_mastercard", brand: "mastercard"},
	{number: "378282246310005", name: "pm_card_amex", brand: "amex"},
	{number: "4000000000000002", name: "pm_card_visa_chargeDeclined", brand: "visa", decline: declinedGeneric, refused: true},
	{number: "4000000000000002", name: "pm_card_chargeDeclined", brand: "visa", decline: declinedGeneric, refused: true},
	{number: "4000000000009995", name: "pm_card_visa_chargeDeclinedInsufficientFunds", brand: "visa", decline: declinedFunds, refused: true},
	{number: "4000000000009995", name: "pm_card_chargeDeclinedInsufficientFunds", brand: "visa", decline: declinedFunds, refused: true},
	{number: "4000000000009987", name: "pm_card_visa_chargeDeclinedLostCard", brand: "visa", decline: declinedLost, refused: true},
	{number: "4000000000009979", name: "pm_card_visa_chargeDeclinedStolenCard", brand: "visa", decline: declinedStolen, refused: true},
	{number: "4000000000000069", name: "pm_card_chargeDeclinedExpiredCard", brand: "visa", decline: declinedExpired, refused: true},
	{number: "4000000000000127", name: "pm_card_chargeDeclinedIncorrectCvc", brand: "visa", decline: declinedCVC, refused: true},
	{number: "4000000000000119", name: "pm_card_chargeDeclinedProcessingError", brand: "visa", decline: declinedProcessing, refused: true},
	{number: "4000000000000341", name: "pm_card_chargeCustomerFail", brand: "visa", decline: declinedGeneric},
	{number: "4000002500003155", name: "pm_card_authenticationRequiredOnSetup", brand: "visa", authenticate: authenticateOnce},
	{number: "4000002760003184", name: "pm_card_authenticationRequired", brand: "visa", authenticate: authenticateAlways},
	{number: "4000008260003178", name: "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", brand: "visa", decline: declinedFunds, authenticate: authenticateAlways},
	{number: "4000003800000446", name: "pm_card_authenticationRequiredSetupForOffSession", brand: "visa"},
	{number: "4000000000000259", name: "pm_card_createDispute", brand: "visa", disputed: true},
	{number: "4000000000005126", name: "pm_card_refundFail", brand: "visa", refundFails: true},
}

// cardByName returns the test card that a payment method such as pm_card_visa stands for.
func cardByName(name string) (testCard, bool) {
	for _, c := range testCards {
		if c.name == name {
			return c, true
		}
	}
	return testCard{}, false
}

// cardByNumber returns a test card, or a card that any bank takes when the number is well formed.
func cardByNumber(number string) (testCard, bool) {
	for _, c := range testCards {
		if c.number == number {
			return c, true
		}
	}
	return testCard{}, false
}

// digits keeps the digits of a number that a person typed.
func digits(typed string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, typed)
}

// fingerprint is the same for the same number.
func fingerprint(number string) string {
	const length = 16
	sum := sha256.Sum256([]byte(number))
	return strings.NewReplacer("-", "A", "_", "B").Replace(base64.RawURLEncoding.EncodeToString(sum[:]))[:length]
}
