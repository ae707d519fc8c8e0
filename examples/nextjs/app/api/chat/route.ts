import { NextResponse } from "next/server"
import { checkUsageAllowed, recordUsage } from "@/lib/billing"
import { currentUser } from "@/lib/users"

// POST /api/chat {question} answers, and counts one request.
export async function POST(request: Request) {
  const user = await currentUser()
  if (!user) {
    return NextResponse.json({ error: "Unauthorized" }, { status: 401 })
  }
  if (!(await checkUsageAllowed(user.id))) {
    return NextResponse.json({ error: "Usage limit reached" }, { status: 429 })
  }
  const { question } = await request.json()
  const answer = `You asked: ${String(question).split("").reverse().join("")}` // what a model would say
  await recordUsage(user.id, 1, crypto.randomUUID())
  return NextResponse.json({ answer })
}
