package stripe

import (
	"testing"

	"github.com/tollgate/tollgate/quantity"
)

func TestAPriceOfStripesCostsWhatStripeBills(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, price string
		units, want int64
	}{
		{"a unit", `{"currency":"usd","unit_amount_decimal":"900"}`, 3, 2700},
		{"half a cent", `{"currency":"usd","unit_amount_decimal":"0.5"}`, 3, 2},
		{"nothing", `{"currency":"usd","unit_amount_decimal":"0.5"}`, 0, 0},
		{"graduated", `{"currency":"usd","unit_amount_decimal":null,"tiers_mode":"graduated","tiers":[{"up_to":100,"unit_amount_decimal":"0.5","flat_amount_decimal":null},{"up_to":null,"unit_amount_decimal":"0.2","flat_amount_decimal":"10"}]}`, 150, 70},
		{"volume", `{"currency":"usd","tiers_mode":"volume","tiers":[{"up_to":100,"unit_amount_decimal":"0.5"},{"up_to":null,"unit_amount_decimal":"0.2"}]}`, 150, 30},
		{"packages", `{"currency":"usd","unit_amount_decimal":"300","transform_quantity":{"divide_by":1000,"round":"up"}}`, 1001, 600},
		{"flat, as one endless package", `{"currency":"usd","unit_amount_decimal":"700","transform_quantity":{"divide_by":1000000000000,"round":"up"}}`, 5, 700},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := priceTerms([]byte(tt.price))
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Cost(quantity.Whole(tt.units))
			if err != nil || got.Minor != tt.want || got.Currency != "usd" {
				t.Errorf("%d units cost %+v, %v; want %d", tt.units, got, err, tt.want)
			}
		})
	}
	if _, err := priceTerms([]byte(`{"transform_quantity":{"divide_by":10,"round":"down"}}`)); err == nil {
		t.Error("a price that rounds down is taken")
	}
}
