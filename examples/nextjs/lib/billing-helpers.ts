import type { flowglad } from "./flowglad"

export type Billing = Awaited<ReturnType<ReturnType<typeof flowglad>["getBilling"]>>
type PricingModel = Billing["pricingModel"]
type Subscription = NonNullable<Billing["currentSubscription"]>

// findUsagePriceByMeterSlug returns what usage of a meter costs.
export function findUsagePriceByMeterSlug(usageMeterSlug: string, pricingModel: PricingModel) {
  const meter = pricingModel.usageMeters.find((one) => one.slug === usageMeterSlug)
  return pricingModel.products
    .flatMap((product) => product.prices)
    .find((price) => price.type === "usage" && price.usageMeterId === meter?.id)
}

// computeUsageTotal returns how many units of a meter a subscription includes.
export function computeUsageTotal(usageMeterSlug: string, subscription: Subscription, pricingModel: PricingModel) {
  const meter = pricingModel.usageMeters.find((one) => one.slug === usageMeterSlug)
  return (subscription.experimental?.featureItems ?? []).reduce(
    (sum, item) => (item.type === "usage_credit_grant" && item.usageMeterId === meter?.id ? sum + item.amount : sum),
    0,
  )
}

// isDefaultPlanBySlug reports whether a price is of the plan that everybody has.
export function isDefaultPlanBySlug(pricingModel: PricingModel, priceSlug: string) {
  return pricingModel.products.some((product) => product.default && product.prices.some((price) => price.slug === priceSlug))
}
