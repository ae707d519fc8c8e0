import { readFile } from "node:fs/promises"
import { createContext, runInContext } from "node:vm"
import { build } from "esbuild"
import { afterEach, describe, expect, it } from "vitest"
import { Tollgate, TollgateError } from "../src/server.js"
import { type Asked, say, Site } from "./world.js"
import type { ServerResponse } from "node:http"

let site: Site | undefined
afterEach(async () => {
  await site?.close()
  site = undefined
})

async function calling(answer: (asked: Asked, response: ServerResponse, n: number) => void, options: { tries?: number, timeout?: number } = {}): Promise<Tollgate> {
  site = await new Site(answer).open()
  return new Tollgate({ url: site.url + "/", key: "sk_test_1", ...options })
}

const usage = { customer: "ada", meter: "ai_requests", amount: 1, transactionId: "t1" }
const receipt = { event: {}, balance: {}, duplicate: false }

async function refused(call: Promise<unknown>): Promise<TollgateError> {
  try {
    await call
  } catch (error) {
    expect(error).toBeInstanceOf(TollgateError)
    return error as TollgateError
  }
  throw new Error("The call was not refused.")
}

describe("a call", () => {
  it("carries the key and the body, and returns the answer", async () => {
    const t = await calling((_, r) => say(r, 200, receipt))
    expect(await t.consume(usage)).toEqual(receipt)
    const [asked] = site!.asked
    expect(asked).toMatchObject({ method: "POST", path: "/v1/consume" })
    expect(asked!.headers).toMatchObject({ authorization: "Bearer sk_test_1", "content-type": "application/json" })
    expect(JSON.parse(asked!.body)).toEqual(usage)
  })

  it("sends a quantity as it was given, and reads one without losing a digit", async () => {
    const t = await calling((_, r) => say(r, 200, '{"event":{"amount":9007199254740.993},"balance":{"used":1.5}}'))
    const answer = await t.consume({ ...usage, amount: "9007199254740.993" })
    expect(site!.asked[0]!.body).toContain('"amount":"9007199254740.993"')
    expect(answer).toEqual({ event: { amount: "9007199254740.993" }, balance: { used: 1.5 } })
  })

  it("is sent again, the same, when no answer says whether it arrived", async () => {
    const t = await calling((_, r, n) => {
      if (n === 1) r.destroy()
      else if (n === 2) say(r, 502, "<html>", { "Content-Type": "text/html" })
      else if (n === 3) say(r, 503, { error: "unavailable", message: "Wait." }, { "Retry-After": "0" })
      else say(r, 200, receipt)
    })
    expect(await t.consume(usage)).toEqual(receipt)
    expect(new Set(site!.asked.map(a => a.body)).size).toBe(1)
    expect(site!.asked).toHaveLength(4)
  })

  it("ends after so many tries, with unavailable", async () => {
    const t = await calling((_, r) => r.destroy(), { tries: 2 })
    expect(await refused(t.consume(usage))).toMatchObject({ code: "unavailable", status: 0 })
    expect(site!.asked).toHaveLength(2)
  })

  it("waits as long as Retry-After says", async () => {
    const t = await calling((_, r, n) => n === 1 ? say(r, 429, { error: "rate_limited", message: "Slower." }, { "Retry-After": "1" }) : say(r, 200, receipt))
    const began = Date.now()
    await t.consume(usage)
    expect(Date.now() - began).toBeGreaterThanOrEqual(950)
  })

  it("leaves longer waits to the caller", async () => {
    const t = await calling((_, r) => say(r, 429, { error: "rate_limited", message: "Slower.", retryAfter: 31 }, { "Retry-After": "31" }))
    expect(await refused(t.consume(usage))).toMatchObject({ code: "rate_limited", status: 429, details: { retryAfter: 31 } })
    expect(site!.asked).toHaveLength(1)
  })

  it("is not sent again when it was refused, and the refusal tells all", async () => {
    const t = await calling((_, r) => say(r, 402, { error: "insufficient_credits", message: "The balance has 15 left.", availableBalance: 15, required: 100, upgradeUrl: "/pricing" }))
    expect(await refused(t.consume(usage))).toMatchObject({
      name: "TollgateError", code: "insufficient_credits", status: 402, message: "The balance has 15 left.", details: { availableBalance: 15, required: 100, upgradeUrl: "/pricing" },
    })
    expect(site!.asked).toHaveLength(1)
  })

  it.each([[404, "<html>"], [200, "<html>"], [400, "{}"]])("says so when %d %s comes from something else than Tollgate", async (status, body) => {
    const t = await calling((_, r) => say(r, status, body))
    expect((await refused(t.consume(usage))).message).toContain("is this its address?")
    expect(site!.asked).toHaveLength(1)
  })

  it("does not follow a redirect with the key", async () => {
    const t = await calling((a, r) => a.path === "/elsewhere" ? say(r, 200, receipt) : say(r, 307, "", { Location: "/elsewhere" }))
    await refused(t.consume(usage))
    expect(site!.count("/elsewhere")).toBe(0)
  })

  it("gives up a try that takes too long", async () => {
    const t = await calling((_, r, n) => { if (n === 2) say(r, 200, receipt) }, { timeout: 100 })
    expect(await t.consume(usage)).toEqual(receipt)
  })

  it("ends with its signal, also while it waits", async () => {
    const over = new AbortController()
    const t = await calling((_, r) => {
      say(r, 503, { error: "unavailable", message: "Wait." }, { "Retry-After": "20" })
      setTimeout(() => over.abort(new Error("enough")), 200)
    })
    await expect(t.consume(usage, { signal: over.signal })).rejects.toThrow("enough")
    await expect(t.consume(usage, { signal: over.signal })).rejects.toThrow("enough")
    expect(site!.asked).toHaveLength(1)
  })

  it("writes names into paths so that no other customer is meant", async () => {
    const t = await calling((_, r) => say(r, 200, { data: [] }))
    for (const name of ["a/b?c#d", "...", "ü %", "../../catalog"]) await t.balances(name)
    expect(site!.asked.map(a => a.path)).toEqual([
      "/v1/customers/a%2Fb%3Fc%23d/balances", "/v1/customers/.../balances", "/v1/customers/%C3%BC%20%25/balances", "/v1/customers/..%2F..%2Fcatalog/balances",
    ])
    for (const name of ["", ".", ".."]) await expect(t.eraseCustomer(name)).rejects.toThrow(RangeError)
    expect(site!.asked).toHaveLength(4)
  })

  it("writes a query, with values that come several times", async () => {
    const t = await calling((_, r) => say(r, 200, {}))
    await t.usage("ada", { meter: "tokens", fill: true, filter: ["a:1", "b:&"] })
    expect(site!.asked[0]!.path).toBe("/v1/customers/ada/usage?meter=tokens&fill=true&filter=a%3A1&filter=b%3A%26")
  })

  it("gives a grant without an id one, the same on every try", async () => {
    const t = await calling((_, r, n) => n === 1 ? r.destroy() : say(r, 200, {}))
    await t.grant("ada", { balance: "ai_requests", amount: 5 })
    const [first, second] = site!.asked.map(a => (JSON.parse(a.body) as { id: string }).id)
    expect(first).toMatch(/^call_./)
    expect(second).toBe(first)
  })
})

