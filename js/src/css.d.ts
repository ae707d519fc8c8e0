/** A style sheet as text: build.js and Vitest put it there. */
declare module "*.css?text" {
  const text: string
  export default text
}
