// Builds dist, the npm package, and embed.js, which the Go program serves. node build.js FILE writes embed.js alone, there.
import { readFile, writeFile } from "node:fs/promises"
import { execFileSync } from "node:child_process"
import { argv, execPath } from "node:process"
import { build } from "esbuild"

/** Puts a style sheet into a module as text, without what only its readers need. */
const styles = {
  name: "styles",
  setup(b) {
    b.onResolve({ filter: /\.css\?text$/ }, a => ({ path: new URL(a.path.replace("?text", ""), `file://${a.importer}`).pathname, namespace: "styles" }))
    b.onLoad({ filter: /.*/, namespace: "styles" }, async a => ({ contents: JSON.stringify(await minified(a.path)), loader: "json" }))
  },
}

async function minified(path) {
  const { outputFiles } = await build({ entryPoints: [path], minify: true, write: false, target: ["chrome123", "firefox120", "safari17.5"] })
  return outputFiles[0].text.trim()
}

const browsers = { bundle: true, minify: true, plugins: [styles], legalComments: "none", logLevel: "warning", target: "es2022", charset: "utf8" }
const [to] = argv.slice(2)

await build({ ...browsers, entryPoints: ["src/embed.ts"], outfile: to ?? "embed.js", format: "iife", banner: { js: "/* Tollgate. Apache-2.0 */" } })
if (!to) {
  // One folder of chunks: what an app imports from two entries is there once.
  await build({ ...browsers, entryPoints: ["src/server.ts", "src/browser.ts", "src/react.ts", "src/elements.ts"], outdir: "dist", format: "esm", splitting: true, external: ["react"], sourcemap: true })
  await writeFile("dist/style.css", await minified("src/style.css"))
  execFileSync(execPath, ["node_modules/typescript/bin/tsc", "-p", ".", "--emitDeclarationOnly"], { stdio: "inherit" })
}
