import type { ServerResponse } from "node:http"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Balance } from "../src/nouns.js"
import { type BillingOptions, BillingStore } from "../src/store.js"
import { type Asked, balance, billing, say, Site, until } from "./world.js"

/** A server with the app routes: tokens that end, streams that are kept, billing that changes. */
class Shop {
  good = "t1" // the token that is taken
  streams: ServerResponse[] = []
  state = billing()
  trouble: ((a: Asked, r: ServerResponse) => boolean) | undefined
  readonly site = new Site((a, r) => this.#answer(a, r))

  #answer(a: Asked, r: ServerResponse): void {
    if (this.trouble?.(a, r)) return
    if (a.headers.authorization !== `Bearer ${this.good}`) return say(r, 401, { error: "unauthorized", message: "The token has expired." })
    if (a.path === "/api/billing") return say(r, 200, this.state)
    if (a.path === "/api/events") {
      r.writeHead(200, { "Content-Type": "text/event-stream" })
      r.write("retry: 2000\n\n")
      this.streams.push(r)
      r.on("close", () => { this.streams = this.streams.filter(s => s !== r) })
      return
    }
    if (a.path === "/api/check") return say(r, 200, { allowed: true, plan: "free" })
    if (a.method === "DELETE") return say(r, 200, { ...this.state.subscription, cancelAtPeriodEnd: true })
    say(r, 200, { url: "https://pay.example.com/1" })
  }

  tell(balances: Balance[]): void {
    for (const s of this.streams) s.write(`event: balances\ndata: ${JSON.stringify({ balances })}\n\n`)
  }

  end(reason: string): void {
    for (const s of this.streams) s.end(`event: end\ndata: {"reason":"${reason}"}\n\n`)
  }
}

let shop: Shop
let store: BillingStore | undefined
let asked = 0 // how often a token was asked for

beforeEach(async () => {
  shop = new Shop()
  asked = 0
  await shop.site.open()
})
afterEach(async () => {
  store?.close()
  await shop.site.close()
})

function open(options: BillingOptions = {}): BillingStore {
  store = new BillingStore({ url: shop.site.url, token: () => { asked++; return shop.good }, ...options })
  return store
}

const used = () => store?.snapshot().billing?.balances[0]?.used

