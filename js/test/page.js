// Bundles a page of the browser tests: node test/page.js FROM TO
import { argv } from "node:process"
import { build } from "esbuild"

const [from, outfile] = argv.slice(2)
await build({ entryPoints: [from], outfile, bundle: true, minify: true, format: "iife", jsx: "automatic", define: { "process.env.NODE_ENV": '"production"' }, logLevel: "warning" })
