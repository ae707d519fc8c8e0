/**
 * For servers, on Node, Bun and edge runtimes: it needs nothing but fetch and WebCrypto. A secret key opens every
 * customer, so none of this belongs into a page.
 */
import { TollgateError } from "./error.js"
import { fill, send } from "./http.js"
import type { Action, Balance, Check, Customer, CustomerChange, Grant, Hold, Receipt, Subscription, Token, Usage, UsageReport } from "./nouns.js"
import type { Quantity } from "./quantity.js"
import type { Answer, Body, Method, PathOf, Query } from "./routes.js"

export { type Code, TollgateError } from "./error.js"
export type * from "./nouns.js"
export { compare, decimal, millionths, type Quantity } from "./quantity.js"
export { operationId, parametersId, requestId } from "./transaction.js"

export interface TollgateOptions {
  /** The server, such as https://tollgate.example.com. */
  url: string
  /** A secret key, made by `tollgate key create`. */
  key: string
  /** How often one call is sent at most: 4 when not given. */
  tries?: number
  /** How long one try may take, in milliseconds: 10,000 when not given. */
  timeout?: number
  /** Stands in for the global fetch. */
  fetch?: typeof fetch
}

/** What every call takes besides its own. */
export interface CallOptions {
  /** Ends the call, and its tries. */
  signal?: AbortSignal
}

/** What a call that writes once takes: without an id, one is made, so that all tries of the call are one act. */
type Named<T> = Omit<T, "id"> & { id?: string }

/**
 * Calls one server with one key. A call that is lost is sent again, the same, so that a transactionId counts once;
 * refusals are thrown as {@link TollgateError}.
 */
export class Tollgate {
  readonly #base: string
  readonly #key: string
  readonly #how

  /** @throws {TypeError} when url is no address, or key is missing. */
  constructor({ url, key, tries = 4, timeout = 10_000, fetch }: TollgateOptions) {
    if (!/^https?:$/.test(new URL(url).protocol)) throw new TypeError(`${url} is not the address of a server.`)
    if (!/^\S+$/.test(key ?? "")) throw new TypeError("The secret key is missing: make one with `tollgate key create`.")
    this.#base = url.replace(/\/+$/, "")
    this.#key = key
    this.#how = { tries, timeout, ...(fetch && { fetch }) }
  }

  /**
   * Checks the balance and records the usage, as one act: either it is covered and counted, or nothing is written.
   * @throws insufficient_credits (402) with availableBalance, required, resetsAt and upgradeUrl.
   */
  consume(usage: Usage, options?: CallOptions): Promise<Receipt> {
    return this.#call("post", "/v1/consume", {}, usage, options)
  }

  /** Records usage that has happened, whatever the balance. */
  record(usage: Usage, options?: CallOptions): Promise<Receipt> {
    return this.consume({ ...usage, record: true }, options)
  }

