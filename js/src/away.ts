const awayKey = "tollgate-away" // in the page's session: when it left to pay
const awayMax = 3600_000 // milliseconds

/** Goes to a page where the customer pays, and remembers it for the return. */
export function leave(address: string): void {
  try {
    sessionStorage.setItem(awayKey, String(Date.now()))
  } catch {
    // The browser keeps nothing for this page: it then shows what was paid when it is told.
  }
  globalThis.location.assign(address)
}

/** Says whether the page has just come back from where the customer pays, once. */
export function returned(): boolean {
  try {
    const at = Number(sessionStorage.getItem(awayKey) ?? NaN)
    sessionStorage.removeItem(awayKey)
    return Date.now() - at < awayMax
  } catch {
    return false
  }
}
