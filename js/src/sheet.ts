import text from "./style.css?text"

let sheet: CSSStyleSheet | undefined

/**
 * Gives a document or a shadow root the style of the components, once. A constructed sheet, unlike an element or an
 * attribute, needs no leave of a content security policy.
 */
export function adopt(root: DocumentOrShadowRoot): void {
  if (!("adoptedStyleSheets" in root)) return
  if (!sheet) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
  }
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
}
