/** Gives a customer token: as the server's answer to createToken, or the token alone. */
export type TokenSource = () => Promise<string | { token: string }> | string | { token: string }

/** Keeps a token while it is good, and asks for a new one once, however many wait for it. */
export class Tokens {
  #token: Promise<string> | undefined

  constructor(readonly source: TokenSource) {}

  /** Returns the token. A source that fails is asked again by the next call. */
  current(): Promise<string> {
    if (this.#token) return this.#token
    const asked = Promise.resolve().then(this.source).then(given => typeof given === "string" ? given : given.token)
    this.#token = asked
    asked.catch(() => this.#forget(asked))
    return asked
  }

  /** Returns another token than one that the server has refused. */
  async renew(refused: string): Promise<string> {
    const token = this.#token
    if (token && await token.catch(() => refused) === refused) this.#forget(token)
    return this.current()
  }

  #forget(token: Promise<string>): void {
    if (this.#token === token) this.#token = undefined
  }
}
