const bytesMax = 255 // of a transactionId
const kindBytesMax = 64
const encode = (text: string) => new TextEncoder().encode(text)

/**
 * Names usage after what it made: operationId("img", result.id) is img_<result id>. This is the best name there is: it is
 * the same however often the recording is retried, and another one for every other result.
 *
 * Never name usage by something random, such as crypto.randomUUID(): it is new on every retry, and the retry counts
 * again. A name too long for a transactionId is replaced by its SHA-256.
 * @throws {RangeError} for an empty operation: all of them would have one name.
 */
export async function operationId(kind: string, operation: string): Promise<string> {
  if (operation === "") throw new RangeError("The operation has no name.")
  const name = `${kind}_${operation}`
  return encode(name).length > bytesMax ? hashed(kind, operation) : name
}

/**
 * Names usage after the header X-Request-Id of the request that caused it: req_<header>.
 *
 * Use it only if those who call you send the same X-Request-Id when they retry; most proxies and browsers make a new one
 * every time, and then a retry counts again. And use it only for callers you trust, such as your own servers: whoever
 * chooses the id can send an old one again, and is not charged for what you then do.
 * @throws {RangeError} when the header is missing.
 */
export async function requestId(request: { headers: Headers }): Promise<string> {
  const sent = request.headers.get("X-Request-Id")
  if (!sent) throw new RangeError("The header X-Request-Id is missing: send one that stays the same when you retry.")
  return operationId("req", sent)
}

/**
 * Names usage after what was asked for: kind, and a SHA-256 of the parameters as JSON, which is the same for the same
 * values whatever the order of their keys, here and in the Go client.
 *
 * Use it only for operations that give the same result for the same parameters, for then a repeat is the same operation
 * and is charged once. Where asking again is new work, such as another answer to the same prompt, it would count as
 * nothing: put what tells the two apart, such as the message's id, among the parameters.
 */
export async function parametersId(kind: string, parameters: unknown): Promise<string> {
  const json = JSON.stringify(parameters)
  if (json === undefined) throw new TypeError("The parameters have no JSON.")
  return hashed(kind, canonical(JSON.parse(json)))
}

/** Spells a value as Go's encoding/json does: keys in the order of their bytes, and nothing that HTML could take for its own. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (value !== null && typeof value === "object") {
    const keys = Object.keys(value).sort(byBytes)
    return `{${keys.map(k => `${canonical(k)}:${canonical((value as Record<string, unknown>)[k])}`).join()}}`
  }
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"))
}

function byBytes(a: string, b: string): number {
  const x = encode(a), y = encode(b)
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] !== y[i]) return x[i]! - y[i]!
  }
  return x.length - y.length
}

/** A name of a kind and 128 bits of a hash: too many for two contents to meet. */
async function hashed(kind: string, content: string): Promise<string> {
  if (encode(kind).length > kindBytesMax) kind = (await sha256(kind)).slice(0, 16)
  return `${kind}_${(await sha256(content)).slice(0, 32)}`
}

async function sha256(text: string): Promise<string> {
  const sum = await crypto.subtle.digest("SHA-256", encode(text))
  return Array.from(new Uint8Array(sum), b => b.toString(16).padStart(2, "0")).join("")
}
