// What a partner sees of its own referrals, as the partner portal asks for it.
import type { Client } from '@urql/core'
import { graphql, useFragment as read, type FragmentType } from './generated/index.js'

// A row masks what is in it: only who names the fragment reads its fields.
export const Row = graphql(`
  fragment Row on ReferralReportRow {
    id
    referred { id name }
    structure { summary }
    state
    balance
    unbilled
  }
`)

const MyEarnings = graphql(`
  query MyEarnings($from: Date!, $to: Date!, $first: Int, $after: String) {
    viewer {
      partner {
        id
        name
        referralReport(from: $from, to: $to) {
          currency
          totals { rows balance unbilled }
          rows(first: $first, after: $after) {
            pageInfo { hasNextPage endCursor }
            nodes { ...Row }
          }
        }
      }
    }
  }
`)

/** All rows of the partner that is signed in, page by page. */
export async function* earnings(client: Client, from: string, to: string): AsyncGenerator<FragmentType<typeof Row>> {
  let after: string | null | undefined
  do {
    const { data, error } = await client.query(MyEarnings, { from, to, first: 5, after })
    if (error) throw error
    const rows = data?.viewer.partner?.referralReport.rows
    if (!rows) throw new Error('whoever is signed in is no partner')
    yield* rows.nodes
    after = rows.pageInfo.hasNextPage ? rows.pageInfo.endCursor : null
  } while (after)
}

/** A row in a line of text. An amount that is null was not calculated, which is not zero. */
export function line(row: FragmentType<typeof Row>, currency: string): string {
  const { referred, structure, state, balance } = read(Row, row)
  return `${referred.name}: ${structure?.summary ?? 'tracked only'}, ${state}, ${balance ? `${balance} ${currency}` : 'not calculated'}`
}
