// Compares schema.graphqls with that of the last release. What would break a client that was written for the release
// fails; what may surprise one is listed; what is new is counted.
import { readFileSync } from 'node:fs'
import { buildSchema } from 'graphql'
import { CriticalityLevel, diff } from '@graphql-inspector/core'

const [released, current] = process.argv.slice(2).map((path) => buildSchema(readFileSync(path, 'utf8')))
const changes = (await diff(released, current)).filter(({ type }) => !type.includes('DESCRIPTION'))
const at = (level) => changes.filter(({ criticality }) => criticality.level === level)
for (const { message, criticality } of [...at(CriticalityLevel.Breaking), ...at(CriticalityLevel.Dangerous)]) {
  console.log(`${criticality.level}: ${message}${criticality.reason ? ` (${criticality.reason})` : ''}`)
}
const breaking = at(CriticalityLevel.Breaking).length
console.log(`since the last release: ${breaking} breaking, ${changes.length} changes in all`)
if (breaking > 0) {
  console.error('A client of the last release would break. Deprecate instead, or release a new major version with its copy of the schema.')
  process.exit(1)
}
