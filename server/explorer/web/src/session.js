// A session is a token in the memory of this page and nowhere else: a reload, or another tab, knows nothing of it.
// Nothing but `send` can reach the token, and nothing reads it back.

const endpoint = new URL('../graphql', document.baseURI)

const viewerDocument = /* GraphQL */ `
  query Viewer {
    viewer {
      role
      name
      network { id name currency timeZone }
      partner { id name }
    }
  }
`

export class Refused extends Error {}

/** Opens a session for the bearer of a token, or throws what the server has against it. */
export async function signIn(token) {
  const send = async (request) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/graphql-response+json, application/json',
        Authorization: `Bearer ${token}`,
      },
      body: JSON.stringify(request),
      credentials: 'omit',
      cache: 'no-store',
    })
    const answer = await response.json().catch(() => {
      throw new Error(`The server answers with HTTP ${response.status} and no GraphQL.`)
    })
    return { status: response.status, answer }
  }
  const { status, answer } = await send({ query: viewerDocument })
  const message = answer.errors?.[0]?.message
  if (status === 401) throw new Refused(message)
  if (message) throw new Error(message)
  return { viewer: answer.data.viewer, send }
}

/** Asks, and gives the data; what is wrong is thrown. */
export async function ask(session, query, variables) {
  const { answer } = await session.send({ query, variables })
  if (answer.errors?.length) throw new Error(answer.errors[0].message)
  return answer.data
}
