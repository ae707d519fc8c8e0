// Builds the npm package: node build.js. And what the Go program serves: node build.js embed.js.
import { execFileSync } from "node:child_process"
import { copyFile, readFile, writeFile } from "node:fs/promises"
import { argv, execPath } from "node:process"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

/** Puts a style sheet into a module as text, without what only its readers need. */
const styles = {
  name: "styles",
  setup(b) {
    b.onResolve({ filter: /\.css\?text$/ }, () => ({ path: fileURLToPath(new URL("src/style.css", import.meta.url)), namespace: "styles" }))
    b.onLoad({ filter: /.*/, namespace: "styles" }, async a => ({ contents: JSON.stringify(await minified(a.path)), loader: "json" }))
  },
}

async function minified(path) {
  // Browsers that have light-dark(), so that none of it is spelled out for older ones.
  const { outputFiles } = await build({ entryPoints: [path], minify: true, write: false, target: ["chrome123", "firefox120", "safari17.5"] })
  return outputFiles[0].text.trim()
}

const shared = { bundle: true, minify: true, plugins: [styles], legalComments: "none", logLevel: "warning", target: "es2022", charset: "utf8" }
const [embed] = argv.slice(2)

if (embed) {
  await build({ ...shared, entryPoints: ["src/embed.ts"], outfile: embed, format: "iife", banner: { js: "/* Tollgate. Apache-2.0 */" } })
} else {
  // What two entries share is in chunks of its own, so that an app that imports both has it once.
  const entryPoints = ["src/server.ts", "src/browser.ts", "src/react.ts", "src/elements.ts"]
  await build({ ...shared, entryPoints, outdir: "dist", format: "esm", splitting: true, external: ["react"], sourcemap: true })
  await writeFile("dist/style.css", await minified("src/style.css"))
  await copyFile("../LICENSE", "dist/LICENSE")
  execFileSync(execPath, ["node_modules/typescript/bin/tsc", "-p", ".", "--emitDeclarationOnly"], { stdio: "inherit" })
}
