// Package subscription holds what Tollgate knows of a customer's billing: the subscription at Stripe with its
// eight statuses, the invoices, payments, refunds and disputes around it, and the rules that follow from them:
// which plan is in force, which period was paid for, what is granted and what is taken back.
//
// All of it is pure: Stripe's state of a customer comes in as a value, and what to do about it goes out as one.
package subscription
