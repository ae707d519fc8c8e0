// @vitest-environment jsdom
import { act, StrictMode } from "react"
import { createRoot, type Root } from "react-dom/client"
import { renderToString } from "react-dom/server"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Billing, BillingStore, OutOfCredits, PricingTable, TollgateProvider, UpgradePrompt, useBilling, UsageMeter } from "../src/react.js"
import { balance, billing, until } from "./world.js"

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

let root: Root
let state: Billing
let sent: string[]
let answer: ((url: string) => Response | undefined) | undefined

beforeEach(() => {
  document.body.innerHTML = "<main></main>"
  root = createRoot(document.querySelector("main")!)
  state = billing()
  sent = []
  answer = undefined
})
afterEach(() => act(() => root.unmount()))

const ask: typeof fetch = async (url, init) => {
  sent.push(`${init?.method ?? "GET"} ${String(url)} ${String(init?.body ?? "")}`.trim())
  return answer?.(String(url)) ?? Response.json(state)
}

async function show(children: React.ReactNode): Promise<BillingStore> {
  const store = new BillingStore({ live: false, fetch: ask })
  await act(async () => root.render(<StrictMode><TollgateProvider store={store} locale="en-US">{children}</TollgateProvider></StrictMode>))
  return store
}

const text = () => document.body.textContent
const button = (label: string) => [...document.querySelectorAll("button")].find(b => b.textContent === label)
const press = (label: string) => act(async () => button(label)!.click())

describe("UsageMeter", () => {
  it("shows a bar that says what it measures", async () => {
    await show(<UsageMeter meter="ai_requests" className="mine" theme="dark" />)
    const bar = document.querySelector("[role=meter]")!
    expect(Object.fromEntries([...bar.attributes].map(a => [a.name, a.value]))).toMatchObject({
      "aria-label": "AI requests", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "35", "aria-valuetext": "7 of 20 used, 13 left",
    })
    expect(document.querySelector("rect")!.getAttribute("width")).toBe("35")
    expect(document.querySelector(".tollgate.mine")!.getAttribute("data-theme")).toBe("dark")
    expect(document.querySelector("[style]")).toBeNull() // no page's policy forbids it
  })

  it.each([[75, "ok"], [76, "warn"], [90, "warn"], [91, "over"]])("at %d %% is %s", async (n, level) => {
    state = billing({ balances: [balance({ used: n, limit: 100, available: 100 - n })] })
    await show(<UsageMeter meter="ai_requests" />)
    expect(document.querySelector("[data-level]")!.getAttribute("data-level")).toBe(level)
  })

  it("is a count without a limit", async () => {
    state = billing({ balances: [balance({ slug: "tokens", used: "1234567890123.456789", limit: null, available: null, unlimited: true })] })
    await show(<UsageMeter meter="tokens" />)
    expect(text()).toBe("Tokens1,234,567,890,123.456789 usedNo limit")
    expect(document.querySelector("[role=meter]")).toBeNull()
  })

  it("says when the plan has no such balance, with a name of one's own", async () => {
    await show(<UsageMeter meter="exports" label="PDF exports" />)
    expect(text()).toBe("PDF exportsNot part of this plan")
  })

  it("waits, and says when it cannot be shown, and tries again", async () => {
    expect(renderToString(<TollgateProvider><UsageMeter meter="ai_requests" /></TollgateProvider>)).toContain('aria-busy="true"')
    answer = () => Response.json({ error: "forbidden", message: "No." }, { status: 403 })
    await show(<UsageMeter meter="ai_requests" />)
    expect(text()).toContain("This cannot be shown at the moment.")
    answer = undefined
    await press("Try again")
    expect(text()).toContain("7 of 20 used")
  })

  it("speaks another language", async () => {
    const store = new BillingStore({ live: false, fetch: ask })
    state = billing({ balances: [balance({ used: 1200, limit: 2000, available: 800 })] })
    await act(async () => root.render(<TollgateProvider store={store} locale="de" words={{ used: (n, of) => `${n} von ${of} verbraucht`, left: n => `${n} übrig` }}><UsageMeter meter="ai_requests" /></TollgateProvider>))
    expect(text()).toContain("1.200 von 2.000 verbraucht")
  })
})

