import type { ServerResponse } from "node:http"
import { afterEach, expect, it } from "vitest"
import { BillingStore } from "../src/store.js"
import { billing, say, Site, until } from "./world.js"

// A browser keeps few connections to one server over HTTP/1.1, and the server few streams of one customer: pages that
// nobody sees must not take them.

const page = Object.assign(new EventTarget(), { hidden: false })
Object.assign(globalThis, { document: page })

function show(shown: boolean): void {
  page.hidden = !shown
  page.dispatchEvent(new Event("visibilitychange"))
}

let site: Site
let store: BillingStore
afterEach(async () => {
  store.close()
  await site.close()
})

it("keeps a stream open only while the page is visible", async () => {
  const streams = new Set<ServerResponse>()
  site = await new Site((a, r) => {
    if (a.path === "/api/billing") return say(r, 200, billing())
    r.writeHead(200, { "Content-Type": "text/event-stream" }).write(":\n\n")
    streams.add(r)
    r.on("close", () => streams.delete(r))
  }).open()
  store = new BillingStore({ url: site.url })
  page.hidden = true
  store.subscribe(() => {})
  await until(() => site.count("/api/billing") === 1)
  await new Promise(r => setTimeout(r, 100))
  expect(site.count("/api/events")).toBe(0)
  show(true)
  await until(() => streams.size === 1)
  show(false)
  await until(() => streams.size === 0)
  await new Promise(r => setTimeout(r, 1700))
  expect(site.count("/api/events")).toBe(1)
  expect(site.count("/api/billing")).toBe(1)
  show(true)
  await until(() => streams.size === 1 && site.count("/api/billing") === 2) // what has no balance may have changed, too
  store.close()
  await until(() => streams.size === 0)
})
