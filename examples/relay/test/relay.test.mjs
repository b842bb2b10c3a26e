// What relay-compiler made, run by Relay's runtime against the demo network; `make test-clients` says where that is served,
// and by which token.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import relay from 'relay-runtime'
import cardRefetch from '../src/generated/partnerCardRefetchQuery.graphql.js'
import card from '../src/generated/partnerCard_partner.graphql.js'
import nextPage from '../src/generated/partnerListPageQuery.graphql.js'
import list from '../src/generated/partnerList_network.graphql.js'
import partners from '../src/generated/partnerPartnersQuery.graphql.js'

const { createOperationDescriptor, Environment, fetchQuery, getSingularSelector, Network, RecordSource, Store } = relay
const { REFERRALS_URL, ADMIN_TOKEN } = process.env

/** An environment as a portal has it, which signs in as ADMIN and counts what it asks. */
function newEnvironment() {
  const asked = []
  const send = async ({ name, text }, variables) => {
    asked.push(name)
    const response = await fetch(REFERRALS_URL, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify({ operationName: name, query: text, variables }),
    })
    return response.json()
  }
  return { environment: new Environment({ network: Network.create(send), store: new Store(new RecordSource()) }), asked }
}

const ask = (environment, query, variables) => fetchQuery(environment, query, variables).toPromise()

/** What a component that uses a fragment sees. */
const see = (environment, fragment, reference) => environment.lookup(getSingularSelector(fragment, reference))

test('a connection grows by a page, which is asked for by the id of the network', async () => {
  const { environment, asked } = newEnvironment()
  const first = createOperationDescriptor(partners, { first: 3 })
  environment.retain(first)
  const { network } = await ask(environment, partners, { first: 3 })
  const seen = () => see(environment, list, network).data.partners
  assert.equal(seen().edges.length, 3)
  assert.equal(seen().pageInfo.hasNextPage, true)

  await ask(environment, nextPage, { id: network.id, first: 4, after: seen().pageInfo.endCursor })
  const names = seen().edges.map(({ node }) => see(environment, card, node).data.name)
  assert.equal(names.length, 7)
  assert.equal(new Set(names).size, 7)
  assert.deepEqual(names, names.toSorted())
  assert.deepEqual(asked, ['partnerPartnersQuery', 'partnerListPageQuery'])
})

test('a partner is asked anew by its id, and whoever shows it sees that', async () => {
  const { environment } = newEnvironment()
  environment.retain(createOperationDescriptor(partners, { first: 1 }))
  const { network } = await ask(environment, partners, { first: 1 })
  const [{ node }] = see(environment, list, network).data.partners.edges
  assert.ok(see(environment, card, node).data.referralsMade.edges.length <= 2)

  const { node: again } = await ask(environment, cardRefetch, { id: node.id, made: 20 })
  const { data, isMissingData } = see(environment, card, again)
  assert.equal(isMissingData, false)
  assert.ok(data.referralsMade.edges.length > 2)
  assert.ok(data.referralsMade.edges.every(({ node: { status } }) => ['ACTIVE', 'INACTIVE'].includes(status)))
})