describe("UpgradePrompt", () => {
  it.each([[79, false], [80, true], [100, true]])("at %d %% shows: %s", async (n, shows) => {
    state = billing({ balances: [balance({ used: n, limit: 100, available: 100 - n })] })
    await show(<UpgradePrompt meter="ai_requests" />)
    expect(document.querySelector("[role=status]")).not.toBeNull()
    expect(document.querySelector("a")?.getAttribute("href")).toBe(shows ? "/pricing" : undefined)
    expect(text() !== "").toBe(shows)
  })

  it("shows from where it is told, and calls what it is given", async () => {
    let called = 0
    await show(<UpgradePrompt meter="ai_requests" from={35} onUpgrade={() => called++} />)
    await press("Upgrade")
    expect(called).toBe(1)
  })

  it.each(["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "http://["])("makes no link of %s", async href => {
    state = billing({ balances: [balance({ used: 20, available: 0 })], upgradeUrl: href })
    await show(<UpgradePrompt meter="ai_requests" />)
    expect(text()).toBe("You have used all of your AI requests.")
  })
})

describe("OutOfCredits", () => {
  it("shows nothing while something is left", async () => {
    state = billing({ balances: [balance({ used: "19.999999", available: "0.000001" })] })
    await show(<OutOfCredits meter="ai_requests" />)
    expect(text()).toBe("")
    expect(document.querySelector("[role=alert]")).not.toBeNull() // already there, so that its words are read out
  })

  it("offers what fills the balance", async () => {
    state = billing({ balances: [balance({ used: 20, available: 0 })] })
    answer = url => url.endsWith("/create-checkout") ? Response.json({ error: "unavailable", message: "No." }, { status: 503, headers: { "Retry-After": "99" } }) : undefined
    const errors: string[] = []
    await show(<OutOfCredits meter="ai_requests" onError={e => errors.push(e.code)} />)
    expect(text()).toContain("You have used all of your AI requests.")
    await press("Buy 100 requests · $1.99")
    expect(sent.at(-1)).toContain('POST /api/create-checkout {"successUrl":"http://localhost:3000/","cancelUrl":"http://localhost:3000/","priceSlug":"requests_100"}')
    expect(text()).toContain("That did not work. Please try again.")
    expect(errors).toEqual(["unavailable"])
    expect(button("Buy 100 requests · $1.99")!.disabled).toBe(false)
  })
})

describe("PricingTable", () => {
  it("shows plans as a list, with what they include and cost", async () => {
    await show(<PricingTable />)
    expect([...document.querySelectorAll(".tg-plan")].map(p => p.textContent)).toEqual([
      "FreeCurrent planFree20 AI requests per dayChat history",
      "Pro$7.99 per month1,000 AI requests per billing periodUnlimited TokensTokens: $0.0001 eachChat historyPDFs per chat: 10Choose Pro",
    ])
    expect(document.querySelectorAll("ul[aria-label=Plans] > li")).toHaveLength(2)
    await press("Yearly")
    expect(button("Yearly")!.getAttribute("aria-pressed")).toBe("true")
    expect(text()).toContain("$79.90 per year")
  })

  it.each([[{ pro: 14 }, true], [{}, false]])("promises a trial to who gets one: %o", async (trialDays, promised) => {
    const [guest, free, pro] = billing().plans
    state = billing({ trialDays, plans: [guest!, free!, { ...pro!, trial: "14d" }] })
    await show(<PricingTable />)
    expect(text().includes("14 days free")).toBe(promised)
  })

  it("says what usage costs, by packages and tiers too", async () => {
    const [guest, free, pro] = billing().plans
    const usage = { currency: "usd", every: "month", meter: "tokens" }
    const prices = [
      { ...usage, slug: "packages", model: "package", unitAmount: "500", packageSize: 1000 },
      { ...usage, slug: "tiers", model: "graduated", tiers: [{ upTo: 10, unitAmount: "0", flatAmount: "0" }, { upTo: 100, unitAmount: "3", flatAmount: "0" }, { upTo: "inf", unitAmount: "2.5", flatAmount: "0" }] },
    ] satisfies NonNullable<NonNullable<typeof pro>["prices"]>
    state = billing({ plans: [guest!, free!, { ...pro!, prices }] })
    await show(<PricingTable />)
    expect(text()).toContain("Tokens: $5 per 1,000")
    expect(text()).toContain("Tokens: from $0.025 each")
  })

  it("shows the plans it is told, without top-ups", async () => {
    await show(<PricingTable plans={["pro", "nothing", "guest"]} topUps={false} />)
    expect([...document.querySelectorAll("h3")].map(h => h.textContent)).toEqual(["Pro", "Guest"])
    expect(text()).not.toContain("requests_100")
  })

  it("asks before money moves on a known card, with the focus on the way back", async () => {
    state = billing({ plan: billing().plans[2]!, subscription: { ...billing().subscription, plan: "pro", price: "pro_monthly" } })
    await show(<PricingTable />)
    await press("Yearly")
    await press("Switch to Pro")
    expect(text()).toContain("Switch to Pro for $79.90 per year?")
    expect(document.activeElement?.textContent).toBe("Back")
    await press("Back")
    expect(text()).not.toContain("$79.90 per year?")
    expect(document.activeElement?.textContent).toBe("Switch to Pro")
    expect(sent.filter(s => s.startsWith("POST"))).toEqual([])
    await press("Switch to Pro")
    await press("Confirm")
    expect(sent.filter(s => s.startsWith("POST"))).toEqual(['POST /api/subscriptions/sub_1/change {"priceSlug":"pro_yearly"}'])
  })

  it("says what the bank says", async () => {
    state = billing({ plan: billing().plans[2]!, subscription: { ...billing().subscription, plan: "pro", price: "pro_yearly" } })
    answer = url => url.endsWith("/change") ? Response.json({ error: "payment_refused", message: "Your card was declined." }, { status: 402 }) : undefined
    await show(<PricingTable />)
    await press("Monthly")
    await press("Switch to Pro")
    await press("Confirm")
    expect(document.querySelector("[role=alert]")!.textContent).toBe("Your card was declined.")
  })

  it("cancels by going to the plan that is free, and then says when it ends", async () => {
    state = billing({ plan: billing().plans[2]!, subscription: { ...billing().subscription, plan: "pro", price: "pro_monthly", period: { start: "2026-01-01T00:00:00Z", end: "2099-02-15T12:00:00Z" } } })
    await show(<PricingTable />)
    await press("Switch to Free")
    expect(text()).toContain("Cancel? Your plan goes on until Feb 15, 2099.")
    state = { ...state, subscription: { ...state.subscription, cancelAtPeriodEnd: true } }
    await press("Confirm")
    expect(sent).toContain("DELETE /api/subscriptions/sub_1")
    expect(text()).toContain("Ends Feb 15, 2099")
    expect(button("Switch to Free")).toBeUndefined()
  })

  it("sells nothing where payments are not set up", async () => {
    state = billing({ paymentsReady: false })
    await show(<PricingTable />)
    expect(button("Choose Pro")!.disabled).toBe(true)
    expect(text()).toContain("Payments are not set up yet.")
  })
})

