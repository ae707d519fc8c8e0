import { describe, expect, it } from "vitest"
import { compare, decimal, millionths, readJSON } from "../src/quantity.js"

describe("quantities", () => {
  it.each([[0, 0n], [7, 7_000_000n], [0.1, 100_000n], ["0.1", 100_000n], [-1.5, -1_500_000n], ["1.000001", 1_000_001n], ["9223372036854.775807", 9223372036854775807n], [1e12, 10n ** 18n]])(
    "%s is %s millionths", (q, n) => expect(millionths(q)).toBe(n))

  it.each(["", "1e3", "0x10", "1.", ".5", "1.0000001", "one", "--1", " 1", NaN, Infinity, 1e-7, 0.1 + 0.2])("%s is none", q => {
    expect(() => millionths(q)).toThrow(RangeError)
  })

  it("are spelled as they are read", () => {
    for (const text of ["0", "1", "-1", "0.000001", "-0.5", "1.25", "9223372036854.775807", "1000000000000"]) expect(decimal(millionths(text))).toBe(text)
    expect(decimal(millionths("1.500"))).toBe("1.5")
  })

  it("are compared where floats see no difference", () => {
    expect(Number("9007199254.740993")).toBe(Number("9007199254.7409931"))
    expect(compare("9007199254.740993", "9007199254.740992")).toBeGreaterThan(0)
    expect(compare(0.3, "0.3")).toBe(0)
    expect(compare(-1, 1)).toBeLessThan(0)
  })
})

describe("readJSON", () => {
  it("keeps the digits that a float would lose, as a string", () => {
    expect(readJSON('{"used":9007199254740.993,"limit":20,"available":-1234567890123.456789,"small":0.000001}'))
      .toEqual({ used: "9007199254740.993", limit: 20, available: "-1234567890123.456789", small: 0.000001 })
  })

  it("leaves numbers of up to 15 digits, and what stands in strings", () => {
    const text = '{"a":999999999.999999,"b":"9007199254740993.5","c":"say \\"12345678901234567890\\" twice","d":[123456789012345,0.00000000000000000001e20],"e":"\\\\"}'
    expect(readJSON(text)).toEqual(JSON.parse(text))
  })

  it("refuses what is no JSON", () => expect(() => readJSON("{12345678901234567890}")).toThrow(SyntaxError))

  it("reads every number of up to six decimals so that it prints as it was written", () => {
    for (let i = 0; i < 5000; i++) {
      const n = BigInt(Math.floor(Math.random() * 2 ** 31)) * BigInt(Math.floor(Math.random() * 2 ** 31)) / BigInt(10) ** BigInt(i % 19)
      const text = decimal(n)
      expect(String(readJSON(text))).toBe(text)
    }
  })
})
