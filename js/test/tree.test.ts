// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest"
import { el, patch } from "../src/tree.js"

beforeEach(() => { document.body.innerHTML = "" })

describe("patch", () => {
  it("makes what it is told, and leaves out what is not there", () => {
    patch(document.body, [el("p", { class: "a", hidden: true, title: undefined, lang: false, tabindex: 0 }, "one ", el("b", {}, "two"), false, undefined, ""), "three"])
    expect(document.body.innerHTML).toBe('<p class="a" hidden="" tabindex="0">one <b>two</b></p>three')
    patch(document.body, [el("p", { title: "t" }, "four")])
    expect(document.body.innerHTML).toBe('<p title="t">four</p>')
    patch(document.body, [])
    expect(document.body.innerHTML).toBe("")
  })

  it("writes text as text", () => {
    patch(document.body, [el("p", { title: '"><script>' }, "<img src=x onerror=alert(1)>")])
    expect(document.querySelector("img,script")).toBeNull()
  })

  it("keeps the nodes that stay, and their focus", () => {
    patch(document.body, [el("p", {}, "1"), el("button", { click: () => {} }, "go")])
    const button = document.querySelector("button")!
    button.focus()
    patch(document.body, [el("p", {}, "2"), el("button", { click: () => {}, class: "x" }, "go")])
    expect(document.activeElement).toBe(button)
    expect(button.className).toBe("x")
  })

  it("has a button do what it was told last, once", () => {
    const done: string[] = []
    for (const what of ["a", "b", "c"]) patch(document.body, [el("button", { click: () => { done.push(what) } }, what)])
    document.querySelector("button")!.click()
    expect(done).toEqual(["c"])
    patch(document.body, [el("button", {}, "nothing")])
    document.querySelector("button")!.click()
    expect(done).toEqual(["c"])
  })

  it("draws in the namespace of SVG", () => {
    patch(document.body, [el("svg", { viewBox: "0 0 100 1" }, el("rect", { width: 35 }))])
    expect(document.querySelector("rect")?.namespaceURI).toBe("http://www.w3.org/2000/svg")
    expect(document.querySelector("svg")?.getAttribute("viewBox")).toBe("0 0 100 1")
  })

  it("gives the focus to what appears with it, once", async () => {
    patch(document.body, [el("p", {}, "?"), el("button", { autofocus: true }, "Back"), el("button", {}, "other")])
    await Promise.resolve()
    expect(document.activeElement?.textContent).toBe("Back")
    expect(document.querySelector("[autofocus]")).toBeNull()
    document.querySelectorAll("button")[1]!.focus()
    patch(document.body, [el("p", {}, "?"), el("button", { autofocus: true }, "Back"), el("button", {}, "other")])
    await Promise.resolve()
    expect(document.activeElement?.textContent).toBe("other")
  })
})
