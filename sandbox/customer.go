package sandbox

import (
	"slices"
	"strings"
)

// A customer is who pays.
type customer struct {
	header
	Address             *address          `json:"address"`
	Balance             int64             `json:"balance"` // minor units: below 0 is credit of the customer's
	Currency            text              `json:"currency"`
	DefaultSource       none              `json:"default_source"`
	Delinquent          bool              `json:"delinquent"`
	Description         text              `json:"description"`
	Discount            none              `json:"discount"`
	Email               text              `json:"email"`
	InvoicePrefix       string            `json:"invoice_prefix"`
	InvoiceSettings     customerInvoices  `json:"invoice_settings"`
	Metadata            map[string]string `json:"metadata"`
	Name                text              `json:"name"`
	NextInvoiceSequence int64             `json:"next_invoice_sequence"`
	Phone               text              `json:"phone"`
	PreferredLocales    []string          `json:"preferred_locales"`
	Shipping            none              `json:"shipping"`
	TaxExempt           string            `json:"tax_exempt"`
	TestClock           text              `json:"test_clock"`

	Own *customerOwn `json:"own,omitempty"`
}

type customerInvoices struct {
	CustomFields         none `json:"custom_fields"`
	DefaultPaymentMethod text `json:"default_payment_method"`
	Footer               none `json:"footer"`
	RenderingOptions     none `json:"rendering_options"`
}

type customerOwn struct {
	Deleted bool `json:"deleted,omitempty"`
}

func (*customer) kind() string { return "customer" }
func (c *customer) shown(*tx) any {
	if c.Own.Deleted {
		return gone{ID: c.ID, Object: c.Object, Deleted: true}
	}
	shown := *c
	shown.Own = nil
	return &shown
}

type customerChange struct {
	ID              string   `path:"id"`
	Address         *address `form:"address"`
	Balance         *int64   `form:"balance"`
	Description     *string  `form:"description"`
	Email           *string  `form:"email"`
	InvoicePrefix   *string  `form:"invoice_prefix"`
	InvoiceSettings struct {
		DefaultPaymentMethod *string `form:"default_payment_method"`
		Footer               ignored `form:"footer"`
		CustomFields         ignored `form:"custom_fields"`
	} `form:"invoice_settings"`
	Metadata         changes  `form:"metadata"`
	Name             *string  `form:"name"`
	Phone            *string  `form:"phone"`
	PreferredLocales []string `form:"preferred_locales"`
	TaxExempt        *string  `form:"tax_exempt" enum:"none|exempt|reverse|"`
	Tax              ignored  `form:"tax"`
	Shipping         ignored  `form:"shipping"`
}

type customerNew struct {
	customerChange
	PaymentMethod *string `form:"payment_method"`
	TestClock     *string `form:"test_clock"`
}

func createCustomer(tx *tx, p *customerNew) (any, error) {
	if p.TestClock != nil {
		if _, err := need[*testClock](tx, *p.TestClock, "test_clock"); err != nil {
			return nil, err
		}
	}
	c := tx.newCustomer()
	setText(&c.TestClock, p.TestClock)
	tx.add(c)
	c.Created = tx.now(c.ID)
	if p.PaymentMethod != nil {
		if _, err := tx.attach(*p.PaymentMethod, c, "payment_method"); err != nil {
			return nil, err
		}
	}
	if err := p.customerChange.apply(tx, c); err != nil {
		return nil, err
	}
	tx.fire("customer.created", c)
	return c, nil
}

// newCustomer returns a customer that is not in the state yet.
func (tx *tx) newCustomer() *customer {
	c := &customer{header: tx.header("cus_", "customer", ""), PreferredLocales: []string{}, TaxExempt: "none", NextInvoiceSequence: 1, Own: &customerOwn{}}
	const prefixLength = 8
	c.InvoicePrefix = strings.ToUpper(c.ID[len("cus_"):][:prefixLength])
	c.Metadata = map[string]string{}
	return c
}

// apply makes the changes to a customer of the state.
func (p *customerChange) apply(tx *tx, c *customer) error {
	setText(&c.Description, p.Description)
	setText(&c.Email, p.Email)
	setText(&c.Name, p.Name)
	setText(&c.Phone, p.Phone)
	if p.Address != nil {
		c.Address = p.Address
	}
	if p.Balance != nil {
		c.Balance = *p.Balance
	}
	if p.InvoicePrefix != nil {
		c.InvoicePrefix = *p.InvoicePrefix
	}
	if p.PreferredLocales != nil {
		c.PreferredLocales = p.PreferredLocales
	}
	if p.TaxExempt != nil {
		if c.TaxExempt = *p.TaxExempt; c.TaxExempt == "" {
			c.TaxExempt = "none"
		}
	}
	c.Metadata = p.Metadata.on(c.Metadata)
	if id := p.InvoiceSettings.DefaultPaymentMethod; id != nil {
		if *id != "" {
			const param = "invoice_settings[default_payment_method]"
			m, err := need[*paymentMethod](tx, *id, param)
			if err != nil {
				return err
			}
			if string(m.Customer) != c.ID {
				return invalid(param, "The customer does not have a payment method with the ID %s. The payment method must be attached to the customer.", *id).withCode(codeMissing)
			}
		}
		c.InvoiceSettings.DefaultPaymentMethod = text(*id)
	}
	return nil
}

// liveCustomer returns a customer that is not deleted.
func (tx *tx) liveCustomer(id, param string, inPath bool) (*customer, error) {
	c, ok := find[*customer](tx, id)
	if !ok || c.Own.Deleted {
		return nil, absent("customer", id, param, inPath)
	}
	return c, nil
}

