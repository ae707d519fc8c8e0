import { describe, expect, it } from "vitest"
import { standing } from "../src/level.js"
import { balance } from "./world.js"

const used = (n: number, of = 100) => standing(balance({ used: n, limit: of, available: of - n }))

describe("the level of a balance", () => {
  it.each([[0, "ok"], [75, "ok"], [76, "warn"], [90, "warn"], [91, "over"], [100, "over"]])("at %d of 100 is %s", (n, level) => {
    expect(used(n).level).toBe(level)
  })

  it("is exact at its limits", () => {
    expect(standing(balance({ used: "0.75", available: "0.25" })).level).toBe("ok")
    expect(standing(balance({ used: "0.750001", available: "0.249999" })).level).toBe("warn")
    expect(standing(balance({ used: "900000000000", available: "100000000000" })).level).toBe("warn")
    expect(standing(balance({ used: "900000000000.000001", available: "99999999999.999999" })).level).toBe("over")
  })

  it("counts what is set aside as used, and grants as there", () => {
    expect(standing(balance({ used: 7, held: 2, granted: 5, available: 16 }))).toMatchObject({ total: "25", gone: "9", percent: 36, level: "ok", out: false })
    expect(standing(balance({ used: 20, limit: 20, granted: 80, available: 80 }))).toMatchObject({ total: "100", percent: 20, level: "ok" })
  })

  it("is out only when nothing is left", () => {
    expect(used(99).out).toBe(false)
    expect(standing(balance({ used: "19.999999", available: "0.000001" }))).toMatchObject({ out: false, percent: 99 })
    expect(used(100)).toMatchObject({ out: true, percent: 100, share: 1 })
    expect(standing(balance({ used: 0, limit: 0, available: 0 }))).toMatchObject({ out: true, total: "0" })
  })

  it("is over and not out past a soft limit", () => {
    expect(standing(balance({ used: 25, limit: 20, available: -5, soft: true }))).toMatchObject({ out: false, level: "over", total: "20", gone: "25", percent: 125, share: 1 })
  })

  it("is none without a limit", () => {
    expect(standing(balance({ used: "12", limit: null, available: null, unlimited: true }))).toMatchObject({ total: null, gone: "12", level: "ok", out: false })
  })
})
