// Builds the page into ../generated, each file compressed: the server sends them as they are.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, constants } from 'node:zlib'
import { build } from 'vite'

const out = process.argv[2] ?? '../generated'
await build({ build: { outDir: out, emptyOutDir: true } })
for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  const path = join(entry.parentPath, entry.name)
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }))
  rmSync(path)
}