  /** Consumes up to 1,000 usages in one request: the answer has one outcome for each, in their order. */
  async batch(events: Usage[], options?: CallOptions): Promise<Answer<"post", "/v1/events">["data"]> {
    return (await this.#call("post", "/v1/events", {}, { events }, options)).data
  }

  /**
   * Says whether an amount of a meter, or a feature, is allowed at this moment. It sets nothing aside: consume decides.
   * A feature that the plan does not include is answered with allowed false.
   */
  async check(wanted: { customer: string, meter: string, amount?: Quantity } | { customer: string, feature: string }, options?: CallOptions): Promise<Check> {
    try {
      return await this.#call("post", "/v1/check", {}, wanted, options)
    } catch (error) {
      return refusedFeature(error)
    }
  }

  /** Sets units aside before the cost of the work is known. Capture or release them; or they come back when they expire. */
  hold(request: Body<"post", "/v1/holds"> & { transactionId: string }, options?: CallOptions): Promise<Hold> {
    return this.#call("post", "/v1/holds", {}, request, options)
  }

  /** Charges a hold: all of it, or an amount that may be less or more. */
  capture(holdId: string, amount?: Quantity, options?: CallOptions): Promise<Receipt> {
    return this.#call("post", "/v1/holds/{id}/capture", { id: holdId }, amount === undefined ? {} : { amount }, options)
  }

  /** Gives a hold's units back. */
  release(holdId: string, options?: CallOptions): Promise<Hold> {
    return this.#call("post", "/v1/holds/{id}/release", { id: holdId }, undefined, options)
  }

  /** Undoes a usage. */
  void(customer: string, transactionId: string, reason?: string, options?: CallOptions): Promise<Answer<"delete", "/v1/customers/{externalId}/events/{transactionId}">> {
    return this.#call("delete", "/v1/customers/{externalId}/events/{transactionId}", { externalId: customer, transactionId }, undefined, options, reason ? { reason } : {})
  }

  /** Gives units on top of the plan. */
  grant(customer: string, grant: Named<Body<"post", "/v1/customers/{externalId}/grants">>, options?: CallOptions): Promise<Grant> {
    return this.#call("post", "/v1/customers/{externalId}/grants", { externalId: customer }, { ...grant, id: grant.id ?? `call_${crypto.randomUUID()}` }, options)
  }

  /** Makes a customer, or changes the one that is there. */
  putCustomer(customer: string, change: CustomerChange = {}, options?: CallOptions): Promise<Customer> {
    return this.#call("put", "/v1/customers/{externalId}", { externalId: customer }, change, options)
  }

  /** Changes a customer that is there. */
  patchCustomer(customer: string, change: CustomerChange, options?: CallOptions): Promise<Customer> {
    return this.#call("patch", "/v1/customers/{externalId}", { externalId: customer }, change, options)
  }

  customer(customer: string, options?: CallOptions): Promise<Customer> {
    return this.#call("get", "/v1/customers/{externalId}", { externalId: customer }, undefined, options)
  }

  /** Removes for good what names or describes a customer. After a try whose answer was lost, the next may say not_found. */
  async eraseCustomer(customer: string, options?: CallOptions): Promise<void> {
    await this.#call("delete", "/v1/customers/{externalId}", { externalId: customer }, undefined, options)
  }

  async balances(customer: string, options?: CallOptions): Promise<Balance[]> {
    return (await this.#call("get", "/v1/customers/{externalId}/balances", { externalId: customer }, undefined, options)).data
  }

  /** Returns one balance: slug names a meter or credits. */
  balance(customer: string, slug: string, options?: CallOptions): Promise<Balance> {
    return this.#call("get", "/v1/customers/{externalId}/balances/{slug}", { externalId: customer, slug }, undefined, options)
  }

  /** Returns the statistics of one meter. */
  usage(customer: string, query: Query<"get", "/v1/customers/{externalId}/usage">, options?: CallOptions): Promise<UsageReport> {
    return this.#call("get", "/v1/customers/{externalId}/usage", { externalId: customer }, undefined, options, query)
  }

  /**
   * Makes a token for a customer's own pages: short-lived, and good for this customer alone. `read` and `check` when no
   * actions are given. expiresIn is in seconds. The key needs the scope full.
   */
  createToken(customer: string, wanted: { actions?: Action[], expiresIn?: number } = {}, options?: CallOptions): Promise<Token & { token: string }> {
    return this.#call("post", "/v1/customers/{externalId}/tokens", { externalId: customer }, wanted, options) as Promise<Token & { token: string }>
  }

  /** Opens a page at Stripe where a customer buys a price of a plan, or a top-up: send the browser to its url. */
  checkout(request: Body<"post", "/v1/checkout-sessions">, options?: CallOptions): Promise<Answer<"post", "/v1/checkout-sessions">> {
    return this.#call("post", "/v1/checkout-sessions", {}, request, options)
  }

  /** Opens the page at Stripe where a customer manages how it pays. */
  portal(request: Body<"post", "/v1/portal-sessions">, options?: CallOptions): Promise<Answer<"post", "/v1/portal-sessions">> {
    return this.#call("post", "/v1/portal-sessions", {}, request, options)
  }

  async subscriptions(customer: string, options?: CallOptions): Promise<Subscription[]> {
    return (await this.#call("get", "/v1/customers/{externalId}/subscriptions", { externalId: customer }, undefined, options)).data
  }

  /** Moves a subscription to another price or quantity. */
  changeSubscription(id: string, change: Body<"post", "/v1/subscriptions/{id}/change">, options?: CallOptions): Promise<Subscription> {
    return this.#call("post", "/v1/subscriptions/{id}/change", { id }, change, options)
  }

  /** Ends a subscription: with its period, unless the request says now. */
  cancelSubscription(id: string, request: Body<"post", "/v1/subscriptions/{id}/cancel"> = {}, options?: CallOptions): Promise<Subscription> {
    return this.#call("post", "/v1/subscriptions/{id}/cancel", { id }, request, options)
  }

  async #call<M extends Method, P extends PathOf<M>>(
    method: M, path: P, places: Record<string, string>, body?: Body<M, P>, options: CallOptions = {}, query: object = {},
  ): Promise<Answer<M, P>> {
    const search = new URLSearchParams(Object.entries(query).flatMap(([name, values]) => [values ?? []].flat().map(v => [name, String(v)]))).toString()
    const answer = await send(this.#how, {
      url: this.#base + fill(path as string, places) + (search && `?${search}`),
      method: method.toUpperCase(),
      headers: { Authorization: `Bearer ${this.#key}` },
      body,
      init: { redirect: "manual" }, // the key is for this server
      signal: options.signal,
    })
    return answer as Answer<M, P>
  }
}

/** Returns the check that a refusal of a feature carries; throws any other error. */
function refusedFeature(error: unknown): Check {
  if (!(error instanceof TollgateError) || error.code !== "feature_not_in_plan") throw error
  return { ...error.details, allowed: false } as Check
}
