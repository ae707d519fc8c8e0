// Streams answers into the page and keeps what is left true. Without it the forms work as they are.
const find = (selector, within = document) => within.querySelector(selector)

// What is left comes from the server within a second of every change, whoever caused it.
function listen() {
  const events = new EventSource("/api/events")
  events.addEventListener("balances", e => JSON.parse(e.data).balances.forEach(show))
  events.addEventListener("end", e => { if (JSON.parse(e.data).reason === "gone") events.close() })
  return events
}

function show(balance) {
  const box = find(`[data-balance="${balance.slug}"]`)
  if (!box || balance.unlimited) return
  const meter = find("meter", box)
  find("[data-left]", box).textContent = meter.value = balance.available
  if (meter.max < balance.available) meter.max = balance.available
}

// A page that nobody sees needs no stream, and a browser has six connections for all of them.
let events = null
function follow() {
  if (document.hidden) { events?.close(); events = null } else events ??= listen()
}
if (find("[data-balance]")) {
  document.addEventListener("visibilitychange", follow)
  follow()
}

const form = find("#ask")
form?.addEventListener("submit", async e => {
  e.preventDefault()
  const button = find("button", form), failed = find("#failed")
  if (button.disabled) return
  button.disabled = true
  failed.hidden = find("#refused").hidden = true
  try {
    await ask(new FormData(form))
  } catch (err) {
    failed.textContent = err.message
    failed.hidden = false
    toEnd()
  }
  button.disabled = false
})
find("#prompt")?.addEventListener("keydown", e => {
  if (e.key !== "Enter" || e.shiftKey || e.isComposing) return
  e.preventDefault()
  form.requestSubmit()
})

async function ask(fields) {
  const answer = await fetch("/chat", { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/x-ndjson" } })
  if (answer.status === 402) return refuse(await answer.json())
  if (!answer.ok) throw new Error((await answer.json()).message)
  form.reset()
  const turn = add(fields.get("prompt"))
  let ended = false
  turn.ariaBusy = true // so that it is read aloud as a whole
  toEnd()
  for await (const line of lines(answer.body)) {
    const reading = innerHeight + scrollY < document.documentElement.scrollHeight - 80 // further up: leave the page where it is
    if (line.word) find("[data-answer]", turn).textContent += line.word
    if (line.tokens) find("[data-cost]", turn).textContent = `${line.tokens} tokens`
    if (line.error) turn.ariaBusy = false
    if (line.error) throw new Error(line.error)
    ended = Boolean(line.tokens)
    if (!reading) toEnd()
  }
  turn.ariaBusy = false
  if (!ended) throw new Error("The connection was lost before the answer had ended.")
}

function add(prompt) {
  find("#empty")?.remove()
  const turn = find("#turn").content.firstElementChild.cloneNode(true)
  find("[data-prompt]", turn).textContent = prompt
  find("#last").before(turn)
  return turn
}

function refuse(why) {
  document.querySelectorAll("[data-out]").forEach(p => { p.hidden = p.dataset.out !== why.balance })
  find("#refused").hidden = false
  toEnd()
}

function toEnd() { scrollTo(0, document.documentElement.scrollHeight) }
if (find("article")) toEnd()

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  for (let rest = ""; ;) {
    const { value, done } = await reader.read()
    if (done) return
    const all = (rest + value).split("\n")
    rest = all.pop()
    yield* all.map(line => JSON.parse(line))
  }
}
