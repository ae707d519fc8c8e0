import type { Price } from "./nouns.js"
import type { Quantity } from "./quantity.js"

/** The words of the components, in English. Give others to show another language. */
export const english = {
  used: (used: string, total: string) => `${used} of ${total} used`,
  left: (left: string) => `${left} left`,
  usedUnlimited: (used: string) => `${used} used`,
  unlimited: "No limit",
  renews: (when: string) => `Renews ${when}`,
  almostUp: "Almost used up",
  over: "Used up",
  noBalance: "Not part of this plan",
  failed: "This cannot be shown at the moment.",
  notDone: "That did not work. Please try again.",
  retry: "Try again",
  nearly: (percent: string, name: string) => `You have used ${percent} of your ${name}.`,
  out: (name: string) => `You have used all of your ${name}.`,
  upgrade: "Upgrade",
  monthly: "Monthly",
  yearly: "Yearly",
  cycle: "Billing cycle",
  free: "Free",
  perMonth: "per month",
  perYear: "per year",
  once: "once",
  choose: (plan: string) => `Choose ${plan}`,
  current: "Current plan",
  ends: (when: string) => `Ends ${when}`,
  switchTo: (plan: string) => `Switch to ${plan}`,
  confirmSwitch: (plan: string, price: string) => `Switch to ${plan} for ${price}? The difference is charged or credited.`,
  confirmCancel: (when: string) => `Cancel? Your plan goes on until ${when}.`,
  periodEnd: "the end of the period",
  confirm: "Confirm",
  back: "Back",
  manage: "Manage billing",
  plans: "Plans",
  topUps: "Top-ups",
  buy: (name: string) => `Buy ${name}`,
  trial: (days: string) => `${days} days free`,
  amountOf: (amount: string, name: string, every: string) => [amount, name, every].filter(Boolean).join(" "),
  unlimitedOf: (name: string) => `Unlimited ${name}`,
  every: { day: "per day", week: "per week", month: "per month", billing_period: "per billing period", billing_month: "per month", never: "" } as Record<string, string>,
  metered: (name: string, price: string) => `${name}: ${price} each`,
  meteredPackage: (name: string, price: string, size: string) => `${name}: ${price} per ${size}`,
  meteredFrom: (name: string, price: string) => `${name}: from ${price} each`,
  meteredBy: (name: string) => `${name}: by usage`,
  unready: "Payments are not set up yet.",
}

export type Words = typeof english

/** Shows numbers, money and dates as people of a locale write them. */
export class Format {
  constructor(readonly locale?: string) {}

  /** A quantity, all of its digits: a string keeps those that a float would lose. */
  quantity(q: Quantity): string {
    return new Intl.NumberFormat(this.locale, { maximumFractionDigits: 6 }).format(q as number)
  }

  percent(share: number): string {
    return new Intl.NumberFormat(this.locale, { style: "percent" }).format(share)
  }

  /** Money in minor units, a whole number or a decimal string: 799 and usd are $7.99. */
  money(minor: number | string, currency: string): string {
    const style = { style: "currency", currency: currency.toUpperCase() } as const
    const digits = new Intl.NumberFormat(this.locale, style).resolvedOptions().maximumFractionDigits ?? 2
    const major = shifted(String(minor), digits)
    const shown = Math.max(digits, (major.split(".")[1] ?? "").replace(/0+$/, "").length)
    // Whole sums are short: $20, but $7.99.
    const fraction = /^-?\d+(\.0*)?$/.test(major) ? 0 : digits
    return new Intl.NumberFormat(this.locale, { ...style, minimumFractionDigits: fraction, maximumFractionDigits: Math.min(shown, 20) }).format(major as unknown as number)
  }

  /** What a price of a plan costs for itself; undefined for one that depends on usage. */
  price(p: Pick<Price, "model" | "amount" | "currency">): string | undefined {
    return p.model === "flat" ? this.money(p.amount ?? 0, p.currency) : undefined
  }

  /** When something is: the time when it is near, else the date; with the year when it is far. */
  when(at: string, now = Date.now()): string {
    const t = new Date(at)
    const hours = (t.getTime() - now) / 3600_000
    const date = { month: "short", day: "numeric" } as const
    return new Intl.DateTimeFormat(this.locale, hours < 20 ? { hour: "numeric", minute: "2-digit" } : hours < 300 * 24 ? date : { ...date, year: "numeric" }).format(t)
  }
}

/** Moves the point of a decimal some places to the left. */
function shifted(text: string, places: number): string {
  const [, sign = "", whole = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  const digits = whole.padStart(places + 1, "0") + fraction
  const at = Math.max(whole.length, places + 1) - places
  return sign + digits.slice(0, at) + (digits.length > at ? "." + digits.slice(at) : "")
}
