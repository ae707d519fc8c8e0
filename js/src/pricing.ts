import type { Billing, Plan, Price, TopUp } from "./nouns.js"
import { Panel, type PanelProps } from "./panel.js"
import { type Child, el, type Element } from "./tree.js"
import type { Wanted } from "./store.js"

export interface PricingTableProps extends PanelProps {
  /** The slugs of the plans to show, in this order; all but guest plans when not given. */
  plans?: readonly string[] | undefined
  /** false leaves top-ups out. */
  topUps?: boolean | undefined
}

type Cycle = "month" | "year"

/** Shows the plans and top-ups, and sells them: the current plan, another one, by the month or the year. */
export class PricingTablePanel extends Panel<PricingTableProps> {
  #cycle: Cycle | undefined
  #asked = "" // the slug of the plan whose change waits for a yes
  #left = "" // and of the one that was asked about before, whose button takes the focus back

  protected override waiting(): Child[] {
    return [el("div", { class: "tg-plans", "aria-busy": "true" })]
  }

  protected override show(billing: Billing): Child[] {
    const { words } = this
    const shown = this.props.plans
    const plans = shown ? shown.flatMap(slug => billing.plans.find(p => p.slug === slug) ?? []) : billing.plans.filter(p => !p.guest)
    const every = new Set(plans.flatMap(sold).map(p => p.every))
    const cycle = this.#cycle ?? (current(billing)?.every === "year" || !every.has("month") ? "year" : "month")
    const topUps = this.props.topUps === false ? [] : billing.topUps
    return [
      every.has("month") && every.has("year") && this.cycles(cycle),
      el("ul", { class: "tg-plans", role: "list", "aria-label": words.plans }, ...plans.map(p => this.plan(billing, p, cycle))),
      topUps.length > 0 && el("ul", { class: "tg-topups", role: "list", "aria-label": words.topUps }, ...topUps.map(t => this.topUp(billing, t))),
      !billing.paymentsReady && el("p", { class: "tg-note" }, words.unready),
      this.complaint(),
    ]
  }