describe("a store", () => {
  it("asks for nothing until somebody listens", async () => {
    open()
    await new Promise(r => setTimeout(r, 50))
    expect(shop.site.asked).toEqual([])
  })

  it("reads billing and keeps one stream, however many listen, with one token", async () => {
    const s = open()
    let heard = 0
    for (let i = 0; i < 5; i++) s.subscribe(() => heard++)
    await until(() => s.snapshot().billing !== null && shop.streams.length === 1)
    expect(s.snapshot()).toEqual({ billing: shop.state, error: null })
    expect(asked).toBe(1)
    expect(shop.site.count("/api/billing")).toBe(1)
    expect(heard).toBe(5)
  })

  it("tells balances as they come, exactly", async () => {
    open().subscribe(() => {})
    await until(() => used() === 7 && shop.streams.length === 1)
    const before = store!.snapshot()
    shop.tell([balance({ used: 8, available: 12 })])
    await until(() => used() === 8)
    expect(before.billing?.balances[0]?.used).toBe(7) // a snapshot is never changed
    for (const s of shop.streams) s.write('event: balances\r\ndata: {"balances":[{"slug":"ai_requests","used":9007199254740.993,"limit":20,"available":0,\r\ndata: "unlimited":false,"resetsAt":null}]}\r\n\r\n')
    await until(() => used() === "9007199254740.993")
    expect(shop.site.count("/api/billing")).toBe(1)
  })

  it("reads a message that comes in pieces", async () => {
    open().subscribe(() => {})
    await until(() => used() === 7 && shop.streams.length === 1)
    const text = `: a beat\n\nevent: balances\ndata: ${JSON.stringify({ balances: [balance({ used: 11 })] })} \n\n`
    for (const c of text) {
      shop.streams[0]!.write(c)
      if (c === "\n" || c === ":") await new Promise(r => setTimeout(r, 2))
    }
    await until(() => used() === 11)
  })

  it("reads billing anew when a limit or a window is another one", async () => {
    open().subscribe(() => {})
    await until(() => used() === 7 && shop.streams.length === 1)
    const pro = shop.state.plans[2]!
    shop.state = billing({ plan: pro, balances: [balance({ limit: 1000, used: 0, available: 1000 })] })
    shop.tell(shop.state.balances)
    await until(() => store!.snapshot().billing?.plan.slug === "pro")
    expect(shop.site.count("/api/billing")).toBe(2)
  })

  it("does not put back balances that a slow reading brings, past what the stream has told since", async () => {
    open().subscribe(() => {})
    await until(() => used() === 7 && shop.streams.length === 1)
    let answer = () => {}
    shop.trouble = (a, r) => {
      if (a.path !== "/api/billing") return false
      const old = JSON.stringify(shop.state)
      answer = () => say(r, 200, old)
      return true
    }
    const reading = store!.reload()
    await until(() => shop.site.count("/api/billing") === 2)
    shop.tell([balance({ used: 9, available: 11 })])
    await until(() => used() === 9)
    answer()
    await reading
    expect(used()).toBe(9)
  })

  it("reads again for those who ask while it reads, once for all of them", async () => {
    open({ live: false })
    let answer = () => {}
    shop.trouble = (_, r) => {
      const old = JSON.stringify(shop.state)
      answer = () => say(r, 200, old)
      shop.trouble = undefined
      return true
    }
    const first = store!.reload()
    await until(() => shop.site.asked.length === 1)
    shop.state = billing({ subscription: { ...shop.state.subscription, cancelAtPeriodEnd: true } })
    const later = [store!.reload(), store!.reload()]
    answer()
    await first
    expect(store!.snapshot().billing?.subscription.cancelAtPeriodEnd).toBe(false)
    await Promise.all(later)
    expect(store!.snapshot().billing?.subscription.cancelAtPeriodEnd).toBe(true)
    expect(shop.site.asked).toHaveLength(2)
  })

  it("gets another token when its own has expired, once for all calls", async () => {
    open({ live: false })
    await store!.reload()
    shop.good = "t2"
    await Promise.all([store!.reload(), store!.check({ meter: "ai_requests" }), store!.check({ feature: "history" }), store!.openPortal()])
    expect(asked).toBe(2)
    expect(store!.snapshot().error).toBeNull()
  })

  it("says so when the new token is refused too, and asks no third time", async () => {
    shop.good = "never"
    open({ live: false, token: () => { asked++; return "t" + asked } })
    await store!.reload()
    expect(store!.snapshot()).toMatchObject({ billing: null, error: { code: "unauthorized", status: 401 } })
    expect(asked).toBe(2)
  })

  it("tells when no token can be had, and asks again the next time", async () => {
    open({ live: false, token: async () => { if (++asked === 1) throw new Error("offline"); return { token: shop.good } } })
    await store!.reload()
    expect(store!.snapshot().error).toMatchObject({ code: "unauthorized", status: 0 })
    await store!.reload()
    expect(store!.snapshot()).toMatchObject({ error: null, billing: { plan: { slug: "free" } } })
  })

  it("opens a stream again that was cut, and learns what it has missed", async () => {
    open().subscribe(() => {})
    await until(() => used() === 7 && shop.streams.length === 1)
    shop.streams[0]!.destroy()
    await until(() => shop.streams.length === 0)
    await until(() => shop.streams.length === 1)
    shop.tell([balance({ used: 10 })])
    await until(() => used() === 10)
  })

  it("goes on with a new token when the stream says that its own has expired", async () => {
    open().subscribe(() => {})
    await until(() => used() === 7 && shop.streams.length === 1)
    shop.good = "t2"
    shop.end("expired")
    await until(() => shop.streams.length === 0)
    await until(() => shop.streams.length === 1)
    expect(asked).toBe(2)
  })

  it("gets a new token when the stream is refused", async () => {
    let refused = false
    shop.trouble = (a, r) => {
      if (a.path !== "/api/events" || refused) return false
      refused = true
      shop.good = "t2"
      say(r, 401, { error: "unauthorized", message: "The token has expired." })
      return true
    }
    open().subscribe(() => {})
    await until(() => shop.streams.length === 1)
    expect(asked).toBe(2)
  })

  it.each(["gone"])("opens no stream again when the customer is %s", async reason => {
    open().subscribe(() => {})
    await until(() => shop.streams.length === 1)
    shop.end(reason)
    await new Promise(r => setTimeout(r, 1800))
    expect(shop.site.count("/api/events")).toBe(1)
  })

  it("opens no stream again that its token does not allow", async () => {
    shop.trouble = (a, r) => a.path === "/api/events" && (say(r, 403, { error: "forbidden", message: "No." }), true)
    open().subscribe(() => {})
    await new Promise(r => setTimeout(r, 1800))
    expect(shop.site.count("/api/events")).toBe(1)
  })

  it("closes the stream when nobody listens any more, and not before", async () => {
    const s = open()
    const first = s.subscribe(() => {}), second = s.subscribe(() => {})
    await until(() => shop.streams.length === 1)
    first()
    second()
    const third = s.subscribe(() => {}) // as React does in strict mode
    await new Promise(r => setTimeout(r, 400))
    expect(shop.streams).toHaveLength(1)
    third()
    await until(() => shop.streams.length === 0)
    expect(shop.site.count("/api/events")).toBe(1)
    s.subscribe(() => {})
    await until(() => shop.streams.length === 1)
  })
})