func getCustomer(tx *tx, p *byID) (any, error) { return needPath[*customer](tx, p.ID, "id") }

func updateCustomer(tx *tx, p *customerChange) (any, error) {
	c, err := tx.liveCustomer(p.ID, "id", true)
	if err != nil {
		return nil, err
	}
	tx.edit(c)
	if err := p.apply(tx, c); err != nil {
		return nil, err
	}
	tx.updated("customer.updated", c)
	return c, nil
}

type customerList struct {
	listing
	Email     *string `form:"email"`
	Created   span    `form:"created"`
	TestClock *string `form:"test_clock"`
}

func listCustomers(tx *tx, p *customerList) (any, error) {
	return pageOf(tx, p.listing, "/v1/customers", every[*customer](tx), func(c *customer) bool {
		return !c.Own.Deleted && (p.Email == nil || *p.Email == string(c.Email)) && p.Created.has(c.Created) &&
			(p.TestClock == nil || *p.TestClock == string(c.TestClock))
	})
}

func removeCustomer(tx *tx, p *byID) (any, error) {
	c, err := tx.liveCustomer(p.ID, "id", true)
	if err != nil {
		return nil, err
	}
	return gone{ID: c.ID, Object: c.Object, Deleted: true}, tx.deleteCustomer(c)
}

// deleteCustomer cancels a customer's subscriptions and leaves the id behind.
func (tx *tx) deleteCustomer(c *customer) error {
	for _, s := range owned[*subscription](tx, c.ID) {
		if !s.over() {
			if err := tx.cancel(s, cancellation{reason: "cancellation_requested"}); err != nil {
				return err
			}
		}
	}
	tx.edit(c)
	tx.fire("customer.deleted", c)
	c.Own.Deleted = true
	return nil
}

type customerSearch struct {
	Limit *int64  `form:"limit" min:"1" max:"100"`
	Page  *string `form:"page"`
	Query string  `form:"query,required"`
}

// searchCustomers answers the terms that a search of customers by hand has: fields and metadata, joined by AND.
func searchCustomers(tx *tx, p *customerSearch) (any, error) {
	terms, err := parseQuery(p.Query)
	if err != nil {
		return nil, err
	}
	fresh := tx.now("") - int64(tx.server.options.SearchDelay.Seconds())
	var found []*customer
	for _, c := range every[*customer](tx) {
		if c.Own.Deleted || tx.server.options.SearchDelay > 0 && c.Created > fresh {
			continue
		}
		if !slices.ContainsFunc(terms, func(t term) bool { return !t.holds(c.field(t)) }) {
			found = append(found, c)
		}
	}
	answer, err := pageOf(tx, listing{Limit: p.Limit}, "/v1/customers/search", found, nil)
	if list, ok := answer.(*page); ok {
		list.search = true
	}
	return answer, err
}

func (c *customer) field(t term) string {
	switch t.field {
	case "email":
		return string(c.Email)
	case "name":
		return string(c.Name)
	case "phone":
		return string(c.Phone)
	case "metadata":
		return c.Metadata[t.key]
	}
	return ""
}

// A term of a query compares a field with a text.
type term struct {
	field, key, value string
	part, not         bool
}

func (t term) holds(field string) bool {
	found := field == t.value
	if t.part {
		found = strings.Contains(strings.ToLower(field), strings.ToLower(t.value))
	}
	return found != t.not
}

// parseQuery reads field:'value', field~'part' and metadata['key']:'value', with a minus before those that must not
// hold, joined by AND (API reference, "Search query language").
func parseQuery(query string) ([]term, error) {
	refuse := func() ([]term, error) {
		return nil, invalid("query", "We were unable to parse your search query. The sandbox reads email, name, phone and metadata['key'] compared with ':' or '~', joined by AND.")
	}
	var terms []term
	rest := strings.TrimSpace(query)
	for rest != "" {
		var t term
		if after, ok := strings.CutPrefix(rest, "-"); ok {
			t.not, rest = true, after
		}
		i := strings.IndexAny(rest, ":~[")
		if i < 0 {
			return refuse()
		}
		t.field = strings.TrimSpace(rest[:i])
		if rest[i] == '[' {
			key, after, _ := quoted(rest[i+1:])
			after, ok := strings.CutPrefix(after, "]")
			if !ok || t.field != "metadata" || after == "" {
				return refuse()
			}
			t.key, rest, i = key, after, 0
		}
		if !slices.Contains([]string{"email", "name", "phone", "metadata"}, t.field) || rest[i] != ':' && rest[i] != '~' {
			return refuse()
		}
		t.part = rest[i] == '~'
		value, after, ok := quoted(rest[i+1:])
		if !ok {
			return refuse()
		}
		t.value = value
		terms = append(terms, t)
		rest = strings.TrimSpace(after)
		if rest == "" {
			break
		}
		if rest, ok = strings.CutPrefix(rest, "AND "); !ok {
			return refuse()
		}
		rest = strings.TrimSpace(rest)
	}
	return terms, nil
}

// quoted cuts a text in single or double quotes off the front.
func quoted(text string) (value, rest string, ok bool) {
	if text == "" || text[0] != '\'' && text[0] != '"' {
		return "", text, false
	}
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == quote:
			return b.String(), text[i+1:], true
		default:
			b.WriteByte(text[i])
		}
	}
	return "", text, false
}

func subscriptionsOfCustomer(tx *tx, id string) any {
	var live []*subscription
	for _, s := range slices.Backward(owned[*subscription](tx, id)) {
		if !s.over() {
			live = append(live, s)
		}
	}
	return listed(urlf("/v1/customers/%s/subscriptions", id), shownAll(tx, live))
}
