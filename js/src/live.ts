import { TollgateError } from "./error.js"
import { refusal, sleep } from "./http.js"
import { messages } from "./stream.js"
import type { Tokens } from "./token.js"

const silenceMax = 40_000 // milliseconds; the server says something every 15 seconds
const waitMin = 1000 // milliseconds until a stream that was cut is opened again, doubling
const waitMax = 30_000

/** What a stream of live balances needs. */
export interface Door {
  /** Asks for the stream. */
  open(headers: Record<string, string>, signal: AbortSignal): Promise<Response>
  tokens: Tokens | undefined
  /** Takes what a message about balances carries. */
  tell(data: string): void
  /** Reads everything anew. */
  reload(): Promise<void>
}

/**
 * Keeps a stream of balances open while the page is visible: opened again when it is cut, with a new token when its own
 * has expired. It ends when the customer is gone, when the stream is not allowed, and by signal, with its reason.
 */
export async function watch(door: Door, signal: AbortSignal): Promise<void> {
  let wait = waitMin, refused = 0
  for (;;) {
    await visible(signal)
    const began = Date.now()
    try {
      const over = await listen(door, signal, () => { wait = waitMin, refused = 0 })
      if (over === "gone") return
      if (over === "hidden") {
        await visible(signal)
        void door.reload() // a plan may have changed meanwhile, and no balance
      }
      if (over !== "cut" && Date.now() - began > waitMin) continue // one that ends at once must not be opened at once
    } catch (error) {
      signal.throwIfAborted()
      const status = error instanceof TollgateError ? error.status : 0
      if (status === 401 && ++refused === 1) continue // with a new token
      if (status === 403 || status === 404) return // it will not be answered otherwise
      if (status === 429) wait = waitMax
    }
    await sleep(wait * (0.5 + Math.random()), signal)
    if (wait === waitMax) await door.reload() // without a stream for so long, balances are old
    wait = Math.min(waitMax, wait * 2)
  }
}

/** Reads one stream to its end, and says why it ended: cut when nobody knows. */
async function listen(door: Door, signal: AbortSignal, heard: () => void): Promise<"expired" | "gone" | "hidden" | "cut"> {
  const { tokens } = door
  const token = await tokens?.current()
  const over = new AbortController()
  const stop = () => over.abort()
  const hide = () => { if (document.hidden) over.abort() }
  let silence = setTimeout(stop, silenceMax)
  signal.addEventListener("abort", stop)
  globalThis.document?.addEventListener("visibilitychange", hide)
  try {
    signal.throwIfAborted() // while the token was asked for
    const response = await door.open({ Accept: "text/event-stream", ...(token && { Authorization: `Bearer ${token}` }) }, over.signal)
    if (!response.ok || !response.body) {
      if (response.status === 401 && token) await tokens?.renew(token)
      throw refusal(response.status, await response.text()) ?? new TollgateError("unavailable", "The stream cannot be opened.", response.status)
    }
    for await (const { event, data } of messages(response.body, () => { clearTimeout(silence), silence = setTimeout(stop, silenceMax) })) {
      heard()
      if (event === "balances") door.tell(data)
      if (event !== "end") continue
      const { reason } = JSON.parse(data) as { reason: string }
      if (reason === "gone") return "gone"
      if (token) await tokens?.renew(token)
      return "expired"
    }
    return "cut"
  } catch (error) {
    if (!signal.aborted && globalThis.document?.hidden) return "hidden"
    throw error
  } finally {
    clearTimeout(silence)
    over.abort()
    signal.removeEventListener("abort", stop)
    globalThis.document?.removeEventListener("visibilitychange", hide)
  }
}

/** Resolves when somebody may see the page; at once where there is none. */
function visible(signal: AbortSignal): Promise<void> {
  const page = globalThis.document
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    if (!page?.hidden) return resolve()
    const look = () => {
      if (page.hidden && !signal.aborted) return
      page.removeEventListener("visibilitychange", look)
      signal.removeEventListener("abort", look)
      if (signal.aborted) reject(signal.reason)
      else resolve()
    }
    page.addEventListener("visibilitychange", look)
    signal.addEventListener("abort", look)
  })
}
