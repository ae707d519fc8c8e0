import { NextResponse } from "next/server"
import { AI_REQUESTS_METER, recordUsage } from "@/lib/billing"
import { currentUser } from "@/lib/users"

// POST /api/usage-events {usageMeterSlug, amount} records usage after an answer that the page got elsewhere.
export async function POST(request: Request) {
  const user = await currentUser()
  if (!user) {
    return NextResponse.json({ error: "Unauthorized" }, { status: 401 })
  }
  const { usageMeterSlug, amount = 1, transactionId = crypto.randomUUID() } = await request.json()
  if (usageMeterSlug !== AI_REQUESTS_METER || !Number.isInteger(amount) || amount < 1) {
    return NextResponse.json({ error: `Send usageMeterSlug ${AI_REQUESTS_METER} and an amount above 0.` }, { status: 400 })
  }
  return NextResponse.json(await recordUsage(user.id, amount, transactionId))
}
