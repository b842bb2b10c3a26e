import { useEffect, useId, useRef, useState } from 'react'

const patience = 200 // ms without a key before the server is asked

/**
 * A field that finds a thing by what people call it. `find` answers a text with `{ id, label, detail }`s; `chosen` is one
 * of them or null. An id can be pasted too, where `takesIds` says so.
 */
export function Lookup({ label, placeholder, find, chosen, onChoose, takesIds, hideLabel, required }) {
  const id = useId()
  const [text, setText] = useState(null) // null: shows what is chosen
  const [found, setFound] = useState([])
  const [at, setAt] = useState(0)
  const [problem, setProblem] = useState(null)
  const input = useRef(null)
  const open = text !== null

  useEffect(() => {
    if (text === null) return undefined
    let stale = false
    const timer = setTimeout(async () => {
      try {
        const answer = await find(text)
        if (stale) return
        setFound(answer)
        setAt(0)
        setProblem(null)
      } catch (error) {
        if (!stale) setProblem(error.message)
      }
    }, text ? patience : 0)
    return () => {
      stale = true
      clearTimeout(timer)
    }
  }, [text, find])

  function choose(option) {
    onChoose(option)
    setText(null)
    setFound([])
  }

  function leave() {
    if (takesIds && text && !found.length) choose({ id: text.trim(), label: text.trim() })
    else setText(null)
  }

  function onKeyDown(event) {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (!open) setText('')
      else if (found.length) setAt((at + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length)
    } else if (event.key === 'Enter' && open) {
      event.preventDefault()
      if (found[at]) choose(found[at])
      else if (takesIds && text) choose({ id: text.trim(), label: text.trim() })
    } else if (event.key === 'Escape' && open) {
      event.stopPropagation()
      setText(null)
    }
  }

  return (
    <div className="field lookup">
      <label htmlFor={id} className={hideLabel ? 'unseen' : undefined}>{label}</label>
      <input
        ref={input} id={id} type="text" role="combobox" autoComplete="off" spellCheck="false" placeholder={placeholder}
        aria-expanded={open} aria-controls={`${id}-list`} aria-autocomplete="list" aria-required={required}
        aria-activedescendant={open && found[at] ? `${id}-${at}` : undefined}
        value={open ? text : chosen?.label ?? ''}
        onFocus={() => input.current.select()} onClick={() => open || setText('')}
        onChange={(event) => setText(event.target.value)} onBlur={leave} onKeyDown={onKeyDown}
      />
      {open && (
        <ul id={`${id}-list`} role="listbox" aria-label={label}>
          {found.map((option, index) => (
            // mousedown, and not click: the input must not lose the focus first
            <li
              key={option.id} id={`${id}-${index}`} role="option" aria-selected={index === at}
              onMouseDown={(event) => { event.preventDefault(); choose(option) }} onMouseEnter={() => setAt(index)}
            >
              <span>{option.label}</span>{option.detail && <small>{option.detail}</small>}
            </li>
          ))}
          {!found.length && <li className="none">{problem ?? (text ? 'Nothing is called that.' : 'Type a part of the name.')}</li>}
        </ul>
      )}
    </div>
  )
}
