/** What a component shows, for React and for the DOM alike. */
export interface Element {
  tag: string
  /** As HTML names them; false and undefined leave one out, true writes it without a value; autofocus is done, not written. */
  attributes: Record<string, string | number | boolean | undefined>
  click?: (() => void) | undefined
  children: Child[]
}

export type Child = Element | string | false | undefined

/** Makes an element. */
export function el(tag: string, attributes: Element["attributes"], ...children: Child[]): Element
export function el(tag: "button", attributes: Attributes & { click: () => void }, ...children: Child[]): Element
export function el(tag: string, { click, ...attributes }: Attributes & { click?: unknown }, ...children: Child[]): Element {
  return { tag, attributes: attributes as Element["attributes"], click: click as (() => void) | undefined, children }
}

type Attributes = { [name: string]: string | number | boolean | undefined | (() => void) }

const svg = "http://www.w3.org/2000/svg"
const clicks = new WeakMap<globalThis.Element, () => void>()

/** Makes parent hold children, by changing no more than differs, so that what has the focus keeps it. */
export function patch(parent: Node, children: Child[]): void {
  const wanted = children.filter(c => c !== false && c !== undefined && c !== "")
  wanted.forEach((child, i) => {
    const old = parent.childNodes[i]
    const next = made(old, child as Element | string)
    if (next !== old) old ? parent.replaceChild(next, old) : parent.appendChild(next)
  })
  while (parent.childNodes.length > wanted.length) parent.removeChild(parent.lastChild as Node)
}

/** Returns old, changed to be child, or a new node when it cannot be. */
function made(old: Node | undefined, child: Element | string): Node {
  if (typeof child === "string") {
    if (old?.nodeType !== 3) return document.createTextNode(child)
    if (old.nodeValue !== child) old.nodeValue = child
    return old
  }
  const same = old instanceof globalThis.Element && old.localName === child.tag
  const node = same ? old : /^(svg|rect)$/.test(child.tag) ? document.createElementNS(svg, child.tag) : document.createElement(child.tag)
  const { autofocus, ...attributes } = child.attributes
  if (autofocus && !same) queueMicrotask(() => (node as HTMLElement).focus())
  for (const { name } of [...node.attributes]) if (!written(attributes[name])) node.removeAttribute(name)
  for (const [name, value] of Object.entries(attributes)) {
    const text = value === true ? "" : String(value)
    if (written(value) && node.getAttribute(name) !== text) node.setAttribute(name, text)
  }
  if (!clicks.has(node) && child.click) node.addEventListener("click", () => clicks.get(node)?.())
  if (child.click || clicks.has(node)) clicks.set(node, child.click ?? (() => {}))
  patch(node, child.children)
  return node
}

function written(value: string | number | boolean | undefined): boolean {
  return value !== undefined && value !== false
}
