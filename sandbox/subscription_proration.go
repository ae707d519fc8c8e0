package sandbox

import "time"

// unused returns the credit for an item's time from at to the end of the period.
func (tx *tx) unused(s *subscription, item *subItem, at int64) *invoiceItem {
	p, price := s.period(), item.Price
	amount, of := price.amount(whole(item.quantity())), p
	if l := tx.debited(s, item, at); l != nil {
		amount, of = whole(l.Amount), l.Period
	}
	return tx.proration(s, item, at, "Unused time on", -round(fraction(amount, p.End-at, of.End-of.Start)))
}

// debited returns the line that bills an item for the time from at to the end of the period. Flexible billing gives back what was
// debited, and not what the item's price comes to: they differ when the price was changed without proration
// (https://docs.stripe.com/billing/subscriptions/billing-mode/compare).
func (tx *tx) debited(s *subscription, item *subItem, at int64) *line {
	var newest *line
	end := s.period().End
	for _, i := range owned[*invoice](tx, s.Customer) {
		if i.Status == "void" {
			continue
		}
		for _, l := range i.Lines.Data {
			d := l.Parent
			if d == nil || d.SubscriptionItemDetails == nil || d.SubscriptionItemDetails.SubscriptionItem != item.ID || l.Amount <= 0 ||
				l.Period.End != end || l.Period.Start > at {
				continue
			}
			if newest == nil || l.Period.Start >= newest.Period.Start {
				newest = l
			}
		}
	}
	return newest
}

// remaining returns the charge for an item's time from at to the end of the period.
func (tx *tx) remaining(s *subscription, item *subItem, at int64) *invoiceItem {
	p := s.period()
	return tx.proration(s, item, at, "Remaining time on", round(fraction(item.Price.amount(whole(item.quantity())), p.End-at, p.End-p.Start)))
}

// usageItem has the next invoice bill what a metered item counted until it was dropped
// (https://docs.stripe.com/billing/subscriptions/usage-based/manage-billing-setup).
func (tx *tx) usageItem(s *subscription, item *subItem, l *line) *invoiceItem {
	owner, _ := find[*customer](tx, s.Customer)
	i := tx.newItem(owner, l.Amount, s.Currency, l.Period)
	i.Parent, i.Pricing, i.Description = parentOf(s.ID, item.ID), pricingOf(item.Price), text(tx.nameOf(item.Price))
	i.Quantity, i.QuantityDecimal = *l.Quantity, urlf("%d", *l.Quantity)
	return i
}

func (tx *tx) proration(s *subscription, item *subItem, at int64, words string, amount int64) *invoiceItem {
	p := s.period()
	owner, _ := find[*customer](tx, s.Customer)
	i := tx.newItem(owner, amount, s.Currency, period{Start: at, End: p.End})
	i.Proration, i.Discountable, i.Parent, i.Pricing = true, false, parentOf(s.ID, item.ID), pricingOf(item.Price)
	i.Quantity, i.QuantityDecimal = item.quantity(), urlf("%d", item.quantity())
	i.ProrationDetails = &itemProration{DiscountAmounts: []discountAmount{}}
	name := tx.nameOf(item.Price)
	if item.quantity() != 1 {
		name = urlf("%d × %s", item.quantity(), name)
	}
	i.Description = text(urlf("%s %s after %s", words, name, time.Unix(at, 0).UTC().Format("02 Jan 2006")))
	return i
}
