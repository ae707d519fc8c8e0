import { standing } from "./level.js"
import type { Billing } from "./nouns.js"
import { type MeterProps, MeterPanel, UpgradePanel, type UpgradeProps } from "./panel.js"
import { type Child, el } from "./tree.js"

export type UsageMeterProps = MeterProps

/** A bar of how much of a balance is used: amber past 75 %, red past 90 %. Without a limit it is a count. */
export class UsageMeterPanel extends MeterPanel<UsageMeterProps> {
  protected override waiting(): Child[] {
    return this.head("…", "", true)
  }

  protected override show(billing: Billing): Child[] {
    const { words, format } = this
    const b = this.balance(billing)
    const name = this.name(billing)
    if (!b) return this.head(words.noBalance, "none", false, billing)
    const s = standing(b)
    if (s.total === null || b.available === null) return [...this.head(words.usedUnlimited(format.quantity(b.used)), "count", false, billing), el("p", { class: "tg-note" }, words.unlimited)]
    const value = words.used(format.quantity(s.gone), format.quantity(s.total))
    const level = s.share === 1 ? words.over : s.level === "over" ? words.almostUp : undefined
    const left = s.share === 1 ? undefined : words.left(format.quantity(b.available))
    const notes = [level, left, b.resetsAt ? words.renews(format.when(b.resetsAt)) : undefined].filter(Boolean).join(" · ")
    return [
      ...this.head(value, s.level, false, billing),
      el("div", {
        class: "tg-bar", role: "meter", "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.min(s.percent, 100),
        "aria-valuetext": [value, left ?? words.over].join(", "),
      }, el("svg", { "aria-hidden": "true", viewBox: "0 0 100 1", preserveAspectRatio: "none", focusable: "false" },
        el("rect", { class: "tg-fill", width: Math.round(s.share * 1000) / 10, height: 1 }))),
      el("p", { class: "tg-note" }, notes),
    ]
  }

  private head(value: string, level: string, busy: boolean, billing: Billing | null = null): Child[] {
    return [el("div", { class: "tg-head", "data-level": level, "aria-busy": busy ? "true" : undefined },
      el("span", { class: "tg-name" }, this.name(billing)), el("span", { class: "tg-value" }, value))]
  }
}

export interface UpgradePromptProps extends UpgradeProps {
  /** From which share of use it shows, in whole per cent: 80 when not given. */
  from?: number | undefined
}

const promptFrom = 80

/** Offers more from 80 % of use on. Before, it shows nothing. */
export class UpgradePromptPanel extends UpgradePanel {
  declare props: UpgradePromptProps

  protected override failing(): Child[] {
    return []
  }

  protected override show(billing: Billing): Child[] {
    const b = this.balance(billing)
    const s = b && standing(b)
    // Always there, so that screen readers hear what is put into it.
    if (!s || s.total === null || s.percent < (this.props.from ?? promptFrom)) return [el("div", { role: "status" })]
    const text = s.out ? this.words.out(this.name(billing)) : this.words.nearly(this.format.percent(s.percent / 100), this.name(billing))
    return [
      el("div", { role: "status" }, el("div", { class: "tg-card tg-prompt", "data-level": s.level },
        el("p", { class: "tg-text" }, text), this.upgrade(billing), this.complaint())),
    ]
  }
}

/** Says that nothing is left, when it renews, and what can be bought. Before, it shows nothing. */
export class OutOfCreditsPanel extends UpgradePanel {
  protected override failing(): Child[] {
    return []
  }

  protected override show(billing: Billing): Child[] {
    const { words, format } = this
    const b = this.balance(billing)
    if (!b || !standing(b).out) return [el("div", { role: "alert" })]
    const more = billing.paymentsReady ? billing.topUps.filter(t => this.props.meter in t.grants) : []
    return [
      el("div", { role: "alert" }, el("div", { class: "tg-card tg-out", "data-level": "over" },
        el("p", { class: "tg-text tg-strong" }, words.out(this.name(billing))),
        b.resetsAt ? el("p", { class: "tg-note" }, words.renews(format.when(b.resetsAt))) : undefined,
        el("div", { class: "tg-actions" },
          this.upgrade(billing),
          ...more.map(t => this.button(`${words.buy(t.name)} · ${format.money(t.amount, t.currency)}`, () => void this.buy({ priceSlug: t.slug })))),
        this.complaint())),
    ]
  }
}
