import { env } from "node:process"
import { describe, expect, it } from "vitest"
import { BillingStore, compare } from "../src/browser.js"
import { operationId, Tollgate, type TollgateError } from "../src/server.js"
import { until } from "./world.js"

// Against the program, which the Go test TestVitest runs with testdata/catalog.yaml.

const url = env["TOLLGATE_URL"]!
const t = new Tollgate({ url, key: env["TOLLGATE_KEY"]! })
let n = 0

async function customer(): Promise<string> {
  const name = `vitest/${++n}`
  await t.putCustomer(name, { name: "Ada" })
  return name
}

async function fault(call: Promise<unknown>): Promise<TollgateError> {
  return call.then(() => { throw new Error("It was not refused.") }, (e: unknown) => e as TollgateError)
}

describe("the server's client", () => {
  it("consumes once under one name, and what is not covered not at all", async () => {
    const c = await customer()
    const usage = { customer: c, meter: "ai_requests", amount: 15, transactionId: await operationId("chat", "1") }
    const [first, second] = [await t.consume(usage), await t.consume(usage)]
    expect(first).toMatchObject({ duplicate: false, balance: { used: 15, limit: 20, available: 5, unlimited: false } })
    expect(second).toMatchObject({ duplicate: true, balance: { available: 5 } })
    const error = await fault(t.consume({ ...usage, amount: 6, transactionId: "2" }))
    expect(error).toMatchObject({ code: "insufficient_credits", status: 402, details: { availableBalance: 5, required: 6, upgradeUrl: "/pricing" } })
    expect(await fault(t.consume({ ...usage, amount: 1 }))).toMatchObject({ code: "conflict", status: 409 })
    expect(await t.record({ ...usage, amount: 10, transactionId: "3" })).toMatchObject({ balance: { used: 25 } })
  })

  it("lets as many of parallel calls through as there are units", async () => {
    const c = await customer()
    const all = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => t.consume({ customer: c, meter: "ai_requests", amount: 1, transactionId: `p${i}` })))
    expect(all.filter(r => r.status === "fulfilled")).toHaveLength(20)
  })

  it("keeps every digit of a quantity that no float holds", async () => {
    const c = await customer()
    await t.grant(c, { balance: "tokens", amount: "999999999999.999999", id: "g1" })
    const { balance } = await t.consume({ customer: c, meter: "tokens", amount: "0.000001", transactionId: "1" })
    expect(balance.available).toBe("999999999999.999998")
    expect(compare(balance.available!, "999999999999.999999")).toBeLessThan(0)
  })

  it("holds, captures and releases", async () => {
    const c = await customer()
    const hold = await t.hold({ customer: c, meter: "ai_requests", amount: 10, transactionId: "h1", expiresIn: 60 })
    expect((await t.balance(c, "ai_requests")).available).toBe(10)
    expect(await t.capture(hold.id, 4)).toMatchObject({ balance: { used: 4, available: 16 } })
    const other = await t.hold({ customer: c, meter: "ai_requests", amount: 16, transactionId: "h2" })
    expect(await t.release(other.id)).toMatchObject({ released: true, balance: { available: 16 } })
    expect(await fault(t.capture(other.id))).toMatchObject({ code: "not_found" })
  })

  it("checks amounts and features", async () => {
    const c = await customer()
    expect(await t.check({ customer: c, meter: "ai_requests", amount: 20 })).toMatchObject({ allowed: true, available: 20 })
    expect(await t.check({ customer: c, meter: "ai_requests", amount: 21 })).toMatchObject({ allowed: false, required: 21 })
    expect(await t.check({ customer: c, feature: "pdfs_per_chat" })).toMatchObject({ allowed: true, value: 1 })
    expect(await t.check({ customer: c, feature: "api" })).toMatchObject({ allowed: false, feature: "api", plan: "free" })
  })

  it("makes, changes, reads and erases customers", async () => {
    const c = await customer()
    expect(await t.patchCustomer(c, { email: "ada@example.com" })).toMatchObject({ externalId: c, name: "Ada", email: "ada@example.com", plan: "free" })
    expect(await t.customer(c)).toMatchObject({ email: "ada@example.com" })
    expect((await t.balances(c)).map(b => b.slug)).toContain("exports")
    await t.eraseCustomer(c)
    expect(await fault(t.customer(c))).toMatchObject({ code: "not_found", status: 404 })
  })

  it("answers a batch one by one, and tells usage", async () => {
    const c = await customer()
    const out = await t.batch([1, 30, 2].map((amount, i) => ({ customer: c, meter: "ai_requests", amount, transactionId: `b${i}` })))
    expect(out.map(o => o.status)).toEqual([200, 402, 200])
    expect(await t.usage(c, { meter: "ai_requests", period: "today" })).toMatchObject({ total: 3 })
    expect(await t.void(c, "b2", "a test")).toMatchObject({ balance: { used: 1 } })
  })

  it("opens checkouts and portals", async () => {
    const c = await customer()
    const session = await t.checkout({ customer: c, price: "pro_monthly", successUrl: "https://app.example.com/ok" })
    expect(session.url).toMatch(/^http:\/\/127\.0\.0\.1:/)
    expect((await t.portal({ customer: c, returnUrl: "https://app.example.com" })).url).toMatch(/^http:\/\/127\.0\.0\.1:/)
    expect(await t.subscriptions(c)).toEqual([])
  })
})

