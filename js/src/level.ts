import type { Balance } from "./nouns.js"
import { decimal, millionths, type Quantity } from "./quantity.js"

/** How far a balance is used up: warn is past 75 %, over past 90 %. */
export type Level = "ok" | "warn" | "over"

const warnPercent = 75n
const overPercent = 90n

/** What a balance is like at a moment. */
export interface Standing {
  /** What there is in all: used, set aside and available, from the plan and from grants. null when there is no limit. */
  total: Quantity | null
  /** What of it is used or set aside. */
  gone: Quantity
  /** The same as a part of the whole: 0 to 1, for display. */
  share: number
  /** The same in whole per cent, rounded down: 100 when nothing is left, more past a soft limit. */
  percent: number
  level: Level
  /** Nothing is left, and use is refused. */
  out: boolean
}

/** Says what a balance is like. Nothing but display is rounded. */
export function standing(b: Balance): Standing {
  if (b.unlimited || b.available === null) return { total: null, gone: b.used, share: 0, percent: 0, level: "ok", out: false }
  const available = millionths(b.available)
  const gone = millionths(b.used) + millionths(b.held ?? 0)
  const total = gone + available // which is below zero past a soft limit
  if (available <= 0n) {
    const percent = total > 0n ? Number(gone * 100n / total) : 100
    return { total: decimal(total > 0n ? total : 0n), gone: decimal(gone), share: 1, percent, level: "over", out: !b.soft }
  }
  const past = (percent: bigint) => gone * 100n > total * percent
  return {
    total: decimal(total),
    gone: decimal(gone),
    share: Number(gone * 10_000n / total) / 10_000,
    percent: Number(gone * 100n / total),
    level: past(overPercent) ? "over" : past(warnPercent) ? "warn" : "ok",
    out: false,
  }
}
