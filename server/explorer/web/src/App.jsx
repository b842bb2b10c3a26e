import { DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer'
import { HISTORY_PLUGIN } from '@graphiql/plugin-history'
import { useGraphiQL } from '@graphiql/react'
import { GraphiQL } from 'graphiql'
import { getIntrospectionQuery, parse } from 'graphql'
import { useEffect, useMemo, useState } from 'react'
import { Banner } from './Banner.jsx'
import { Desk, SHELF_PLUGIN } from './Shelf.jsx'
import { SignIn } from './SignIn.jsx'
import { settings } from './settings.js'
import { newStorage } from './storage.js'

const plugins = [SHELF_PLUGIN, HISTORY_PLUGIN]

/** The page: a sign-in, and then the explorer of that session. */
export function App() {
  const [session, setSession] = useState(null)
  const [notice, setNotice] = useState(null)
  if (!session) return <SignIn notice={notice} onSession={setSession} />
  const end = (why) => {
    setNotice(why)
    setSession(null)
  }
  return <Explorer session={session} onExpired={end} onSignOut={() => end(null)} />
}

function Explorer({ session, onExpired, onSignOut }) {
  const [network, setNetwork] = useState(session.viewer.network)
  const [storage] = useState(() => newStorage(session.viewer))
  const schema = useSchema(session)
  const desk = useMemo(() => ({ session, network }), [session, network])
  const fetcher = useMemo(() => async ({ query, variables, operationName }) => {
    const { status, answer } = await session.send({ query, variables, operationName: named(query, operationName) })
    if (status === 401) onExpired(answer.errors?.[0]?.message)
    return answer
  }, [session]) // onExpired is always the same: the page's own
  return (
    <Desk value={desk}>
      <div className="explorer">
        <Banner session={session} network={network} onNetwork={setNetwork} onSignOut={() => { storage.forget(); onSignOut() }} />
        <main>
          <GraphiQL
            fetcher={fetcher} schema={schema} storage={storage} plugins={plugins} referencePlugin={DOC_EXPLORER_PLUGIN} visiblePlugin={SHELF_PLUGIN}
            isHeadersEditorEnabled={false} shouldPersistHeaders={false}
            defaultQuery={firstDocument(session.viewer)} defaultEditorToolsVisibility="variables"
          >
            <GraphiQL.Logo><NetworkVariable network={network} /></GraphiQL.Logo>
          </GraphiQL>
        </main>
      </div>
    </Desk>
  )
}

/** The operation's name if the document has it: the editor notices what is written a moment late, and names what was there before. */
function named(query, operationName) {
  try {
    return parse(query).definitions.some(({ name }) => name?.value === operationName) ? operationName : undefined
  } catch {
    return operationName // the server says what is wrong with the document
  }
}

/** The schema, where this role may look at it; without it there is no completion and no documentation, and the rest works. */
function useSchema(session) {
  const [schema, setSchema] = useState(null)
  useEffect(() => {
    const query = getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, oneOf: true })
    settings
      .then(({ explorers }) => explorers.includes(session.viewer.role) ? session.send({ query, operationName: 'IntrospectionQuery' }) : {})
      .then(({ answer }) => setSchema(answer?.data?.__schema ? answer.data : null), () => setSchema(null))
  }, [session])
  return schema
}

/** Keeps the variable $network of the tab that is shown what the banner says. */
function NetworkVariable({ network }) {
  const query = useGraphiQL((state) => state.queryEditor)
  const editor = useGraphiQL((state) => state.variableEditor)
  useEffect(() => {
    if (!query || !editor || !network || !query.getValue().includes('$network')) return
    try {
      const variables = JSON.parse(editor.getValue() || '{}')
      if (variables.network !== network.id) editor.setValue(JSON.stringify({ ...variables, network: network.id }, null, 2))
    } catch {
      // somebody is writing there
    }
  }, [query, editor, network])
  return null
}

/** What the first tab begins with. */
const firstDocument = ({ network }) => (network
  ? `# Who am I here? Run it, and go on from there:
# Ctrl-Space shows what can be asked.
query WhoAmI {
  viewer {
    role
    name
    network {
      name
      currency
      timeZone
    }
  }
}
`
  : `# Choose a network above: it becomes $network.
# Ctrl-Space shows what can be asked.
query ANetwork($network: ID!) {
  network(id: $network) {
    name
    currency
    timeZone
  }
}
`)
