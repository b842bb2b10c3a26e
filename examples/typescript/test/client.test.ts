// Against the demo network; `make test-clients` says where it is served, and by which tokens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codes, signedIn } from '../src/client.js'
import { earnings, line } from '../src/earnings.js'
import { graphql } from '../src/generated/index.js'

const given = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run 'make test-clients'`)
  return value
}
const as = (role: string) => signedIn(given('REFERRALS_URL'), given(`${role}_TOKEN`))

test('a partner reads its rows over several pages', async () => {
  const lines: string[] = []
  for await (const row of earnings(as('PARTNER'), '2025-07-01', '2026-06-30')) lines.push(line(row, 'USD'))
  assert.ok(lines.length > 5, `${lines.length} rows are one page`)
  assert.match(lines.join('\n'), /12% of payout for 2 years, from 500\.00 earned, EARNING, \d+\.\d\d USD/)
})

test('every wrong field of an input is told, with its path', async () => {
  const Create = graphql(`
    mutation Create($input: CreatePartnerInput!) {
      createPartner(input: $input) { partner { id } }
    }
  `)
  const { error } = await as('ADMIN').mutation(Create, {
    input: { name: '', billing: { paymentTermsDays: -1 } },
  })
  assert.deepEqual(codes(error).sort(), ['BAD_USER_INPUT billing.paymentTermsDays', 'BAD_USER_INPUT name'])
})

test('who may not ask is told so', async () => {
  const Switch = graphql(`query Switch { network { referralSettings { enabled } } }`)
  const { error } = await as('PARTNER').query(Switch, {})
  assert.deepEqual(codes(error), ['FORBIDDEN'])
})
