import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react'
import { parse } from 'graphql'
import { createContext, useContext, useMemo, useState } from 'react'
import { finders } from './finders.js'
import { Lookup } from './Lookup.jsx'
import { lastYear, shelf } from './shelf.js'

/** What the shelf needs of the page around it: the session, and the network that is looked at. */
export const Desk = createContext(null)

export const SHELF_PLUGIN = {
  title: 'Shelf',
  icon: () => (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" aria-hidden="true">
      <path d="M3.5 20.5h17M5 17V4.5h3.5V17zM8.5 17V7H12v10zM13.4 8l3.2-1 3.3 9.2-3.2 1.1z" />
    </svg>
  ),
  content: Shelf,
}

function Shelf() {
  const { session, network } = useContext(Desk)
  const documents = shelf.filter(({ roles }) => roles.includes(session.viewer.role))
  const [open, setOpen] = useState(documents[0]?.key)
  return (
    <section className="shelf" aria-label="Shelf">
      <h2 className="graphiql-doc-explorer-title">Shelf</h2>
      <p className="lead">Questions that are asked often. Run one, and change its document as you like.</p>
      {documents.length === 0 && <p>Nothing is here for the role {session.viewer.role}.</p>}
      {documents.map((document) => (
        <details key={document.key} name="shelf" open={open === document.key} onToggle={(event) => event.currentTarget.open && setOpen(document.key)}>
          <summary>{document.title}</summary>
          <p>{document.about}</p>
          <Form key={network?.id} document={document} />
        </details>
      ))}
    </section>
  )
}

function Form({ document }) {
  const { session, network } = useContext(Desk)
  const run = useRun()
  const year = useMemo(() => lastYear(network?.timeZone), [network])
  const [values, setValues] = useState(() => Object.fromEntries(document.variables.map(({ name, initial }) => [name, initial ?? year[name]])))
  const [chosen, setChosen] = useState({})
  const find = useMemo(() => Object.fromEntries(Object.entries(finders).map(([name, finder]) => [
    name, network ? finder.find(session, network.id) : async () => [],
  ])), [session, network])
  const asked = document.variables.filter(({ name }) => name !== 'network')
  const needsNetwork = asked.length < document.variables.length
  const set = (name, value) => setValues({ ...values, [name]: value })

  const ready = (!needsNetwork || network) && run && asked.every(({ name, required }) => !required || values[name])

  function submit(event) {
    event.preventDefault()
    run(document, Object.fromEntries(document.variables.map(({ name }) => [name, name === 'network' ? network.id : values[name]])))
  }

  return (
    <form onSubmit={submit} autoComplete="off">
      <div className="fields">
        {asked.map(({ name, type, required }) => {
          const finder = finders[name]
          if (finder) {
            return (
              <Lookup
                key={name} label={finder.label} placeholder={finder.placeholder} takesIds required={required} chosen={chosen[name]}
                find={find[name]}
                onChoose={(option) => { setChosen({ ...chosen, [name]: option }); set(name, option.id) }}
              />
            )
          }
          return <Plain key={name} name={name} type={type} required={required} value={values[name]} onChange={(value) => set(name, value)} />
        })}
      </div>
      {needsNetwork && !network && <p className="hint">Choose a network first, above.</p>}
      <button type="submit" className="primary" disabled={!ready}>Run<span className="unseen">: {document.title}</span></button>
    </form>
  )
}

const labels = { externalId: 'Conversion, by its external id', from: 'From', to: 'To, included', first: 'How many' }
const inputs = { Date: 'date', Int: 'number' }

function Plain({ name, type, required, value, onChange }) {
  return (
    <div className={`field ${type.toLowerCase()}`}>
      <label>
        {labels[name] ?? name}
        <input
          type={inputs[type] ?? 'text'} value={value ?? ''} required={required} spellCheck="false" min={type === 'Int' ? 1 : undefined}
          onChange={(event) => onChange(type === 'Int' ? event.target.valueAsNumber || undefined : event.target.value)}
        />
      </label>
    </div>
  )
}

/** Puts a document and its variables into a tab of its name, and runs it; null until the editors are there. */
function useRun() {
  const { tabs, queryEditor, variableEditor, responseEditor } = useGraphiQL(pick('tabs', 'queryEditor', 'variableEditor', 'responseEditor'))
  const { addTab, changeTab, setOperationFacts, updateActiveTabValues, run } = useGraphiQLActions()
  if (!queryEditor || !variableEditor || !responseEditor) return null
  return ({ name, text }, variables) => {
    const index = tabs.findIndex(({ title }) => title === name)
    if (index < 0) addTab()
    else changeTab(index)
    const written = JSON.stringify(variables, null, 2)
    queryEditor.setValue(text)
    variableEditor.setValue(written)
    const documentAST = parse(text)
    setOperationFacts({ documentAST, operationName: name, operations: documentAST.definitions })
    updateActiveTabValues({ query: text, variables: written, operationName: name })
    run()
    requestAnimationFrame(() => window.document.querySelector('.graphiql-tab-active')?.scrollIntoView({ inline: 'nearest', block: 'nearest' }))
  }
}
