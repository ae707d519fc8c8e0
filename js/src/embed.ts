import { assume, billing, configure, english, TollgateError } from "./elements.js"

// /embed.js: the elements, and tollgate for scripts of the page. Attributes of the script configure them:
// data-token-url names an address of the page's own server that answers a POST with a customer token, as it got it from
// Tollgate; data-url another Tollgate than the one the script comes from; data-prefix another place than /api.

declare global {
  /** What /embed.js gives to the scripts of a page. */
  var tollgate: { configure: typeof configure, billing: typeof billing, english: typeof english, TollgateError: typeof TollgateError }
}

globalThis.tollgate ??= { configure, billing, english, TollgateError }

const script = (document.currentScript ?? document.querySelector("script[src*='/embed.js']")) as HTMLScriptElement | null
const { tokenUrl, url = script?.src && new URL(script.src).origin, prefix } = script?.dataset ?? {}
assume({ ...(url && { url }), ...(prefix && { prefix }) })
if (tokenUrl) configure({ token: () => ask(tokenUrl) })

async function ask(address: string): Promise<{ token: string }> {
  const response = await fetch(address, { method: "POST", credentials: "same-origin", headers: { Accept: "application/json" } })
  if (!response.ok) throw new TollgateError("unauthorized", `${address} answered ${response.status} in place of a customer token.`, response.status)
  return await response.json() as { token: string }
}
