/** For a customer's own pages, whatever they are made with: billing, live balances, checkout. */
export { type Code, TollgateError } from "./error.js"
export { type Level, standing, type Standing } from "./level.js"
export type * from "./nouns.js"
export { compare, decimal, millionths, type Quantity } from "./quantity.js"
export { type BillingOptions, BillingStore, type Snapshot, type Wanted } from "./store.js"
export type { TokenSource } from "./token.js"
