package tollgate

import (
	"context"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

// BalanceVersions returns a number for each of up to BatchMax customers that are there. It changes whenever one of the
// customer's balances is written or its plan changes, whichever process does it. What changes by time alone, such as
// a window that ends, does not show in it.
func (e *Engine) BalanceVersions(ctx context.Context, customers []id.Customer) (map[id.Customer]int64, error) {
	if len(customers) > BatchMax {
		return nil, fault.Field("customers", len(customers), BatchMax, "One call looks at up to %d customers.", BatchMax)
	}
	out, err := e.db.VersionsOf(ctx, customers)
	return out, outside("read versions", err)
}
