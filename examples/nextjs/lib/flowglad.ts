import { FlowgladServer } from "@flowglad/server"
import { findUser } from "./users"

// flowglad returns the billing of one customer. It is the server factory as Flowglad's documentation prints it: the key is the
// only setting, and FLOWGLAD_BASE_URL in the environment is what points it at Tollgate.
export const flowglad = (customerExternalId: string) =>
  new FlowgladServer({
    apiKey: process.env.FLOWGLAD_SECRET_KEY,
    customerExternalId, // the user's id
    getCustomerDetails: async (externalId: string) => {
      const user = findUser(externalId)
      if (!user) {
        throw new Error(`User not found: ${externalId}`)
      }
      return { email: user.email, name: user.name }
    },
  })
