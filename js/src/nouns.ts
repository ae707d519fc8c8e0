import type { components } from "./wire.js"

// The server's own words for what it answers and takes.

type Schemas = components["schemas"]

export type Allowance = Schemas["Allowance"]
export type Balance = Schemas["Balance"]
export type Billing = Schemas["Billing"]
export type Check = Schemas["Check"]
export type Customer = Schemas["Customer"]
export type CustomerChange = Schemas["CustomerChange"]
export type Event = Schemas["Event"]
export type Grant = Schemas["Granted"]
export type Hold = Schemas["Held"]
export type OwnPayment = Schemas["OwnPayment"]
export type OwnSubscription = Schemas["OwnSubscription"]
export type Plan = Schemas["Plan"]
export type Price = Schemas["Price"]
export type Receipt = Schemas["Receipt"]
export type ShownPrice = Schemas["ShownPrice"]
export type Subscription = Schemas["Subscription"]
export type Token = Schemas["Token"]
export type TopUp = Schemas["TopUp"]
export type Usage = Schemas["Usage"]
export type UsageReport = Schemas["UsageReport"]

/** What a customer token may be used for. */
export type Action = "read" | "check" | "checkout" | "manage"
