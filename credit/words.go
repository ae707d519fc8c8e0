package credit

import (
	"fmt"
	"strings"
	"time"

	"github.com/tollgate/tollgate/quantity"
)

// Words knows how to speak of a balance to a person who answers for it.
type Words struct {
	Name string // "AI requests"
	Unit string // "request"; empty for "unit"
}

// count returns a quantity with its unit: "1 request", "20 requests".
func (w Words) count(u quantity.Units) string {
	unit := w.Unit
	if unit == "" {
		unit = "unit"
	}
	if u < 0 {
		u = -u
	}
	if u != quantity.One && unit == strings.ToLower(unit) {
		unit += "s" // units in capitals, such as GB, have no plural
	}
	return u.String() + " " + unit
}

// day returns a moment as a person writes it.
func day(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

// Tell returns what a line means, in one sentence.
func (w Words) Tell(e Entry) string {
	switch e.Kind {
	case KindAllowance:
		return fmt.Sprintf("A new window opened: it gives %s%s%s.", w.limit(e.Window), until(e.Window.End), since(e.Reason))
	case KindPlanChange:
		return fmt.Sprintf("The plan or its limit changed: the window gives %s%s; what was used in it stays used%s.", w.limit(e.Window), until(e.Window.End), since(e.Reason))
	case KindExpire:
		if e.Cause != causeWindow {
			return fmt.Sprintf("Grant %s expired with %s unspent.", e.Cause, w.count(e.Amount))
		}
		if e.Amount > 0 {
			return fmt.Sprintf("The window ended; %s used past its limit are settled.", w.count(e.Amount))
		}
		return fmt.Sprintf("The window ended with %s unspent.", w.count(e.Amount))
	case KindRollover:
		return fmt.Sprintf("%s unspent rolled over into this window.", w.count(e.Amount))
	case KindGrant:
		if e.Amount == 0 {
			return fmt.Sprintf("A grant was made for what the line below gives back%s.", because(e.Reason))
		}
		return fmt.Sprintf("%s granted (%s)%s%s.", w.count(e.Amount), e.Lots[0].Source, until(e.Lots[0].ExpiresAt), because(e.Reason))
	case KindRevoke:
		return fmt.Sprintf("Grant %s was revoked; its unspent %s are taken back%s.", e.Cause, w.count(e.Amount), because(e.Reason))
	case KindClawBack:
		text := fmt.Sprintf("%s of a grant are taken back%s (%s).", w.count(e.Amount), because(e.Reason), e.Cause)
		if e.Debt != nil {
			text = fmt.Sprintf("%s Further %s were spent or held; they are forgiven.", text, w.count(e.Debt.Owed))
		}
		return text
	case KindDebt:
		text := fmt.Sprintf("%s were spent before their money went back%s (%s): they are owed, and the next grants pay them first.", w.count(e.Amount), because(e.Reason), e.Cause)
		if e.Debt.Policy == Suspend {
			text += " Until then nothing can be used."
		}
		return text
	case KindDebtPaid:
		return fmt.Sprintf("%s paid what was owed for %s%s.", w.count(paid(e.Parts)), e.Cause, sources(e.Parts))
	case KindRestore:
		return fmt.Sprintf("What %s had taken and made owed is given back, %s in all%s.", e.Cause, w.count(e.Amount), because(e.Reason))
	case KindConsume:
		return fmt.Sprintf("Usage %s of %s %s%s.", e.Cause, e.Meter, w.moved(e.Amount), sources(e.Parts))
	case KindRecord:
		return fmt.Sprintf("Usage %s of %s was recorded after the fact and %s%s.", e.Cause, e.Meter, w.moved(e.Amount), sources(e.Parts))
	case KindBackfill:
		return fmt.Sprintf("Past usage %s of %s was imported for the statistics; nothing was charged.", e.Cause, e.Meter)
	case KindHold:
		return fmt.Sprintf("%s set aside for %s (hold %s)%s.", w.count(e.Amount), e.Hold.TransactionID, e.Cause, until(e.Hold.ExpiresAt))
	case KindCapture:
		switch {
		case e.Amount > 0:
			return fmt.Sprintf("Hold %s was captured as usage; %s it did not need came back.", e.Cause, w.count(e.Amount))
		case e.Amount < 0:
			return fmt.Sprintf("Hold %s was captured as usage, which took %s more than it had set aside.", e.Cause, w.count(e.Amount))
		}
		return fmt.Sprintf("Hold %s was captured as usage.", e.Cause)
	case KindRelease:
		return fmt.Sprintf("Hold %s was let go; %s came back%s.", e.Cause, w.count(e.Amount), because(e.Reason))
	case KindRefund:
		return fmt.Sprintf("%s of %s refunded%s.", w.count(-refunded(e)), e.Meter, because(e.Reason))
	case KindDeduction:
		return fmt.Sprintf("%s of %s deducted%s%s.", w.count(e.Amount), e.Meter, sources(e.Parts), because(e.Reason))
	case KindReset:
		return fmt.Sprintf("Usage was reset: the window, which had counted %s, counts from nothing again%s.", w.count(e.Used), because(e.Reason))
	case KindVoid:
		return fmt.Sprintf("Usage %s was voided; %s came back%s.", e.Cause, w.count(e.Amount), because(e.Reason))
	}
	return string(e.Kind)
}

// Adjustment returns what a limit adjustment does, in one sentence.
func (w Words) Adjustment(a LimitAdjustment) string {
	verb, when := "raised", "in every window from "+day(a.StartsAt)+" on"
	if a.Amount < 0 {
		verb = "lowered"
	}
	switch {
	case a.Type == OneTime:
		when = "from " + day(a.StartsAt) + until(a.EndsAt)
	case !a.EndsAt.IsZero():
		when = "in every window from " + day(a.StartsAt) + until(a.EndsAt)
	}
	return fmt.Sprintf("The limit is %s by %s %s%s.", verb, w.count(a.Amount), when, because(a.Reason))
}

// refunded returns what a refund took off the usage, below zero: more than the balance grew when usage was past its limit.
func refunded(e Entry) quantity.Units { return paid(e.Parts) }

// Summary returns what is left of a balance and why, in one sentence. plan is what the plan gives before limit adjustments; s must be
// up to date.
func (w Words) Summary(s *State, plan quantity.Units, now time.Time) string {
	if s.Unlimited {
		return fmt.Sprintf("%s: unlimited; %s used in this window.", w.Name, w.count(s.Window.Used))
	}
	sum, _ := w.Reckon(s, plan, now)
	parts := make([]string, len(sum))
	for i, t := range sum {
		parts[i] = t.Text
	}
	left := w.count(s.Available(now)) + " left"
	switch {
	case s.Available(now) < 0 && s.Owed() > 0:
		left = w.count(s.Available(now)) + " below nothing"
	case s.Available(now) < 0:
		left = w.count(s.Available(now)) + " past the limit"
	}
	if s.Barred() {
		left += ", and suspended until what is owed is paid"
	}
	return fmt.Sprintf("%s: %s (%s)%s.", w.Name, left, strings.Join(parts, ", "), until(s.Window.End))
}

func (w Words) limit(o *Opening) string {
	if o.Unlimited {
		return "unlimited use"
	}
	return w.count(o.Limit)
}

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " until " + day(t)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// since is because where a colon has come before.
func since(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// moved returns what usage did to the balance. A reading that fell gives back.
func (w Words) moved(amount quantity.Units) string {
	if amount > 0 {
		return "gave back " + w.count(amount)
	}
	return "took " + w.count(amount)
}

// sources names the grants that paid, or took back.
func sources(parts []Part) string {
	var names []string
	for _, p := range parts {
		way := "from"
		if p.Amount > 0 {
			way = "to"
		}
		amount := max(p.Amount, -p.Amount)
		switch {
		case p.Grant != "":
			names = append(names, fmt.Sprintf("%s %s grant %s", amount, way, p.Grant))
		case len(parts) > 1:
			names = append(names, fmt.Sprintf("%s %s the plan", amount, way))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}
