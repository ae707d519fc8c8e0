import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Balance, Billing } from "../src/nouns.js"

/** What a server was asked. */
export interface Asked {
  method: string
  path: string
  headers: IncomingMessage["headers"]
  body: string
}

/** A server on loopback that answers as it is told, and keeps what it was asked. */
export class Site {
  readonly asked: Asked[] = []
  #server: Server
  url = ""

  constructor(answer: (asked: Asked, response: ServerResponse, n: number) => void) {
    this.#server = createServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      const asked = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body: Buffer.concat(parts).toString() }
      this.asked.push(asked)
      answer(asked, response, this.asked.length)
    })
  }

  async open(): Promise<this> {
    await new Promise<void>(opened => this.#server.listen(0, "127.0.0.1", opened))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(closed => this.#server.close(closed))
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.asked.filter(a => a.path === path).length
  }
}

/** Answers with JSON. */
export function say(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers })
  response.end(typeof body === "string" ? body : JSON.stringify(body))
}

/** Waits until something holds. */
export async function until(holds: () => boolean, ms = 20_000): Promise<void> {
  const began = Date.now()
  while (!holds()) {
    if (Date.now() - began > ms) throw new Error(`It did not become true in ${ms} ms: ${holds}`)
    await new Promise(r => setTimeout(r, 5))
  }
}

export function balance(change: Partial<Balance> = {}): Balance {
  return { slug: "ai_requests", used: 7, limit: 20, available: 13, unlimited: false, resetsAt: "2099-03-11T00:00:00Z", ...change }
}

/** The billing of a customer on a free plan, with a paid one to buy. */
export function billing(change: Partial<Billing> = {}): Billing {
  const free = { slug: "free", name: "Free", position: 1, default: true, includes: { ai_requests: { limit: 20, every: "day" } }, features: { history: true } }
  const pro = {
    slug: "pro", name: "Pro", position: 2, includes: { ai_requests: { limit: 1000, every: "billing_period" }, tokens: { limit: "unlimited", every: "month" } }, features: { history: true, pdfs: 10 },
    prices: [
      { slug: "pro_monthly", model: "flat", currency: "usd", every: "month", amount: 799 },
      { slug: "pro_yearly", model: "flat", currency: "usd", every: "year", amount: 7990 },
      { slug: "pro_tokens", model: "per_unit", currency: "usd", every: "month", meter: "tokens", unitAmount: "0.01" },
    ],
  }
  const guest = { slug: "guest", name: "Guest", position: 0, guest: true }
  return {
    customer: { externalId: "ada" }, plan: free, plans: [guest, free, pro], prices: [], payments: [], balances: [balance()], features: { history: true, pdfs: false },
    names: { balances: { ai_requests: "AI requests", tokens: "Tokens" }, features: { history: "Chat history", pdfs: "PDFs per chat" } },
    subscription: { id: "sub_1", plan: "free", status: "active", period: { start: "2099-03-10T12:00:00Z" }, since: "2026-03-10T12:00:00Z", cancelAtPeriodEnd: false },
    trialDays: {}, topUps: [{ slug: "requests_100", name: "100 requests", amount: 199, currency: "usd", grants: { ai_requests: 100 } }], upgradeUrl: "/pricing", paymentsReady: true, ...change,
  }
}
