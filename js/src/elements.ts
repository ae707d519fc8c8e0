/** The components as custom elements, for pages without a framework. Importing it defines them. */
import type { TollgateError } from "./error.js"
import { type MeterProps, type Panel, type PanelProps, type UpgradeProps } from "./panel.js"
import { PricingTablePanel, type PricingTableProps } from "./pricing.js"
import { adopt } from "./sheet.js"
import { type BillingOptions, BillingStore } from "./store.js"
import type { Words } from "./text.js"
import { patch } from "./tree.js"
import { OutOfCreditsPanel, UpgradePromptPanel, type UpgradePromptProps, UsageMeterPanel } from "./usage.js"

export { type BillingOptions, BillingStore, type Snapshot } from "./store.js"
export { TollgateError } from "./error.js"
export { english, type Words } from "./text.js"

let store: BillingStore | undefined
let given: BillingOptions = {}
let words: Partial<Words> | undefined
const elements = new Set<TollgateElement<PanelProps>>()

/**
 * Says where the server is and who the customer is, for all elements of the page and for {@link billing}. Elements wait
 * for it until the page is parsed; then they take the page's own site, and its cookies.
 */
export function configure(options: BillingOptions & { words?: Partial<Words> }): BillingStore {
  store?.close()
  store = new BillingStore({ ...given, ...options })
  words = options.words
  for (const element of elements) element.connectedCallback()
  return store
}

/** Says what {@link configure} takes when it is not told. */
export function assume(options: BillingOptions): void {
  given = options
}

/** Returns what the elements of the page share. */
export function billing(): BillingStore {
  return store ?? configure({})
}

type PanelClass<Props extends PanelProps> = new (store: BillingStore, changed: () => void) => Panel<Props>

const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement

abstract class TollgateElement<Props extends PanelProps> extends Base {
  #leave: (() => void) | undefined
  #panel: Panel<Props> | undefined
  #root: ShadowRoot | undefined

  protected abstract readonly kind: PanelClass<Props>

  /** What the attributes say. */
  protected abstract read(): Props

  connectedCallback(): void {
    elements.add(this as unknown as TollgateElement<PanelProps>)
    this.#leave?.()
    this.#leave = undefined
    if (!store) return void parsed(() => { if (this.isConnected && !store) billing() })
    this.#root ??= this.attachShadow({ mode: "open" })
    adopt(this.#root)
    this.#panel = new this.kind(store, () => this.#draw())
    this.#leave = store.subscribe(() => this.#draw())
    this.#draw()
  }

  disconnectedCallback(): void {
    elements.delete(this as unknown as TollgateElement<PanelProps>)
    this.#leave?.()
    this.#leave = undefined
  }

  attributeChangedCallback(): void {
    this.#draw()
  }

  /** Tells what happens at the element to whoever listens; false when a listener has it do nothing. */
  protected tell(name: string, detail?: unknown): boolean {
    return this.dispatchEvent(new CustomEvent(`tollgate-${name}`, { bubbles: true, composed: true, cancelable: true, detail }))
  }

  protected common(): PanelProps {
    return { words, locale: this.closest("[lang]")?.getAttribute("lang") || undefined, onError: (error: TollgateError) => this.tell("error", error) }
  }

  protected text(name: string): string | undefined {
    return this.getAttribute(name) ?? undefined
  }

  #draw(): void {
    if (!this.#panel || !this.#root || !this.isConnected) return
    this.#panel.props = this.read()
    patch(this.#root, this.#panel.view())
  }
}

/** Calls then, at least once, when the page is parsed: what its scripts configure is then known. */
function parsed(then: () => void): void {
  if (document.readyState === "complete") return void setTimeout(then)
  document.addEventListener("DOMContentLoaded", then, { once: true })
  window.addEventListener("load", then, { once: true }) // the former has passed when the page only waits for pictures
}

abstract class MeterElement<Props extends MeterProps> extends TollgateElement<Props> {
  protected meter(): MeterProps {
    return { ...this.common(), meter: this.text("meter") ?? "", label: this.text("label") }
  }
}

abstract class UpgradeElement<Props extends UpgradeProps> extends MeterElement<Props> {
  protected upgrade(): UpgradeProps {
    return { ...this.meter(), href: this.text("href"), price: this.text("price") }
  }
}

/** <tollgate-usage-meter meter="ai_requests" label="AI requests"> */
export class UsageMeterElement extends MeterElement<MeterProps> {
  static readonly observedAttributes = ["meter", "label"]
  protected override readonly kind = UsageMeterPanel
  protected override read(): MeterProps {
    return this.meter()
  }
}

/** <tollgate-upgrade-prompt meter="ai_requests" from="80" href="/pricing" price="pro_monthly"> */
export class UpgradePromptElement extends UpgradeElement<UpgradePromptProps> {
  static readonly observedAttributes = ["meter", "label", "from", "href", "price"]
  protected override readonly kind = UpgradePromptPanel
  protected override read(): UpgradePromptProps {
    const from = Number(this.text("from") || NaN)
    return { ...this.upgrade(), from: Number.isNaN(from) ? undefined : from }
  }
}

/** <tollgate-pricing-table plans="free pro" top-ups="none"> */
export class PricingTableElement extends TollgateElement<PricingTableProps> {
  static readonly observedAttributes = ["plans", "top-ups"]
  protected override readonly kind = PricingTablePanel
  protected override read(): PricingTableProps {
    return { ...this.common(), plans: this.text("plans")?.split(/[\s,]+/).filter(Boolean), topUps: this.text("top-ups") !== "none" }
  }
}

/** <tollgate-out-of-credits meter="ai_requests" href="/pricing"> */
export class OutOfCreditsElement extends UpgradeElement<UpgradeProps> {
  static readonly observedAttributes = ["meter", "label", "href", "price"]
  protected override readonly kind = OutOfCreditsPanel
  protected override read(): UpgradeProps {
    return this.upgrade()
  }
}

if (globalThis.customElements && !customElements.get("tollgate-usage-meter")) {
  customElements.define("tollgate-usage-meter", UsageMeterElement)
  customElements.define("tollgate-upgrade-prompt", UpgradePromptElement)
  customElements.define("tollgate-pricing-table", PricingTableElement)
  customElements.define("tollgate-out-of-credits", OutOfCreditsElement)
}
