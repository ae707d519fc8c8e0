package flowglad_test

import (
	"math/big"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// TestAWholePriceIsTheSamePrice: whole minor units per a whole number of units are the catalog's price, exactly.
func TestAWholePriceIsTheSamePrice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unit        string
		size        int64
		amount, per int64
	}{{"0.5", 1, 1, 2}, {"3", 1, 3, 1}, {"0.002", 1, 1, 500}, {"0", 1, 0, 1}, {"250", 1000, 250, 1000}, {"0.5", 1000, 1, 2000}, {"1.25", 1, 5, 4}} {
		p, err := money.ParseUnitPrice(c.unit)
		if err != nil {
			t.Fatal(err)
		}
		if amount, per := flowglad.WholePrice(p, quantity.Whole(c.size)); amount != c.amount || per != c.per {
			t.Errorf("%s for %d is %d for %d, want %d for %d", c.unit, c.size, amount, per, c.amount, c.per)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strconv.Itoa(rapid.IntRange(0, 9999).Draw(t, "whole")) + "." + strconv.Itoa(rapid.IntRange(0, 999999).Draw(t, "part"))
		size := rapid.Int64Range(1, 10_000).Draw(t, "size")
		p, err := money.ParseUnitPrice(text)
		if err != nil {
			t.Fatal(err)
		}
		amount, per := flowglad.WholePrice(p, quantity.Whole(size))
		want, _ := new(big.Rat).SetString(text)
		want.Quo(want, new(big.Rat).SetInt64(size))
		if got := big.NewRat(amount, per); got.Cmp(want) != 0 {
			t.Fatalf("%s for %d is %s a unit, want %s", text, size, got, want)
		}
	})
}

// TestAPoolPaysForWhatItsRowSays: what is available costs no more than the pool has, one step more costs more; what is used is
// rounded the other way.
func TestAPoolPaysForWhatItsRowSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pool := quantity.Units(rapid.Int64Range(0, int64(quantity.Whole(1_000_000))).Draw(t, "pool"))
		cost := quantity.Units(rapid.Int64Range(1, int64(quantity.Whole(1000))).Draw(t, "cost"))
		decimals := rapid.IntRange(0, 3).Draw(t, "decimals")
		step := quantity.One
		for range decimals {
			step /= 10
		}
		available, used := flowglad.InUnits(pool, pool, cost, decimals)
		costs := func(u quantity.Units) *big.Int {
			return new(big.Int).Mul(big.NewInt(int64(u)), big.NewInt(int64(cost)))
		}
		have := new(big.Int).Mul(big.NewInt(int64(pool)), big.NewInt(int64(quantity.One)))
		if available%step != 0 || available < quantity.Max && (costs(available).Cmp(have) > 0 || costs(available+step).Cmp(have) <= 0) {
			t.Fatalf("a pool of %s at %s a unit shows %s available", pool, cost, available)
		}
		if used%step != 0 || used < quantity.Max && (costs(used).Cmp(have) < 0 || used > 0 && costs(used-step).Cmp(have) >= 0) {
			t.Fatalf("%s of a pool at %s a unit shows %s used", pool, cost, used)
		}
	})
}
