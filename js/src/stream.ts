/** One message of a stream of server-sent events. */
export interface Message {
  event: string
  data: string
}

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) until the stream ends.
 * heard is called with every sign of life, also those that are no message.
 */
export async function* messages(body: ReadableStream<Uint8Array>, heard: () => void): AsyncGenerator<Message> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = "", event = "", data: string[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      heard()
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ""
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) yield { event: event || "message", data: data.join("\n") }
          event = ""
          data = []
          continue
        }
        const [, field, text = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
        if (field === "event") event = text
        if (field === "data") data.push(text)
      }
    }
  } finally {
    await reader.cancel().catch(() => {}) // of a stream that has failed already
  }
}
