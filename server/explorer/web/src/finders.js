// How things are found by what people call them.
import { ask } from './session.js'

export const findNetworks = (session) => async (search) => {
  const data = await ask(session, /* GraphQL */ `
    query FindNetworks($search: String) { networks(search: $search, first: 8) { nodes { id name currency timeZone } } }
  `, { search })
  return data.networks.nodes.map((network) => ({ ...network, label: network.name, detail: `${network.currency}, ${network.timeZone}` }))
}

const findPartners = (session, network) => async (search) => {
  const data = await ask(session, /* GraphQL */ `
    query FindPartners($network: ID!, $filter: PartnerFilter) {
      network(id: $network) { partners(filter: $filter, first: 8) { nodes { id name status } } }
    }
  `, { network, filter: { search } })
  return data.network.partners.nodes.map(({ id, name, status }) => ({ id, label: name, detail: status.toLowerCase() }))
}

const findInvoices = (session, network) => async (search) => {
  const data = await ask(session, /* GraphQL */ `
    query FindInvoices($network: ID!, $filter: InvoiceFilter) {
      network(id: $network) { invoices(filter: $filter, first: 8) { nodes { id number total currency partner { name } } } }
    }
  `, { network, filter: { search } })
  return data.network.invoices.nodes.map(({ id, number, total, currency, partner }) => ({
    id, label: `${number}, ${partner.name}`, detail: `${total} ${currency}`,
  }))
}

/** By the name of a variable: how to find what it asks for. */
export const finders = {
  partner: { label: 'Partner', placeholder: 'A part of its name', find: findPartners },
  invoice: { label: 'Invoice', placeholder: 'Its number or partner', find: findInvoices },
}
