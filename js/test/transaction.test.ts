import { describe, expect, it } from "vitest"
import { operationId, parametersId, requestId } from "../src/transaction.js"
import names from "../testdata/names.json" with { type: "json" }

describe("parametersId", () => {
  it.each(names)("names $parameters as the Go client does", async ({ kind, parameters, name }) => {
    expect(await parametersId(kind, parameters)).toBe(name)
  })

  it("does not depend on the order of keys, and does on everything else", async () => {
    const name = await parametersId("q", { a: 1, b: { c: 2, d: 3 } })
    expect(await parametersId("q", { b: { d: 3, c: 2 }, a: 1 })).toBe(name)
    for (const other of [{ a: 1, b: { c: 2 } }, { a: "1", b: { c: 2, d: 3 } }, [1]]) expect(await parametersId("q", other)).not.toBe(name)
    expect(await parametersId("r", { a: 1, b: { c: 2, d: 3 } })).not.toBe(name)
  })

  it("refuses what has no JSON", () => expect(parametersId("q", undefined)).rejects.toThrow(TypeError))
})

describe("operationId", () => {
  it("is the kind and the operation", async () => expect(await operationId("img", "42")).toBe("img_42"))

  it("is a hash when it would be too long, at 255 bytes", async () => {
    expect(await operationId("k", "x".repeat(253))).toHaveLength(255)
    expect(await operationId("k", "x".repeat(254))).toMatch(/^k_[0-9a-f]{32}$/)
    expect(await operationId("k", "é".repeat(127))).toMatch(/^k_[0-9a-f]{32}$/)
  })

  it("refuses an operation without a name", () => expect(operationId("img", "")).rejects.toThrow(RangeError))
})

describe("requestId", () => {
  it("is the header of the request", async () => expect(await requestId(new Request("http://127.0.0.1", { headers: { "x-request-id": "7" } }))).toBe("req_7"))

  it("refuses a request without it", () => expect(requestId(new Request("http://127.0.0.1"))).rejects.toThrow(RangeError))
})
