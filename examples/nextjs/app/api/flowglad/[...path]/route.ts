import { nextRouteHandler } from "@flowglad/nextjs/server"
import type { NextRequest } from "next/server"
import { flowglad } from "@/lib/flowglad"
import { currentUser } from "@/lib/users"

// The routes that the hooks of @flowglad/nextjs call.
const routes = nextRouteHandler({
  flowglad,
  getCustomerExternalId: async () => {
    const user = await currentUser()
    if (!user) {
      throw new Error("Unauthorized")
    }
    return user.id
  },
})

// Next 15 refuses the handlers' own type, which also allows the params of Next 14.
type Context = { params: Promise<{ path: string[] }> }

export const GET = (request: NextRequest, context: Context) => routes.GET(request, context)
export const POST = (request: NextRequest, context: Context) => routes.POST(request, context)
