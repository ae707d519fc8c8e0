package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
)

// introduction opens the documentation: paragraphs, with `code` in back quotes.
const introduction = "Tollgate meters what your customers use, refuses what their balance does not cover, and explains every number.\n\n" +
	"Send a secret key with every request: `Authorization: Bearer KEY`. `tollgate key create --scope read|record|full` makes one. A key of the scope `record` may also do what `read` may, and `full` may do everything.\n\n" +
	"Bodies are JSON of up to 1 MiB. A field or query parameter that is not listed here is refused by its name, so that a spelling mistake never goes unnoticed; `null` counts as not sent. Quantities are decimal numbers with up to 6 decimals; a text that holds the number is read too. Times are RFC 3339, answered in UTC.\n\n" +
	"Ids of your own may hold any text of 1 to 255 bytes. In a path, percent-encode each as one part: `a/b` is `a%2Fb`. Ids that are `.` or `..` are `%2E` and `%2E%2E` in a path; many clients take even these away, so prefer other ids.\n\n" +
	"Every write can be sent again after a timeout: the same id with the same content answers as the first time and counts once, and the same id with other content is refused. Usage, holds, grants and what else moves a balance say `duplicate` when they had been done before. What an answer has confirmed is on disk.\n\n" +
	"Every answer has an `X-Request-Id`: yours when you send a plain one, else a new one."

// refusal says when a code is answered and what to do.
func refusal(c fault.Code) string {
	switch c {
	case fault.Invalid:
		return "A field is missing, malformed or past a limit: field, value and limit say which. Malformed JSON has the offset of the first byte that makes no sense."
	case fault.TooLarge:
		return "The body, the batch or a field is larger than limit."
	case fault.Unauthorized:
		return "There is no key, or it is unknown or revoked."
	case fault.InsufficientCredits:
		return "The balance does not cover the amount: meter, balance, availableBalance, required, resetsAt and upgradeUrl say what is missing and when it renews. Nothing was written."
	case fault.Suspended:
		return "Nothing may be used until something is paid: what the balance owes after a refund or dispute (owed), or the subscription (status). Nothing was written."
	case fault.PaymentRefused:
		return "The bank did not pay: declineCode may say why. Nothing was changed."
	case fault.PaymentsNotConfigured:
		return "No Stripe keys are set, or the catalog is not at Stripe: the message says what to do."
	case fault.Forbidden:
		return "The key has scope; the request needs required."
	case fault.FeatureNotInPlan:
		return "The customer's plan does not include the feature."
	case fault.NotFound:
		return "What the request names does not exist; the body names it."
	case fault.MethodNotAllowed:
		return "The path takes other methods: allowed, and the header Allow."
	case fault.Conflict:
		return "The id was used with other content, or a state forbids the act."
	case fault.RateLimited:
		return "The key sends too fast: wait as many seconds as Retry-After says."
	case fault.Unavailable:
		return "The database cannot answer now. Nothing is confirmed; send the same request again."
	case fault.Internal:
		return "A fault of Tollgate's own. The operator's log has the cause under requestId."
	}
	return ""
}

// codes lists every code in the order of its status.
func codes() []fault.Code {
	return []fault.Code{
		fault.Unauthorized, fault.InsufficientCredits, fault.Suspended, fault.PaymentRefused, fault.Forbidden, fault.FeatureNotInPlan, fault.NotFound, fault.MethodNotAllowed,
		fault.Conflict, fault.TooLarge, fault.Invalid, fault.RateLimited, fault.Internal, fault.Unavailable, fault.PaymentsNotConfigured,
	}
}

// describe says in words what the fields of every schema mean, and mends what Go types cannot say.
func describe(r huma.Registry) {
	for name, schema := range r.Map() {
		for field, p := range schema.Properties {
			p.Nullable = p.Nullable && p.Type != huma.TypeArray
			if p.Description == "" { // other faces say it with their types
				p.Description = meaning(name, field)
			}
		}
	}
	schema := func(name, field string) *huma.Schema { return r.Map()[name].Properties[field] }
	schema("Balance", "limit").Nullable, schema("Balance", "available").Nullable = true, true
	schema("AllowanceChange", "limit").Nullable, schema("AllowanceChange", "after").Nullable = true, true
	r.Map()["HoldRequest"].Required = []string{"customer", "meter", "amount"}                                // the header may bring the transactionId
	r.Map()["ResetBody"].Required, r.Map()["LimitAdjustmentBody"].Required = nil, []string{"amount", "type"} // balance, or meter in its place
	r.Map()["Error"].AdditionalProperties = true
	r.Map()["BatchOutcome"].AdditionalProperties = true
	for _, c := range codes() {
		schema("Error", "error").Enum = append(schema("Error", "error").Enum, string(c))
	}
	for _, k := range credit.Kinds() {
		schema("Line", "kind").Enum = append(schema("Line", "kind").Enum, string(k))
		schema("Told", "kind").Enum = append(schema("Told", "kind").Enum, string(k))
	}
	for _, k := range credit.TermKinds() {
		schema("Term", "kind").Enum = append(schema("Term", "kind").Enum, string(k))
	}
}

// meaning returns what a field means: in its schema, or everywhere.
func meaning(schema, field string) string {
	everywhere := ""
	for line := range strings.Lines(glossary) {
		name, words, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case schema + "." + field:
			return words
		case field:
			everywhere = words
		}
	}
	return everywhere
}
