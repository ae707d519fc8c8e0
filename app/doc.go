// Package app is what an application's own pages talk to: one customer's plan, balances and usage, checks, a live
// balance, and the way to checkout. No page can see another customer, and none can record usage.
//
// Handler serves a Go program that knows who its users are; TokenHandler serves pages that carry a customer token, as
// the tollgate program does. Routes are listed in handler.go. A request passes CORS, the check against requests from
// other sites, admit (who calls, what may they do, how fast), then its handler.
package app
