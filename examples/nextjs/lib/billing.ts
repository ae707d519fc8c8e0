import { findUsagePriceByMeterSlug } from "./billing-helpers"
import { flowglad } from "./flowglad"

// AI_REQUESTS_METER is the slug of the meter in the catalog.
export const AI_REQUESTS_METER = "ai_requests"

// checkUsageAllowed reports whether a user may ask once more.
export async function checkUsageAllowed(userId: string): Promise<boolean> {
  const billing = await flowglad(userId).getBilling()
  return (billing.checkUsageBalance(AI_REQUESTS_METER)?.availableBalance ?? 0) > 0
}

// recordUsage counts what a user used. A transactionId counts once, however often it is sent.
export async function recordUsage(userId: string, amount: number, transactionId: string) {
  const flowgladServer = flowglad(userId)
  const { currentSubscription, pricingModel } = await flowgladServer.getBilling()
  if (!currentSubscription) {
    throw new Error("No active subscription found")
  }
  const usagePrice = findUsagePriceByMeterSlug(AI_REQUESTS_METER, pricingModel)
  if (!usagePrice?.slug) {
    throw new Error(`Usage price not found for meter: ${AI_REQUESTS_METER}`)
  }
  return flowgladServer.createUsageEvent({
    subscriptionId: currentSubscription.id,
    priceSlug: usagePrice.slug,
    amount,
    transactionId,
  })
}
