// What the examples in docs/javascript.md and README.md take for granted in a reader's own program.
declare function userOf(request: Request): Promise<string>
declare const model: {
  answer(prompt: string): Promise<string>
  stream(prompt: string): Promise<{ text: string, tokens: number }>
}
