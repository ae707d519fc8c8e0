import { createRoot } from "react-dom/client"
import { OutOfCredits, PricingTable, TollgateProvider, UpgradePrompt, useBilling, UsageMeter } from "tollgate/react"

// A page with React, as the browser tests show it: the package as it is published, under its own name.

function Account() {
  const billing = useBilling()
  if (!billing.loaded) return <p>Loading</p>
  const left = billing.checkUsageBalance("ai_requests")?.availableBalance
  return <p>{`Hello ${billing.customer?.externalId}: ${left} on ${billing.plan?.name}${billing.checkFeatureAccess("api") ? ", with API" : ""}`}</p>
}

const root = document.querySelector("main")!
const { url = "", customer = "" } = root.dataset
createRoot(root).render(
  <TollgateProvider url={url} token={() => fetch(`/token?customer=${customer}`, { method: "POST" }).then(r => r.json() as Promise<{ token: string }>)}>
    <Account />
    <UsageMeter meter="ai_requests" />
    <UsageMeter meter="exports" />
    <UpgradePrompt meter="ai_requests" />
    <OutOfCredits meter="ai_requests" price="pro_monthly" />
    <h2>Plans</h2>
    <PricingTable />
  </TollgateProvider>,
)
