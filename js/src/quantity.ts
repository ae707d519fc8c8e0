/**
 * A quantity of what a meter counts: a decimal with up to six decimals. As a number it is at most 15 digits long, so
 * that it is exactly what it prints as; what is longer comes as a string. Both may be sent.
 *
 * Add, subtract and compare quantities with {@link millionths} or {@link compare}, never as floats.
 */
export type Quantity = number | string

const decimals = 6
const pattern = /^(-?)(\d+)(?:\.(\d+))?$/

/**
 * Returns a quantity as a whole number of millionths, exactly: 1.5 is 1500000n.
 * @throws {RangeError} for what is no decimal, or has more than six decimals.
 */
export function millionths(q: Quantity): bigint {
  const [, sign, whole, fraction = ""] = pattern.exec(String(q)) ?? []
  if (whole === undefined || fraction.length > decimals) {
    throw new RangeError(`${q} is not a decimal with at most ${decimals} decimals`)
  }
  const n = BigInt(whole + fraction.padEnd(decimals, "0"))
  return sign ? -n : n
}

/** Returns below 0 when a is less than b, 0 when they are equal, above 0 otherwise; exactly. */
export function compare(a: Quantity, b: Quantity): number {
  const x = millionths(a), y = millionths(b)
  return x < y ? -1 : x > y ? 1 : 0
}

/** Returns millionths as a decimal string without trailing zeros: "1.5". */
export function decimal(n: bigint): string {
  const digits = (n < 0n ? -n : n).toString().padStart(decimals + 1, "0")
  const fraction = digits.slice(-decimals).replace(/0+$/, "")
  return (n < 0n ? "-" : "") + digits.slice(0, -decimals) + (fraction && "." + fraction)
}

const exactDigits = 15 // that every double keeps
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/**
 * Reads JSON as JSON.parse does, but for numbers that are too long for a float to hold exactly: they become strings.
 * @throws {SyntaxError} as JSON.parse does.
 */
export function readJSON(text: string): unknown {
  if (/[\d.]{16}/.test(text)) {
    text = text.replace(tokens, t => t[0] !== '"' && t.replace(/\D/g, "").replace(/^0+/, "").length > exactDigits ? `"${t}"` : t)
  }
  return JSON.parse(text)
}
