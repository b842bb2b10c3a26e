import { Client, fetchExchange, type CombinedError } from '@urql/core'

/** A client that sends a token. */
export function signedIn(url: string, token: string): Client {
  return new Client({
    url,
    exchanges: [fetchExchange],
    preferGetMethod: false,
    fetchOptions: { headers: { Authorization: `Bearer ${token}` } },
  })
}

/** The codes of what the server answered with, such as FORBIDDEN; for a wrong input, with the path of its field. */
export function codes(error: CombinedError | undefined): string[] {
  return (error?.graphQLErrors ?? []).map(({ extensions }) => [extensions.code, extensions.field].filter(Boolean).join(' '))
}
