// Package flowglad is a face that speaks the API of Flowglad, so that an application written with Flowglad's own npm
// packages (@flowglad/server, nextjs, react and node) is metered by Tollgate when FLOWGLAD_BASE_URL points here.
//
// A Server answers two sets of routes below its prefix: /api/v1/*, which an application's server calls with a secret key, and
// /api/flowglad/*, which pages call as the customer that Options.Identify finds.
//
// What is answered follows from what the packages send and read, measured by running them: times are epoch milliseconds,
// money is integer minor units, lists are never null, and an error has its code at the top of the body. The words differ
// from Tollgate's: a product is a plan or a top-up, the pricing model is the catalog, a usage credit grant is an allowance, a
// resource is a meter whose allowance never renews. docs/from-flowglad.md has the whole list.
package flowglad
