package flowglad

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// A balanceRow is what is left of a meter. Applications read usedBalance and balanceLimit too, though the packages' types do
// not have them.
type balanceRow struct {
	ID               string          `json:"id"` // of the meter
	Slug             string          `json:"slug"`
	Name             string          `json:"name"`
	AggregationType  string          `json:"aggregationType"`
	Livemode         bool            `json:"livemode"`
	OrganizationID   string          `json:"organizationId"`
	PricingModelID   string          `json:"pricingModelId"`
	SubscriptionID   string          `json:"subscriptionId"`
	AvailableBalance quantity.Units  `json:"availableBalance"` // quantity.Max when unlimited, so that it can be compared
	UsedBalance      quantity.Units  `json:"usedBalance"`      // in the open window
	BalanceLimit     *quantity.Units `json:"balanceLimit"`     // per window; null when unlimited
	ResetsAt         *int64          `json:"resetsAt"`         // Tollgate's own: when the window ends
	CreatedAt        int64           `json:"createdAt"`
	UpdatedAt        int64           `json:"updatedAt"`
}

// balances returns a row for every meter and credits pool that the customer can use or has used. A meter that is paid from a
// pool shows how many of its units the pool would pay for.
func (sh *shelf) balances(st tollgate.Standing, sub tollgate.Subscription) []balanceRow {
	held := map[id.Slug]credit.Balance{}
	for _, b := range st.Balances {
		held[b.Slug] = b
	}
	plan := sh.catalog.DefaultPlan()
	if p, ok := sh.catalog.Plans[sub.Plan]; ok {
		plan = p
	}
	rows := make([]balanceRow, 0, len(sh.model.UsageMeters))
	for _, m := range sh.model.UsageMeters {
		slug := id.Slug(m.Slug)
		balance, cost, decimals := slug, quantity.One, quantity.DecimalsMax
		if known, ok := sh.catalog.Meters[slug]; ok {
			balance, cost = sh.catalog.Payer(plan, slug)
			decimals = known.Decimals
		}
		b, ok := held[balance]
		if !ok {
			if b, ok = held[slug]; !ok { // neither pays for it now, nor did
				continue
			}
			balance, cost = slug, quantity.One
		}
		row := balanceRow{
			ID: m.ID, Slug: m.Slug, Name: m.Name, AggregationType: m.AggregationType, Livemode: m.Livemode,
			OrganizationID: organizationID, PricingModelID: modelID, SubscriptionID: sub.ID, CreatedAt: ms(sub.Since),
			AvailableBalance: quantity.Max, UsedBalance: b.Used, UpdatedAt: ms(sub.Since),
		}
		if b.ResetsAt != nil {
			row.ResetsAt = msOrNil(*b.ResetsAt)
		}
		if b.Since != nil {
			row.UpdatedAt = max(row.UpdatedAt, ms(*b.Since))
		}
		if !b.Unlimited {
			limit := *b.Limit
			row.AvailableBalance, row.BalanceLimit = *b.Available, &limit
		}
		if balance != slug {
			row.inUnits(cost, decimals)
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(x, y balanceRow) int { return cmp.Compare(x.Slug, y.Slug) })
	return rows
}

// inUnits turns a row of a pool into one of a meter that the pool pays for, at cost per unit: what is available and the limit
// rounded down to what the meter can count, what is used rounded up.
func (r *balanceRow) inUnits(cost quantity.Units, decimals int) {
	step := quantity.One
	for range decimals {
		step /= 10
	}
	convert := func(u quantity.Units, up bool) quantity.Units {
		n := new(big.Int).Mul(big.NewInt(int64(u)), big.NewInt(int64(quantity.One)))
		by := new(big.Int).Mul(big.NewInt(int64(cost)), big.NewInt(int64(step)))
		n, rest := n.DivMod(n, by, new(big.Int))
		if up && rest.Sign() > 0 {
			n.Add(n, big.NewInt(1))
		}
		if n.Mul(n, big.NewInt(int64(step))); n.CmpAbs(big.NewInt(int64(quantity.Max))) > 0 {
			return quantity.Max
		}
		return quantity.Units(n.Int64())
	}
	r.UsedBalance = convert(r.UsedBalance, true)
	if r.BalanceLimit == nil {
		return
	}
	limit := convert(*r.BalanceLimit, false)
	r.AvailableBalance, r.BalanceLimit = convert(r.AvailableBalance, false), &limit
}

type balancesAnswer struct {
	UsageMeterBalances []balanceRow `json:"usageMeterBalances"`
}

// usageBalances is GET customers/{externalId}/usage-balances.
func (s *Server) usageBalances(c *call) (any, error) {
	return s.balancesOf(c, id.Customer(c.args[0]), c.URL.Query().Get("subscriptionId"))
}

// balancesOf returns a customer's balances; those of a subscription that is not its current one are not known.
func (s *Server) balancesOf(c *call, name id.Customer, subscriptionID string) (balancesAnswer, error) {
	st, sh, err := s.standing(c, name)
	if err != nil {
		return balancesAnswer{}, err
	}
	current := st.Current()
	if subscriptionID != "" && subscriptionID != current.ID {
		sub, owner, err := s.engine.Subscription(c.Context(), subscriptionID)
		if err != nil || owner.ExternalID != name || !sub.EndedAt.IsZero() {
			return balancesAnswer{}, missing("Subscription %s not found", subscriptionID)
		}
	}
	return balancesAnswer{sh.balances(st, current)}, nil
}

// standing returns a customer that is not archived as it stands, and the catalog that it stands on.
func (s *Server) standing(c *call, name id.Customer) (tollgate.Standing, *shelf, error) {
	st, err := s.engine.Standing(c.Context(), name)
	if err != nil {
		return st, nil, unknownOr(err, name)
	}
	if st.Customer.Metadata[archivedKey] != "" {
		return st, nil, unknown(name)
	}
	sh, err := s.shelf(c.Context(), c.live)
	return st, sh, err
}
