import { leave, returned } from "./away.js"
import { TollgateError } from "./error.js"
import { type Call, fill, send, type Sending, sleep } from "./http.js"
import { type Door, watch } from "./live.js"
import type { Balance, Billing, Check, OwnSubscription } from "./nouns.js"
import { type Quantity, readJSON } from "./quantity.js"
import type { Answer, Body, Method, PathOf } from "./routes.js"
import { Tokens, type TokenSource } from "./token.js"

export interface BillingOptions {
  /** The server that has the app routes: the page's own when not given. */
  url?: string
  /** Where the routes are on it: /api when not given. */
  prefix?: string
  /** Gives the customer's token, and a new one when it has expired. Without it the page's own cookies identify. */
  token?: TokenSource
  /** Which cookies are sent: same-origin when not given. */
  credentials?: RequestCredentials
  /** false keeps no stream open: balances change with reload alone. */
  live?: boolean
  /** Stands in for the global fetch. */
  fetch?: typeof fetch
}

/** What is known at one moment. It is never changed: another one takes its place. */
export interface Snapshot {
  /** Everything the server tells of the customer; null until it has. */
  readonly billing: Billing | null
  /** Why the last try to read it failed; null when it did not. */
  readonly error: TollgateError | null
}

/** What to buy: one of priceSlug, priceId and planId. */
export type Wanted = Body<"post", "/api/create-checkout">

const idleMax = 250 // after the last listener has left, until the stream is closed
const lookAgain = [1500, 4000, 10_000] // after a return, for what was paid is told by Stripe in its own time

/**
 * What a customer's page knows and can do: its billing, kept up to date by the server while somebody listens and the
 * page is visible. Its methods may be passed around by themselves.
 */
export class BillingStore {
  #snapshot: Snapshot = { billing: null, error: null }
  readonly #listeners = new Set<() => void>()
  readonly #base: string
  readonly #options: BillingOptions
  readonly #tokens: Tokens | undefined
  readonly #how: Sending
  #running: AbortController | undefined
  #idle: ReturnType<typeof setTimeout> | undefined
  #told = 0 // how many balances the stream has told
  #reading: Promise<void> | undefined
  #next: Promise<void> | undefined // the reading after that one

  constructor(options: BillingOptions = {}) {
    this.#options = options
    this.#base = (options.url ?? "").replace(/\/+$/, "") + (options.prefix ?? "/api")
    this.#tokens = options.token && new Tokens(options.token)
    this.#how = { tries: 3, timeout: 10_000, ...(options.fetch && { fetch: options.fetch }) }
  }

  /** Returns what is known. */
  readonly snapshot = (): Snapshot => this.#snapshot

