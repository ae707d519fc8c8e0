import type { components } from "./wire.js"

/** The codes of refusals; the documentation of the server tells what each means. */
export type Code = components["schemas"]["Error"]["error"]

/**
 * Why a call failed: what the server refused, or `unavailable` when it could not be asked and nothing is confirmed.
 */
export class TollgateError extends Error {
  override readonly name = "TollgateError"

  constructor(
    /** What kind of refusal it is. */
    readonly code: Code,
    message: string,
    /** The HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** What else the answer says: availableBalance, required, upgradeUrl, field … */
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
