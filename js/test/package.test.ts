import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { execPath } from "node:process"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { describe, expect, it } from "vitest"

// What is published, as `node build.js` makes it.

const bytesMax = 15 * 1024

describe.each(["server", "browser", "react", "elements"])("tollgate/%s", entry => {
  it(`is at most ${bytesMax} bytes, compressed, with all that it imports but React`, async () => {
    const { outputFiles } = await build({ entryPoints: [`dist/${entry}.js`], bundle: true, minify: true, write: false, format: "esm", external: ["react"] })
    expect(gzipSync(outputFiles[0]!.contents, { level: 9 }).length).toBeLessThanOrEqual(bytesMax)
  })

  it("is found under its name in Node, also where there is no page, and has types", async () => {
    const names = JSON.parse(execFileSync(execPath, ["--input-type=module", "-e", `console.log(JSON.stringify(Object.keys(await import("tollgate/${entry}"))))`], { encoding: "utf8" })) as string[]
    expect(names).toContain("TollgateError")
    const { exports } = JSON.parse(await readFile("package.json", "utf8")) as { exports: Record<string, { types: string, default: string }> }
    for (const file of Object.values(exports[`./${entry}`]!)) expect(existsSync(file), file).toBe(true)
  })

  it("evaluates no text as a program, and loads nothing", async () => {
    const { outputFiles } = await build({ entryPoints: [`dist/${entry}.js`], bundle: true, minify: true, write: false, format: "esm", external: ["react"] })
    const text = outputFiles[0]!.text
    expect(text).not.toMatch(/\beval\(|new Function\b|\.innerHTML|document\.write|import\(|https?:\/\/(?!www\.w3\.org\/2000\/svg|page\.invalid)/)
  })
})

it("the elements and the script of the program are the same words, in a sheet that no policy forbids", async () => {
  const [elements, embed] = await Promise.all(["dist/style.css", "embed.js"].map(f => readFile(f, "utf8")))
  expect(embed).toContain(JSON.stringify(elements!.slice(0, 200)).slice(1, -1).replaceAll('\\"', '"'))
  expect(embed).not.toMatch(/createElement\("style"\)|<style|cssText/)
})