describe("a page that comes back from paying", () => {
  it("looks again, once, for what is told a little later", async () => {
    const read = () => sent.filter(s => s.endsWith("/billing")).length
    sessionStorage.setItem("tollgate-away", String(Date.now() - 60_000))
    await show(<UsageMeter meter="ai_requests" />)
    expect(read()).toBe(1)
    state = billing({ balances: [balance({ used: 0, limit: 1000, available: 1000 })] })
    await act(() => until(() => read() === 2))
    expect(text()).toContain("0 of 1,000 used")
    expect(sessionStorage.getItem("tollgate-away")).toBeNull()
  })

  it.each([undefined, "3700000", "x"])("or does not, when it left %s ms ago", async ago => {
    if (ago) sessionStorage.setItem("tollgate-away", ago === "x" ? ago : String(Date.now() - Number(ago)))
    await show(<UsageMeter meter="ai_requests" />)
    await new Promise(r => setTimeout(r, 1700))
    expect(sent).toEqual(["GET /api/billing"])
  })
})

describe("useBilling", () => {
  it("tells what is known", async () => {
    const seen: ReturnType<typeof useBilling>[] = []
    function Probe() {
      seen.push(useBilling())
      return null
    }
    await show(<Probe />)
    expect(seen[0]).toMatchObject({ loaded: false, error: null })
    expect(seen[0]!.checkUsageBalance("ai_requests")).toBeNull()
    expect(seen[0]!.checkFeatureAccess("history")).toBe(false)
    const last = seen.at(-1)!
    expect(last).toMatchObject({ loaded: true, error: null, plan: { slug: "free" }, paymentsReady: true })
    expect(last.checkUsageBalance("ai_requests")).toMatchObject({ availableBalance: 13, used: 7, limit: 20 })
    expect(last.checkUsageBalance("nothing")).toBeNull()
    expect([last.checkFeatureAccess("history"), last.checkFeatureAccess("pdfs"), last.checkFeatureAccess("nothing")]).toEqual([true, false, false])
    await act(() => last.reload())
    await expect(last.createCheckoutSession({ priceSlug: "pro_monthly" })).resolves.toBeDefined()
  })

  it("needs a provider", () => {
    function Probe() {
      useBilling()
      return null
    }
    expect(() => renderToString(<Probe />)).toThrow("There is no <TollgateProvider>")
  })
})
