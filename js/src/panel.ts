import { TollgateError } from "./error.js"
import type { Balance, Billing } from "./nouns.js"
import type { BillingStore, Wanted } from "./store.js"
import { type Words, english, Format } from "./text.js"
import { type Child, el, type Element } from "./tree.js"

/** What every component takes. */
export interface PanelProps {
  /** Other words than the English ones. */
  words?: Partial<Words> | undefined
  /** How numbers, money and dates are written; the page's language when not given. */
  locale?: string | undefined
  /** Hears what went wrong, besides the person at the page. */
  onError?: ((error: TollgateError) => void) | undefined
}

/**
 * A component without a framework: it has props, shows a tree, and says when the tree is another one. React and the
 * custom elements both show panels.
 */
export abstract class Panel<Props extends PanelProps> {
  props: Props = {} as Props
  #busy = false
  #failed = ""

  constructor(protected readonly store: BillingStore, private readonly changed: () => void) {}

  /** What the panel shows of billing that is there. */
  protected abstract show(billing: Billing): Child[]

  /** What it shows in place of billing that cannot be read, while there is none. */
  protected failing(): Child[] {
    return [el("p", { class: "tg-note" }, this.words.failed), this.button(this.words.retry, () => void this.store.reload())]
  }

  /** What it shows before there is billing. */
  protected waiting(): Child[] {
    return []
  }

  /** Returns what the panel shows. */
  view(): Child[] {
    const { billing, error } = this.store.snapshot()
    if (billing) return this.show(billing)
    return error ? this.failing() : this.waiting()
  }

  protected get words(): Words {
    return { ...english, ...this.props.words }
  }

  protected get format(): Format {
    return new Format(this.props.locale ?? (globalThis.document?.documentElement.lang || undefined))
  }

  /** Says what went wrong, to those who see and to those who hear. Always there, so that what is put into it is read out. */
  protected complaint(): Element {
    return el("p", { class: "tg-complaint", role: "alert" }, this.#failed)
  }

  /** Shows the panel anew. */
  protected redraw(): void {
    this.changed()
  }

  /** Does what a button promises, once at a time. */
  protected async act(what: () => Promise<unknown>): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    this.#failed = ""
    this.redraw()
    try {
      await what()
    } catch (cause) {
      const error = cause instanceof TollgateError ? cause : new TollgateError("internal", String(cause), 0, {}, { cause })
      this.#failed = error.code === "payment_refused" ? error.message : this.words.notDone
      this.props.onError?.(error)
    } finally {
      this.#busy = false
      this.redraw()
    }
  }

  /** A button; one with focus takes it when it appears. */
  protected button(label: string, click: () => void, { main = false, disabled = false, focus = false } = {}): Element {
    return el("button", { type: "button", class: `tg-button tg-${main ? "main" : "plain"}`, click, disabled: disabled || this.#busy, autofocus: focus }, label)
  }
}

/** What components of one balance take. */
export interface MeterProps extends PanelProps {
  /** The slug of a meter or of credits. */
  meter: string
  /** What people call it; the catalog's name when not given. */
  label?: string | undefined
}

/** A panel of one balance. */
export abstract class MeterPanel<Props extends MeterProps> extends Panel<Props> {
  protected balance(billing: Billing): Balance | undefined {
    return billing.balances.find(b => b.slug === this.props.meter)
  }

  protected name(billing: Billing | null): string {
    return this.props.label ?? billing?.names.balances[this.props.meter] ?? this.props.meter?.replaceAll("_", " ") ?? ""
  }
}

/** What components that offer more take. */
export interface UpgradeProps extends MeterProps {
  /** Where an upgrade begins; the catalog's upgradeUrl when not given. */
  href?: string | undefined
  /** The slug of a price or a top-up to buy at once, instead of a page to go to. */
  price?: string | undefined
  /** Called instead of anything else. */
  onUpgrade?: (() => void) | undefined
}

/** A panel of one balance that offers more of it. */
export abstract class UpgradePanel extends MeterPanel<UpgradeProps> {
  protected upgrade(billing: Billing): Child {
    const { href, price, onUpgrade } = this.props
    const label = this.words.upgrade
    if (onUpgrade) return this.button(label, onUpgrade, { main: true })
    if (price) return this.button(label, () => void this.buy({ priceSlug: price }), { main: true, disabled: !billing.paymentsReady })
    const address = safe(href ?? billing.upgradeUrl)
    return address && el("a", { class: "tg-button tg-main", href: address }, label)
  }

  protected buy(wanted: Wanted): Promise<void> {
    return this.act(() => this.store.createCheckoutSession({ ...wanted, autoRedirect: true }))
  }
}

/** Returns an address that a link may lead to; undefined for scripts and what is none. */
export function safe(address: string | undefined): string | undefined {
  if (!address) return undefined
  try {
    const { protocol } = new URL(address, globalThis.location?.href ?? "https://page.invalid")
    return protocol === "https:" || protocol === "http:" ? address : undefined
  } catch {
    return undefined
  }
}