  /** Calls listener after every change, until the function that it returns is called. The first listener begins it all. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = () => listener()
    this.#listeners.add(entry)
    clearTimeout(this.#idle)
    if (!this.#running) this.#start()
    return () => {
      this.#listeners.delete(entry)
      if (this.#listeners.size > 0) return
      clearTimeout(this.#idle)
      this.#idle = setTimeout(() => this.#stop(), idleMax)
    }
  }

  /** Reads everything anew. It never throws: the snapshot tells what went wrong. */
  readonly reload = (): Promise<void> => {
    if (!this.#reading) return this.#reading = this.#read().finally(() => { this.#reading = undefined })
    // What is being read may be from before what the caller has just done.
    return this.#next ??= this.#reading.then(() => {
      this.#next = undefined
      return this.reload()
    })
  }

  /**
   * Asks whether an amount of a meter, or a feature, is allowed. The answer is for display: the server that does the work
   * decides.
   */
  readonly check = async (wanted: { meter: string, amount?: Quantity } | { feature: string }): Promise<Check> => {
    try {
      return await this.#call("post", "/api/check", {}, wanted)
    } catch (error) {
      if (!(error instanceof TollgateError) || error.code !== "feature_not_in_plan") throw error
      return { ...error.details, allowed: false } as Check
    }
  }

  /**
   * Opens a page where the customer pays, and returns its address; with autoRedirect the browser goes there. It leads
   * back to this page unless successUrl and cancelUrl say otherwise.
   */
  readonly createCheckoutSession = async ({ autoRedirect, ...wanted }: Wanted & { autoRedirect?: boolean }): Promise<{ url: string }> => {
    const here = globalThis.location?.href
    const answer = await this.#call("post", "/api/create-checkout", {}, { ...(here && { successUrl: here, cancelUrl: here }), ...wanted })
    if (autoRedirect) leave(answer.url)
    return answer
  }

  /** Opens the page where the customer manages how it pays, and returns its address; with autoRedirect the browser goes there. */
  readonly openPortal = async ({ returnUrl = globalThis.location?.href, autoRedirect = false } = {}): Promise<{ url: string }> => {
    const answer = await this.#call("post", "/api/portal", {}, returnUrl ? { returnUrl } : {})
    if (autoRedirect) leave(answer.url)
    return answer
  }

  /** Ends a subscription, the current one unless id says otherwise, with its period. */
  readonly cancelSubscription = async ({ id }: { id?: string } = {}): Promise<OwnSubscription> => {
    const answer = await this.#call("delete", "/api/subscriptions/{id}", { id: id ?? this.#current() })
    await this.reload()
    return answer
  }

  /** Moves a subscription, the current one unless id says otherwise, to another price. The customer pays as Stripe prorates. */
  readonly changeSubscription = async ({ id, ...wanted }: Body<"post", "/api/subscriptions/{id}/change"> & { id?: string }): Promise<OwnSubscription> => {
    const answer = await this.#call("post", "/api/subscriptions/{id}/change", { id: id ?? this.#current() }, wanted)
    await this.reload()
    return answer
  }

  /** Ends what runs in the background, whoever listens. */
  readonly close = (): void => {
    clearTimeout(this.#idle)
    this.#stop()
  }

  #current(): string {
    const id = this.#snapshot.billing?.subscription.id
    if (!id) throw new TollgateError("not_found", "No subscription is known yet: wait until billing is loaded, or name one.", 0)
    return id
  }

  #start(): void {
    const running = new AbortController()
    this.#running = running
    void this.reload()
    if (returned()) {
      for (const ms of lookAgain) void sleep(ms, running.signal).then(this.reload, () => {}) // it was stopped before
    }
    if (this.#options.live ?? true) void watch(this.#door(), running.signal).catch(() => {}) // the reason is that it was stopped
  }

  #stop(): void {
    this.#running?.abort()
    this.#running = undefined
  }

  #set(next: Partial<Snapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...next }
    for (const listener of [...this.#listeners]) listener()
  }

  async #read(): Promise<void> {
    const told = this.#told
    try {
      const billing = await this.#call("get", "/api/billing", {})
      // What the stream has told meanwhile is newer, or is told anew within a second.
      const balances = this.#told > told ? this.#snapshot.billing?.balances : undefined
      this.#set({ billing: balances ? { ...billing, balances } : billing, error: null })
    } catch (error) {
      this.#set({ error: asError(error) })
    }
  }

  /** Takes balances that the stream tells. A limit or a window that is another one comes from another plan or period. */
  #tell(balances: Balance[]): void {
    const { billing } = this.#snapshot
    this.#told++
    if (!billing) return
    const terms = (all: Balance[]) => JSON.stringify(all.map(b => [b.slug, b.limit, b.since]))
    const changed = terms(balances) !== terms(billing.balances)
    if (!changed && JSON.stringify(balances) === JSON.stringify(billing.balances)) return
    this.#set({ billing: { ...billing, balances } })
    if (changed) void this.reload()
  }

  #door(): Door {
    const ask = this.#options.fetch ?? fetch
    return {
      open: (headers, signal) => ask(this.#base + "/events", { ...this.#init(), headers, cache: "no-store", signal }),
      tokens: this.#tokens,
      tell: data => this.#tell((readJSON(data) as { balances: Balance[] }).balances),
      reload: this.reload,
    }
  }

  #init(): RequestInit {
    return { credentials: this.#options.credentials ?? (this.#tokens ? "omit" : "same-origin") }
  }

  async #call<M extends Method, P extends PathOf<M>>(method: M, path: P, places: Record<string, string>, body?: Body<M, P>): Promise<Answer<M, P>> {
    const url = this.#base + fill((path as string).replace(/^\/api/, ""), places)
    const call = (token?: string): Call => ({ url, method: method.toUpperCase(), headers: token ? { Authorization: `Bearer ${token}` } : {}, body, init: this.#init() })
    const token = await this.#tokens?.current()
    try {
      return await send(this.#how, call(token)) as Answer<M, P>
    } catch (error) {
      if (!token || !(error instanceof TollgateError) || error.status !== 401) throw error
      return await send(this.#how, call(await this.#tokens?.renew(token))) as Answer<M, P>
    }
  }
}

function asError(error: unknown): TollgateError {
  if (error instanceof TollgateError) return error
  return new TollgateError("unauthorized", "The customer token cannot be had from this page's server.", 0, {}, { cause: error })
}
