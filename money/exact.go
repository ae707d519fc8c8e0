package money

import (
	"math/big"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/quantity"
)

// exactDecimals is the scale of an Exact: a unit price's decimals and those of a quantity together,
// so that no product of the two is ever cut.
const exactDecimals = UnitPriceDecimalsMax + quantity.DecimalsMax

// An Exact is a sum of prices before it is rounded: an integer number of 10^-18 minor units, of any
// size. The zero value is nothing.
type Exact struct {
	n *big.Int // nil is 0; never changed once set
}

// Minor returns n minor units.
func Minor(n int64) Exact {
	return Exact{new(big.Int).Mul(big.NewInt(n), power(exactDecimals))}
}

// Plus returns e + f.
func (e Exact) Plus(f Exact) Exact {
	return Exact{new(big.Int).Add(e.integer(), f.integer())}
}

// Cmp returns -1, 0 or +1 as e is less than, equal to or more than f.
func (e Exact) Cmp(f Exact) int { return e.integer().Cmp(f.integer()) }

// Round returns e in minor units of currency, rounded to the nearest, halves away from zero: 0.5 is 1,
// -0.5 is -1. This is the only place where money is rounded. It returns an Invalid fault when the
// amount does not fit 64 bits.
func (e Exact) Round(currency string) (Amount, error) {
	one := power(exactDecimals)
	q, r := new(big.Int).QuoRem(e.integer(), one, new(big.Int))
	if r.Abs(r).Lsh(r, 1).Cmp(one) >= 0 {
		q.Add(q, big.NewInt(int64(e.integer().Sign())))
	}
	if !q.IsInt64() {
		return Amount{}, fault.New(fault.Invalid, "The amount of %s minor units of %s is too large.", q, currency)
	}
	return Amount{Minor: q.Int64(), Currency: currency}, nil
}

func (e Exact) integer() *big.Int {
	if e.n == nil {
		return new(big.Int)
	}
	return e.n
}
