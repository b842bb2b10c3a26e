// The shelf: documents that answer what support staff is asked most. Each is a file of ../shelf; its first comment is the
// question, the next ones say what the answer holds and whose document it is. The form is made of its variables.
import { read } from './shelf-file.js'

const files = import.meta.glob('../shelf/*.graphql', { query: '?raw', import: 'default', eager: true })

// From what is asked most to what is asked least.
const order = [
  'why-a-conversion', 'referrals-of-a-partner', 'lines-of-an-invoice', 'reconciliation', 'audit-of-a-partner',
  'report-of-a-network', 'settings-of-a-network', 'my-earnings', 'my-invoices',
]

export const shelf = Object.entries(files).map(([path, text]) => read(path, text))
  .sort((a, b) => order.indexOf(a.key) - order.indexOf(b.key))

/** A year up to today, by the calendar of the network. */
export function lastYear(timeZone) {
  const today = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format()
  const from = new Date(`${today}T00:00:00Z`)
  from.setUTCFullYear(from.getUTCFullYear() - 1)
  from.setUTCDate(from.getUTCDate() + 1)
  return { from: from.toISOString().slice(0, 10), to: today }
}
