import { type Code, TollgateError } from "./error.js"
import { readJSON } from "./quantity.js"

/** How calls are sent. */
export interface Sending {
  /** How often one call is sent at most; 1 sends each once. */
  tries: number
  /** How long one try may take, in milliseconds. */
  timeout: number
  /** Stands in for the global fetch. */
  fetch?: typeof fetch
}

/** What every try of a call sends. */
export interface Call {
  url: string
  method: string
  headers: Record<string, string>
  /** Sent as JSON; undefined sends none. */
  body?: unknown
  /** Further options of fetch. */
  init?: RequestInit
  signal?: AbortSignal | undefined
}

const waitMin = 100 // milliseconds between tries, doubling, each by chance up to half more or less
const waitMax = 5000
const retryAfterMax = 30 // seconds; longer waits are left to the caller

/**
 * Sends a call until it is answered, and returns the answer. Every try is the same request, so a transactionId in it
 * counts once.
 * @throws {TollgateError} for refusals and when no try was answered; what signal was aborted with when it was.
 */
export async function send(how: Sending, call: Call): Promise<unknown> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  for (let n = 1; ; n++) {
    const { answer, error, wait } = await once(how, call, body)
    if (!error) return answer
    if (n >= how.tries || wait === undefined) throw error
    await sleep(wait || Math.min(waitMax, waitMin * 2 ** (n - 1)) * (0.5 + Math.random()), call.signal)
  }
}

/** How a try ended: wait is left out when another one is of no use, and 0 when it is for the caller to choose. */
interface Try {
  answer?: unknown
  error?: TollgateError
  wait?: number
}

async function once(how: Sending, call: Call, body: string | undefined): Promise<Try> {
  const { signal } = call
  signal?.throwIfAborted()
  const over = new AbortController()
  const stop = () => over.abort(signal?.reason)
  const timer = setTimeout(stop, how.timeout)
  signal?.addEventListener("abort", stop)
  try {
    const headers = body === undefined ? call.headers : { ...call.headers, "Content-Type": "application/json" }
    const ask = how.fetch ?? fetch
    const response = await ask(call.url, { ...call.init, method: call.method, headers, ...(body !== undefined && { body }), signal: over.signal })
    const text = await response.text()
    if (!response.ok) return refused(call, response, text)
    try {
      return { answer: text ? readJSON(text) : undefined }
    } catch (cause) {
      return { error: stranger(call, response.status, cause) }
    }
  } catch (cause) {
    signal?.throwIfAborted()
    return { error: unreachable(0, cause), wait: 0 }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener("abort", stop)
  }
}

function refused(call: Call, response: Response, text: string): Try {
  const { status } = response
  const error = refusal(status, text)
  if (!error) return status >= 500 || status === 429 ? { error: unreachable(status), wait: 0 } : { error: stranger(call, status) }
  if (error.code !== "unavailable" && error.code !== "rate_limited") return { error }
  const seconds = Number(response.headers.get("Retry-After") ?? 0)
  if (!(seconds >= 0)) return { error, wait: 0 }
  return seconds > retryAfterMax ? { error } : { error, wait: seconds * 1000 }
}

/** Reads the body of a refusal; undefined for what is none of ours. */
export function refusal(status: number, text: string): TollgateError | undefined {
  try {
    const { error, message, ...details } = readJSON(text) as Record<string, unknown>
    if (typeof error === "string" && typeof message === "string") return new TollgateError(error as Code, message, status, details)
  } catch {
    // A proxy's page, perhaps: the caller says so.
  }
  return undefined
}

function unreachable(status: number, cause?: unknown): TollgateError {
  return new TollgateError("unavailable", "Tollgate cannot be reached. Nothing is confirmed; send the same request again.", status, {}, { cause })
}

function stranger(call: Call, status: number, cause?: unknown): TollgateError {
  return new TollgateError("internal", `${call.method} ${call.url} answered ${status} and nothing that Tollgate says: is this its address?`, status, {}, { cause })
}

/** Resolves after some milliseconds; rejects with the reason when signal is aborted before. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop)
      resolve()
    }, ms)
    signal?.addEventListener("abort", stop, { once: true })
  })
}

/**
 * Fills the {places} of a path, each percent-encoded as one step of it.
 * @throws {RangeError} for a name that no address can carry as a step: URLs take . and .., however they are encoded, for
 * steps to somewhere else (https://url.spec.whatwg.org/#double-dot-path-segment).
 */
export function fill(path: string, places: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = places[name] ?? ""
    if (/^\.{0,2}$/.test(value)) throw new RangeError(`${JSON.stringify(value)} cannot stand for ${name} in an address.`)
    return encodeURIComponent(value)
  })
}