describe("the browser's store", () => {
  it("shows a customer's billing, alive, with a token that it renews", async () => {
    const c = await customer()
    let tokens = 0
    // The first token ends within seconds: streams end with it, and go on with the next.
    const store = new BillingStore({ url, token: () => t.createToken(c, { actions: ["read", "check", "checkout", "manage"], expiresIn: ++tokens === 1 ? 2 : 60 }) })
    const used = () => store.snapshot().billing?.balances.find(b => b.slug === "ai_requests")?.used
    store.subscribe(() => {})
    await until(() => used() === 0)
    expect(store.snapshot().billing).toMatchObject({ customer: { externalId: c }, plan: { slug: "free", includes: { exports: { limit: "unlimited" } } }, names: { balances: { ai_requests: "AI requests" } } })
    await t.consume({ customer: c, meter: "ai_requests", amount: 3, transactionId: "s1" })
    await until(() => used() === 3)
    await until(() => tokens === 2)
    await t.consume({ customer: c, meter: "ai_requests", amount: 3, transactionId: "s2" })
    await until(() => used() === 6)
    expect(store.snapshot().error).toBeNull()
    expect(await store.check({ meter: "ai_requests", amount: 15 })).toMatchObject({ allowed: false })
    expect(await store.check({ feature: "api" })).toMatchObject({ allowed: false })
    expect((await store.createCheckoutSession({ planId: "pro", billingCycle: "yearly" })).url).toMatch(/^http/)
    await expect(store.changeSubscription({ id: "sub_of_another", planId: "pro" })).rejects.toMatchObject({ code: "not_found" })
    store.close()
  })

  it("cannot record usage with a customer's token", async () => {
    const c = await customer()
    const { token } = await t.createToken(c)
    const page = new Tollgate({ url, key: token })
    expect(await fault(page.consume({ customer: c, meter: "ai_requests", amount: 1, transactionId: "x" }))).toMatchObject({ code: "unauthorized" })
  })

  it("stops its stream when the customer is gone", async () => {
    const c = await customer()
    const { token } = await t.createToken(c)
    let streams = 0, ended = false
    const store = new BillingStore({
      url, token: () => token,
      fetch: async (at, init) => {
        const response = await fetch(at, init)
        if (!String(at).endsWith("/events")) return response
        streams++
        const [mine, theirs] = response.body!.tee()
        void new Response(mine).text().then(said => { ended = said.includes('{"reason":"gone"}') }, () => {})
        return new Response(theirs, response)
      },
    })
    store.subscribe(() => {})
    await until(() => streams === 1 && store.snapshot().billing !== null)
    await t.eraseCustomer(c)
    await until(() => ended)
    await new Promise(r => setTimeout(r, 1700)) // longer than until a stream that was cut is opened again
    expect(streams).toBe(1)
    store.close()
  })
})
