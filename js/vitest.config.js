import { readFile } from "node:fs/promises"
import { defineConfig } from "vitest/config"

export default defineConfig({
  plugins: [{
    name: "styles", // as build.js puts them into modules
    enforce: "pre",
    async load(id) {
      if (!id.endsWith(".css?text")) return
      return `export default ${JSON.stringify(await readFile(id.replace("?text", ""), "utf8"))}`
    },
  }],
  test: {
    include: ["test/*.test.{ts,tsx}"],
    exclude: process.env["TOLLGATE_URL"] ? [] : ["test/program.test.ts"], // which needs a server
    testTimeout: 60_000,
    reporters: ["default"],
  },
})
