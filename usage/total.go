package usage

import (
	"math/big"
	"math/bits"

	"github.com/tollgate/tollgate/quantity"
)

// A Total is a sum of quantities, in millionths, that cannot overflow: 128 bits hold more events than there will be.
type Total struct {
	hi int64
	lo uint64
}

// Add returns t + u.
func (t Total) Add(u quantity.Units) Total { return t.Plus(Total{int64(u) >> 63, uint64(u)}) }

// Plus returns t + s.
func (t Total) Plus(s Total) Total {
	lo, carry := bits.Add64(t.lo, s.lo, 0)
	return Total{t.hi + s.hi + int64(carry), lo}
}

// Units returns t as a quantity, and false when it is too large to be one.
func (t Total) Units() (quantity.Units, bool) {
	u := quantity.Units(t.lo)
	return u, t.hi == int64(u)>>63
}

// average returns t ÷ n to six decimals, half away from zero; n is above 0.
func (t Total) average(n int64) quantity.Units {
	if u, fits := t.Units(); fits && -1<<60 < u && u < 1<<60 && n < 1<<60 {
		twice, half := 2*int64(u), n
		if twice < 0 {
			half = -n
		}
		return quantity.Units((twice + half) / (2 * n))
	}
	whole := new(big.Int).Lsh(big.NewInt(t.hi), 64)
	whole.Add(whole, new(big.Int).SetUint64(t.lo))
	half := big.NewInt(n)
	if whole.Sign() < 0 {
		half.Neg(half)
	}
	whole.Add(whole.Mul(whole, big.NewInt(2)), half)
	whole.Quo(whole, big.NewInt(2*n))
	return quantity.Units(whole.Int64()) // no larger than the largest bucket
}
