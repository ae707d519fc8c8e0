"use client"

import { useBilling } from "@flowglad/nextjs"
import { useState } from "react"

// Dashboard asks questions, and shows what is left of them.
export function Dashboard({ name }: { name: string }) {
  const billing = useBilling()
  const [said, setSaid] = useState("")
  const [busy, setBusy] = useState(false)

  if (!billing.loaded) {
    return <main aria-busy>Loading …</main>
  }
  if (billing.errors) {
    return <main role="alert">{billing.errors[0]?.message}</main>
  }
  if (!billing.checkUsageBalance) {
    return <main role="alert">Nobody is signed in.</main>
  }

  const usage = billing.checkUsageBalance("ai_requests")
  const remaining = usage?.availableBalance ?? 0
  const subscription = billing.currentSubscription
  const paid = subscription && !subscription.isFreePlan
  const ending = subscription?.status === "cancellation_scheduled"

  const act = async (what: () => Promise<unknown>) => {
    setBusy(true)
    try {
      await what()
      await billing.reload()
    } catch (error) {
      setSaid(String(error))
    } finally {
      setBusy(false)
    }
  }

  const ask = (form: FormData) =>
    act(async () => {
      const answer = await fetch("/api/chat", { method: "POST", body: JSON.stringify({ question: form.get("question") }) })
      const { answer: text, error } = await answer.json()
      setSaid(text ?? error)
    })

  const handleUpgrade = () =>
    act(async () => {
      await billing.createCheckoutSession({
        priceSlug: "pro_monthly",
        successUrl: `${window.location.origin}/`,
        cancelUrl: window.location.href,
        quantity: 1,
        autoRedirect: true,
      })
    })

  const handleCancel = (id: string) =>
    act(() => billing.cancelSubscription({ id, cancellation: { timing: "at_end_of_current_billing_period" } }))

  return (
    <main>
      <h1>Ask</h1>
      <p>
        {name}, you are on <strong id="plan">{subscription?.name ?? "no plan"}</strong>. Remaining: <strong id="remaining">{remaining}</strong>
      </p>
      <form action={ask}>
        <label>
          Question <input name="question" required maxLength={200} />
        </label>
        <button id="ask" disabled={busy}>
          Ask
        </button>
      </form>
      <p id="said" role="status">
        {said}
      </p>
      {remaining < 1 && <p role="alert">You have used all your requests.</p>}
      {!paid && (
        <button id="upgrade" disabled={busy} onClick={handleUpgrade}>
          Upgrade to Pro: $7.99 a month
        </button>
      )}
      {paid && !ending && (
        <button id="cancel" disabled={busy} onClick={() => handleCancel(subscription.id)}>
          Cancel
        </button>
      )}
      {ending && <p id="ending">Ends at {new Date(subscription.cancelScheduledAt ?? 0).toISOString().slice(0, 10)}.</p>}
      {billing.billingPortalUrl && (
        <p>
          <a id="portal" href={billing.billingPortalUrl}>
            Cards and invoices
          </a>
        </p>
      )}
    </main>
  )
}
