// Writes src/wire.ts from an OpenAPI document: node types.js openapi.json src/wire.ts
import { readFileSync, writeFileSync } from "node:fs"
import { argv } from "node:process"
import openapiTS, { astToString } from "openapi-typescript"
import ts from "typescript"

const [from, to] = argv.slice(2)
const description = JSON.parse(readFileSync(from, "utf8"))
for (const item of Object.values(description.paths)) {
  for (const operation of Object.values(item)) {
    // Every refusal is an Error: src/error.ts has its type.
    for (const status of Object.keys(operation.responses ?? {})) if (status >= "300") delete operation.responses[status]
  }
}
const nodes = await openapiTS(description, {
  // Whole numbers (money, counts, seconds) fit a JavaScript number; quantities need not.
  transform: schema => {
    if (schema.type === "number") return ts.factory.createTypeReferenceNode("Quantity")
  },
})
const heading = `// Written by types.js from the server's own description (/openapi.json). Do not edit:
// go test ./js -run Types -update
import type { Quantity } from "./quantity.js"

`
writeFileSync(to, heading + astToString(nodes))
