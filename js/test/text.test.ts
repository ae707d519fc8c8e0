import { describe, expect, it } from "vitest"
import { Format } from "../src/text.js"

const en = new Format("en-US"), de = new Format("de-DE")
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ")

describe("money", () => {
  it.each([[799, "usd", "$7.99"], [2000, "usd", "$20"], [0, "usd", "$0"], [-50, "usd", "-$0.50"], [5, "usd", "$0.05"], [500, "jpy", "¥500"], [1234, "kwd", "KWD 1.234"],
    ["0.01", "usd", "$0.0001"], ["12.5", "usd", "$0.125"], ["100", "usd", "$1"], [9007199254740991, "usd", "$90,071,992,547,409.91"]])("%s %s is %s", (minor, currency, shown) => {
    expect(plain(en.money(minor, currency))).toBe(shown)
  })

  it("is written as the locale does", () => expect(plain(de.money(799, "eur"))).toBe("7,99 €"))
})

describe("quantities", () => {
  it.each([[1000, "1,000"], ["0.000001", "0.000001"], ["1234567890123.456789", "1,234,567,890,123.456789"], [-5, "-5"]])("%s is shown as %s", (q, shown) => {
    expect(en.quantity(q)).toBe(shown)
  })
})

describe("a moment", () => {
  const now = Date.parse("2026-01-31T12:00:00Z")
  it("is a time when it is near, a date when it is not, with the year when it is far", () => {
    expect(en.when("2026-01-31T20:00:00Z", now)).toMatch(/^\d+:\d\d/)
    expect(en.when("2026-02-15T12:00:00Z", now)).toBe("Feb 15")
    expect(en.when("2027-01-15T12:00:00Z", now)).toBe("Jan 15, 2027")
  })
})