describe("check", () => {
  it("answers with allowed false for a feature that the plan does not include", async () => {
    const t = await calling((_, r) => say(r, 403, { error: "feature_not_in_plan", message: "No.", feature: "api", plan: "free", upgradeUrl: "/pricing" }))
    expect(await t.check({ customer: "ada", feature: "api" })).toEqual({ allowed: false, feature: "api", plan: "free", upgradeUrl: "/pricing" })
  })

  it("throws what is another refusal", async () => {
    const t = await calling((_, r) => say(r, 403, { error: "forbidden", message: "The key has the scope record." }))
    expect(await refused(t.check({ customer: "ada", feature: "api" }))).toMatchObject({ code: "forbidden" })
  })
})

describe("a client", () => {
  it.each([["ftp://127.0.0.1", "sk_1"], ["nowhere", "sk_1"], ["http://127.0.0.1", ""], ["http://127.0.0.1", "sk_ 1"]])("of %s with %o is refused", (url, key) => {
    expect(() => new Tollgate({ url, key })).toThrow(TypeError)
  })

  it("does not show its key", () => {
    const t = new Tollgate({ url: "http://127.0.0.1", key: "sk_secret" })
    expect(JSON.stringify(t) + String(Object.values(t))).not.toContain("sk_secret")
  })

  it("needs nothing but fetch, WebCrypto and what every runtime has", async () => {
    const { outputFiles } = await build({ entryPoints: ["src/server.ts"], bundle: true, write: false, format: "iife", globalName: "tollgate", target: "es2022" })
    const site = await new Site((_, r) => say(r, 200, receipt)).open()
    const edge = createContext({ fetch, crypto, AbortController, URL, URLSearchParams, TextEncoder, setTimeout, clearTimeout })
    const answer = await runInContext(`${outputFiles[0]!.text}
      const t = new tollgate.Tollgate({ url: ${JSON.stringify(site.url)}, key: "sk_1" })
      tollgate.parametersId("q", { a: 1 }).then(transactionId => t.grant("ada", { amount: 1, balance: "b" }).then(() => t.consume({ customer: "ada", meter: "m", transactionId })))
    `, edge)
    await site.close()
    expect(answer).toEqual(receipt)
  })

  it("brings no other package along", async () => {
    const { dependencies } = JSON.parse(await readFile("package.json", "utf8")) as { dependencies?: object }
    expect(dependencies).toBeUndefined()
  })
})
