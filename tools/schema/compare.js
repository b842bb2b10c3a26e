// Compares schema.graphqls with that of the last release. What would break a client that was written for the release
// fails; everything else that changed is listed, for the changelog.
import { readFileSync } from 'node:fs'
import { buildSchema } from 'graphql'
import { CriticalityLevel, diff } from '@graphql-inspector/core'

const [released, current] = process.argv.slice(2).map((path) => buildSchema(readFileSync(path, 'utf8')))
const changes = await diff(released, current)

const told = { [CriticalityLevel.Breaking]: [], [CriticalityLevel.Dangerous]: [], [CriticalityLevel.NonBreaking]: [] }
for (const change of changes) {
  if (!change.type.includes('DESCRIPTION')) told[change.criticality.level].push(change)
}
for (const [level, those] of Object.entries(told)) {
  for (const { message, criticality } of those) {
    console.log(`${level}: ${message}${criticality.reason ? ` (${criticality.reason})` : ''}`)
  }
}
const breaking = told[CriticalityLevel.Breaking].length
console.log(`since the last release: ${breaking} breaking, ${changes.length} changes in all`)
if (breaking > 0) {
  console.error('A client of the last release would break. Deprecate instead, or release a new major version with its copy of the schema.')
  process.exit(1)
}
