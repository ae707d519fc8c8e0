package flowglad

import (
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// WholePrice is wholePrice, for tests.
func WholePrice(p money.UnitPrice, size quantity.Units) (amount, per int64) {
	return wholePrice(p, size)
}

// InUnits is balanceRow.inUnits, for tests: what is available, and used, in units of a meter.
func InUnits(available, used, cost quantity.Units, decimals int) (quantity.Units, quantity.Units) {
	row := balanceRow{AvailableBalance: available, UsedBalance: used, BalanceLimit: &available}
	row.inUnits(cost, decimals)
	return row.AvailableBalance, row.UsedBalance
}
