/** The components for React, and useBilling. */
import {
  createContext, createElement, type FunctionComponent, type ReactElement, type ReactNode, useContext, useEffect, useMemo, useReducer, useRef, useSyncExternalStore,
} from "react"
import { TollgateError } from "./error.js"
import type { Balance, Billing } from "./nouns.js"
import type { Panel, PanelProps, UpgradeProps } from "./panel.js"
import { PricingTablePanel, type PricingTableProps } from "./pricing.js"
import type { Quantity } from "./quantity.js"
import { adopt } from "./sheet.js"
import { type BillingOptions, BillingStore, type Snapshot } from "./store.js"
import type { Words } from "./text.js"
import type { Child } from "./tree.js"
import { OutOfCreditsPanel, UpgradePromptPanel, type UpgradePromptProps, UsageMeterPanel, type UsageMeterProps } from "./usage.js"

export type { PanelProps, UpgradeProps } from "./panel.js"
export type { PricingTableProps } from "./pricing.js"
export { english, type Words } from "./text.js"
export type { UpgradePromptProps, UsageMeterProps } from "./usage.js"
export * from "./browser.js"

interface Shared {
  store: BillingStore
  words: Partial<Words> | undefined
  locale: string | undefined
}

const Context = createContext<Shared | null>(null)

export interface TollgateProviderProps extends BillingOptions {
  /** One of your own, in place of the options. */
  store?: BillingStore
  /** Other words than the English ones. */
  words?: Partial<Words>
  locale?: string
  children?: ReactNode
}

/**
 * Gives the components below it a customer's billing. What options say is read when it is first shown; to show another
 * customer give it another key.
 */
export function TollgateProvider({ children, words, locale, store, ...options }: TollgateProviderProps): ReactElement {
  const made = useRef<BillingStore | null>(null)
  const used = store ?? (made.current ??= new BillingStore(options))
  const shared = useMemo(() => ({ store: used, words, locale }), [used, words, locale])
  useEffect(() => adopt(document), [])
  return createElement(Context.Provider, { value: shared }, children)
}

function useShared(): Shared {
  const shared = useContext(Context)
  if (!shared) throw new Error("There is no <TollgateProvider> around this component.")
  return shared
}

const none: Snapshot = { billing: null, error: null }

function useSnapshot(store: BillingStore): Snapshot {
  return useSyncExternalStore(store.subscribe, store.snapshot, () => none)
}

/** What useBilling returns: what is known, and what can be done. */
export interface BillingState extends Partial<Billing>, Pick<BillingStore, "reload" | "check" | "createCheckoutSession" | "cancelSubscription" | "changeSubscription" | "openPortal"> {
  /** There is something to show. */
  loaded: boolean
  /** Why the last try to read it failed; null when it did not. */
  error: TollgateError | null
  /** The balance of a meter or of credits; null when there is none. availableBalance is null when there is no limit. */
  checkUsageBalance: (slug: string) => Balance & { availableBalance: Quantity | null } | null
  /** Whether the plan includes a feature: its value when that is not just true. */
  checkFeatureAccess: (slug: string) => boolean | Quantity
}

/** Returns the customer's billing, and shows the component anew when it changes. */
export function useBilling(): BillingState {
  const { store } = useShared()
  const { billing, error } = useSnapshot(store)
  return useMemo(() => ({
    ...billing,
    loaded: billing !== null,
    error,
    checkUsageBalance: (slug: string) => {
      const b = billing?.balances.find(b => b.slug === slug)
      return b ? { ...b, availableBalance: b.available } : null
    },
    checkFeatureAccess: (slug: string) => billing?.features[slug] ?? false,
    reload: store.reload,
    check: store.check,
    createCheckoutSession: store.createCheckoutSession,
    cancelSubscription: store.cancelSubscription,
    changeSubscription: store.changeSubscription,
    openPortal: store.openPortal,
  }), [store, billing, error])
}

/** What every component takes besides its own. */
export interface LookProps {
  className?: string
  /** light or dark, whatever the page is. */
  theme?: "light" | "dark"
}

function component<Props extends PanelProps>(name: string, kind: new (store: BillingStore, changed: () => void) => Panel<Props>): FunctionComponent<Props & LookProps> {
  const Component: FunctionComponent<Props & LookProps> = ({ className, theme, ...props }) => {
    const { store, words, locale } = useShared()
    const [, redraw] = useReducer((n: number) => n + 1, 0)
    useSnapshot(store)
    const panel = useMemo(() => new kind(store, redraw), [store])
    panel.props = { words, locale, ...props } as unknown as Props
    return createElement("div", { className: className ? `tollgate ${className}` : "tollgate", "data-theme": theme }, ...toReact(panel.view()))
  }
  Component.displayName = name
  return Component
}

/** A bar of how much of a balance is used: amber past 75 %, red past 90 %. Without a limit it is a count. */
export const UsageMeter = component<UsageMeterProps>("UsageMeter", UsageMeterPanel)

/** Offers more from 80 % of use on. Before, it shows nothing. */
export const UpgradePrompt = component<UpgradePromptProps>("UpgradePrompt", UpgradePromptPanel)

/** Shows the plans and top-ups, and sells them. */
export const PricingTable = component<PricingTableProps>("PricingTable", PricingTablePanel)

/** Says that nothing is left, when it renews, and what can be bought. Before, it shows nothing. */
export const OutOfCredits = component<UpgradeProps>("OutOfCredits", OutOfCreditsPanel)

const named: Record<string, string> = { class: "className", autofocus: "autoFocus" }

function toReact(children: Child[]): ReactNode[] {
  return children.map(child => {
    if (typeof child !== "object") return child
    const props = Object.entries(child.attributes).filter(([, v]) => v !== undefined && v !== false).map(([k, v]) => [named[k] ?? k, v])
    return createElement(child.tag, { ...Object.fromEntries(props), onClick: child.click }, ...toReact(child.children))
  })
}
