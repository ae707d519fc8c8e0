package plan

import (
	"strings"

	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// noticed returns what existing customers notice when a field of a part goes from was to is; empty
// when they notice nothing, or only something better.
func noticed(kind, name, was, is string) string {
	switch kind {
	case kindCatalog:
		return catalogNoticed(name, was, is)
	case kindMeter:
		if name == "aggregation" || name == "property" || name == "decimals" {
			return "Usage already recorded is not counted again under the new rule."
		}
	case kindCredits:
		if strings.HasPrefix(name, "costs.") && (was == "" || is == "" || less(was, is)) {
			return "Customers pay for this meter differently from the next event on."
		}
	case kindFeature:
		if name == "type" {
			return "Apps that read this feature get another type of value."
		}
	case kindPlan:
		return planNoticed(name, is)
	case kindAllowance:
		return allowanceNoticed(name, was, is)
	case kindOverage, kindPrice:
		return "A price cannot change in Stripe: a new one is made. Customers who pay the old price keep it."
	case kindValue:
		if is == "false" || less(is, was) {
			return "Customers on this plan lose it at once."
		}
	}
	return ""
}

func catalogNoticed(name, was, is string) string {
	if strings.HasPrefix(name, "access.") {
		return accessNoticed(name, was, is)
	}
	switch name {
	case "currency":
		return "Every price is made anew in Stripe. Customers who pay an old price keep it."
	case "timezone":
		return "Windows of customers without a zone of their own begin and end at other times."
	case "refunds.spent", "disputes.spent":
		return "It holds for money that goes back from now on. What is owed or forgiven already stays so."
	}
	return ""
}

func accessNoticed(name, was, is string) string {
	switch {
	case strings.HasSuffix(name, ".grace"):
		before, _ := period.ParseDays(was)
		if after, _ := period.ParseDays(is); after < before {
			return "Customers of this status lose their plan sooner, those whose new grace is over at once."
		}
	case is == string(subscription.NoAccess):
		return "Customers of this status can use nothing from the end of their grace on."
	case was == string(subscription.Keep):
		return "Customers of this status lose their plan."
	}
	return ""
}

func planNoticed(name, is string) string {
	switch {
	case name == "default" && is == "true":
		return "Customers without a subscription are on this plan from now on."
	case name == "default":
		return "Customers without a subscription leave this plan."
	case name == "guest" && is == "true":
		return "Guests are on this plan from now on."
	case name == "guest":
		return "Guests leave this plan."
	}
	return ""
}

func allowanceNoticed(name, was, is string) string {
	switch {
	case name == "limit" && less(is, was):
		return "Customers on this plan get the lower limit at once; what they have used stays counted."
	case name == "every":
		return "Customers on this plan change to the new window at once."
	case name == "soft" && is == "false":
		return "Customers on this plan are refused past the limit at once."
	case name == "rollover" && (is == "" || was != "" && less(is, was)):
		return "Customers on this plan carry less over from now on."
	}
	return ""
}

// lost returns what existing customers notice when p is gone.
func lost(p part) string {
	switch p.kind {
	case kindMeter:
		return "Usage of this meter is refused from now on. What is recorded stays."
	case kindCredits:
		return "Customers who have these credits cannot spend them any more."
	case kindPlan:
		return "Customers on this plan lose it: move them to another plan first."
	case kindAllowance:
		return "Customers on this plan lose it at once."
	case kindValue:
		if p.value("value") != "false" {
			return "Customers on this plan lose it at once."
		}
	case kindPrice:
		return "Nobody can buy it any more. Customers who pay it keep it."
	case kindOverage:
		return "Usage past the limit is no longer billed."
	}
	return ""
}

// less reports whether a is a smaller limit than b. Unlimited is the largest; what is no number is
// neither smaller nor larger.
func less(a, b string) bool {
	if a == unlimited || b == "" {
		return false
	}
	x, err := quantity.Parse(a)
	if err != nil {
		return false
	}
	if b == unlimited {
		return true
	}
	y, err := quantity.Parse(b)
	return err == nil && x < y
}
