// Package credit holds every rule about balances.
//
// An account is one customer's balance of one meter or credits pool. Its State is a plain value; Apply
// decides what a Request does to it and answers with the ledger lines (Entry) that were written. A
// State changes through its entries alone: Apply posts each line it writes, and Fold posts stored lines
// again, so a balance is by construction the sum of its entries, and an audit is a second posting.
//
// The units of a lot, a hold and the plan's allowance are those of the account: of the meter, or of the
// credits pool.
package credit