  private cycles(chosen: Cycle): Element {
    const { words } = this
    const choice = (cycle: Cycle, label: string) => el("button", {
      type: "button", class: "tg-choice", "aria-pressed": cycle === chosen ? "true" : "false",
      click: () => { this.#cycle = cycle, this.#asked = "", this.redraw() },
    }, label)
    return el("div", { class: "tg-cycle", role: "group", "aria-label": words.cycle }, choice("month", words.monthly), choice("year", words.yearly))
  }

  private plan(billing: Billing, p: Plan, cycle: Cycle): Element {
    const { words, format } = this
    const price = sold(p).find(s => s.every === cycle) ?? sold(p)[0]
    const mine = p.slug === billing.plan.slug && (!price || !billing.subscription.price || price.slug === billing.subscription.price)
    const trial = billing.trialDays[p.slug] // of this customer: none for who has had one
    const per = price?.every === "year" ? words.perYear : words.perMonth
    return el("li", { class: "tg-card tg-plan", "aria-current": mine ? "true" : undefined },
      el("div", { class: "tg-head" }, el("h3", { class: "tg-name" }, p.name), mine && el("span", { class: "tg-badge" }, words.current)),
      p.description && el("p", { class: "tg-note" }, p.description),
      el("p", { class: "tg-price" }, el("strong", {}, price ? format.price(price) : words.free), price && el("span", { class: "tg-note" }, ` ${per}`)),
      price && trial !== undefined && el("p", { class: "tg-note" }, words.trial(String(trial))),
      el("ul", { class: "tg-includes", role: "list" }, ...this.includes(billing, p).map(text => el("li", {}, text))),
      el("div", { class: "tg-actions" }, ...this.actions(billing, p, price, mine)))
  }

  /** What a plan includes, for people. */
  private includes(billing: Billing, p: Plan): string[] {
    const { words, format } = this
    const balance = (slug: string) => billing.names.balances[slug] ?? slug
    return [
      ...Object.entries(p.includes ?? {}).map(([slug, a]) => a.limit === "unlimited"
        ? words.unlimitedOf(balance(slug))
        : words.amountOf(format.quantity(a.limit), balance(slug), words.every[a.every] ?? "")),
      ...(p.prices ?? []).filter(m => m.meter).map(m => this.metered(m, balance(m.meter ?? ""))),
      ...Object.entries(p.features ?? {}).flatMap(([slug, value]) => {
        const name = billing.names.features[slug] ?? slug
        if (value === false || value === 0) return []
        return value === true ? name : `${name}: ${typeof value === "number" ? format.quantity(value) : value}`
      }),
    ]
  }

  /** What usage costs. Of tiers it is the least that a unit can cost. */
  private metered(m: Price, name: string): string {
    const { words, format } = this
    const money = (amount: string) => format.money(amount, m.currency)
    if (m.unitAmount) return m.model === "package" ? words.meteredPackage(name, money(m.unitAmount), format.quantity(m.packageSize ?? 1)) : words.metered(name, money(m.unitAmount))
    const charged = (m.tiers ?? []).map(t => t.unitAmount).filter(a => Number(a) > 0).sort((a, b) => Number(a) - Number(b))
    return charged[0] ? words.meteredFrom(name, money(charged[0])) : words.meteredBy(name)
  }

  private actions(billing: Billing, p: Plan, price: Price | undefined, mine: boolean): Child[] {
    const { words, format } = this
    const { subscription, paymentsReady } = billing
    const paying = subscription.price !== undefined
    if (mine) {
      return [
        subscription.cancelAtPeriodEnd && el("p", { class: "tg-note" }, words.ends(this.end(billing))),
        paying && this.button(words.manage, () => void this.act(() => this.store.openPortal({ autoRedirect: true })), { disabled: !paymentsReady }),
      ]
    }
    const ask = () => { this.#asked = p.slug, this.redraw() }
    const focus = this.#left === p.slug
    if (!price) {
      if (!p.default || !paying || subscription.cancelAtPeriodEnd) return []
      return this.#asked === p.slug
        ? this.confirm(words.confirmCancel(this.end(billing)), () => this.store.cancelSubscription())
        : [this.button(words.switchTo(p.name), ask, { disabled: !paymentsReady, focus })]
    }
    if (!paying) return [this.button(words.choose(p.name), () => void this.buy({ priceSlug: price.slug }), { main: true, disabled: !paymentsReady })]
    if (this.#asked !== p.slug) return [this.button(words.switchTo(p.name), ask, { main: true, disabled: !paymentsReady, focus })]
    const cost = `${format.price(price)} ${price.every === "year" ? words.perYear : words.perMonth}`
    return this.confirm(words.confirmSwitch(p.name, cost), () => this.store.changeSubscription({ priceSlug: price.slug }))
  }

  /** Asks before money moves on the card that is known. */
  private confirm(question: string, yes: () => Promise<unknown>): Child[] {
    const { words } = this
    const close = () => { this.#left = this.#asked, this.#asked = "", this.redraw() }
    return [
      el("p", { class: "tg-text", role: "status" }, question),
      this.button(words.confirm, () => void this.act(yes).then(close), { main: true }),
      this.button(words.back, close, { focus: true }), // a key that is pressed twice must not confirm
    ]
  }

  private end(billing: Billing): string {
    const { end } = billing.subscription.period
    return end ? this.format.when(end) : this.words.periodEnd
  }

  private topUp(billing: Billing, t: TopUp): Element {
    return el("li", { class: "tg-card tg-topup" },
      el("span", { class: "tg-name" }, t.name),
      el("span", { class: "tg-value" }, this.format.money(t.amount, t.currency)),
      this.button(this.words.buy(t.name), () => void this.buy({ priceSlug: t.slug }), { disabled: !billing.paymentsReady }))
  }

  private buy(wanted: Wanted): Promise<void> {
    return this.act(() => this.store.createCheckoutSession({ ...wanted, autoRedirect: true }))
  }
}

/** The prices that a plan is sold for; what its usage costs comes with them. */
function sold(p: Plan): Price[] {
  return (p.prices ?? []).filter(price => !price.meter)
}

/** The price that the customer pays; undefined when it pays none. */
function current(billing: Billing): Price | undefined {
  return billing.plans.flatMap(sold).find(p => p.slug === billing.subscription.price)
}