describe("what a customer can do", () => {
  it("goes to the current subscription, and billing is read anew", async () => {
    open({ live: false })
    await expect(store!.cancelSubscription()).rejects.toMatchObject({ code: "not_found" })
    await store!.reload()
    expect(await store!.cancelSubscription()).toMatchObject({ cancelAtPeriodEnd: true })
    await store!.changeSubscription({ priceSlug: "pro_yearly" })
    expect(shop.site.asked.map(a => `${a.method} ${a.path} ${a.body}`)).toEqual([
      "GET /api/billing ", "DELETE /api/subscriptions/sub_1 ", "GET /api/billing ", 'POST /api/subscriptions/sub_1/change {"priceSlug":"pro_yearly"}', "GET /api/billing ",
    ])
  })

  it("asks for a checkout and a portal", async () => {
    open({ live: false, prefix: "/api" })
    expect(await store!.createCheckoutSession({ priceSlug: "pro_monthly", successUrl: "https://app.example.com/ok" })).toEqual({ url: "https://pay.example.com/1" })
    await store!.openPortal({ returnUrl: "https://app.example.com" })
    expect(shop.site.asked.map(a => `${a.path} ${a.body}`)).toEqual([
      '/api/create-checkout {"priceSlug":"pro_monthly","successUrl":"https://app.example.com/ok"}', '/api/portal {"returnUrl":"https://app.example.com"}',
    ])
  })

  it("is told as refused when the server refuses", async () => {
    open({ live: false })
    shop.trouble = (_, r) => (say(r, 402, { error: "payment_refused", message: "Your card was declined." }), true)
    await expect(store!.changeSubscription({ id: "sub_1", planId: "pro" })).rejects.toMatchObject({ code: "payment_refused", status: 402, message: "Your card was declined." })
  })

  it("answers a feature that the plan does not include with allowed false", async () => {
    open({ live: false })
    shop.trouble = (_, r) => (say(r, 403, { error: "feature_not_in_plan", message: "No.", feature: "api", plan: "free" }), true)
    expect(await store!.check({ feature: "api" })).toEqual({ allowed: false, feature: "api", plan: "free" })
  })

  it("sends cookies, and no Authorization, where there are no tokens", async () => {
    const seen: RequestInit[] = []
    store = new BillingStore({ url: shop.site.url, prefix: "/shop", live: false, fetch: async (url, init) => { seen.push(init!); return fetch(url, init) } })
    shop.trouble = (_, r) => (say(r, 200, shop.state), true)
    await store.reload()
    expect(seen[0]!.credentials).toBe("same-origin")
    expect(shop.site.asked[0]).toMatchObject({ path: "/shop/billing" })
    expect(shop.site.asked[0]!.headers.authorization).toBeUndefined()
  })
})
