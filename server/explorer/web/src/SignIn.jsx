import { useEffect, useId, useRef, useState } from 'react'
import { Mark } from './Mark.jsx'
import { cameBack, comeBack, leave } from './provider.js'
import { signIn } from './session.js'
import { settings } from './settings.js'

/** Where somebody says who they are. */
export function SignIn({ notice, onSession }) {
  const [problem, setProblem] = useState(notice)
  const [busy, setBusy] = useState(false)
  const [provider, setProvider] = useState(null)
  const field = useRef(null)
  const ids = { token: useId(), help: useId(), problem: useId() }

  useEffect(() => field.current.focus(), [])
  useEffect(() => {
    settings.then(({ signIn: at }) => {
      setProvider(at)
      if (at && cameBack()) during(async () => onSession(await signIn(await comeBack(at))))
    })
  }, [])

  /** Does something that takes a while, and says what comes in its way. */
  async function during(work) {
    setBusy(true)
    setProblem(null)
    try {
      await work()
    } catch (error) {
      setProblem(error.message)
    }
    setBusy(false)
  }

  function submit(event) {
    event.preventDefault()
    const token = field.current.value.trim()
    if (!token) {
      setProblem('Paste a token first.')
      return
    }
    during(async () => {
      const input = field.current
      try {
        onSession(await signIn(token))
        input.value = ''
      } catch (error) {
        input.select()
        throw error
      }
    })
  }

  return (
    <main className="sign-in">
      <form className="card" onSubmit={submit} autoComplete="off">
        <Mark />
        <h1>Explorer</h1>
        <p className="lead">Look at a network’s referrals as your role sees them.</p>
        {provider && (
          <>
            <button type="button" className="primary" disabled={busy} onClick={() => during(() => leave(provider))}>Sign in with your identity provider</button>
            <p className="or">or by token</p>
          </>
        )}
        <label htmlFor={ids.token}>Token</label>
        <input
          ref={field} id={ids.token} type="password" name="token" autoComplete="off" spellCheck="false"
          aria-describedby={`${ids.help} ${problem ? ids.problem : ''}`} aria-invalid={Boolean(problem)}
        />
        {problem && <p id={ids.problem} className="problem" role="alert">{sentence(problem)}</p>}
        <button type="submit" className={provider ? undefined : 'primary'} disabled={busy}>{busy ? 'Signing in…' : 'Sign in'}</button>
        <p id={ids.help} className="help">
          One that an ADMIN of your network made, or an access token of your identity provider. It stays in the memory of
          this page and is gone when you reload or close it.
        </p>
      </form>
    </main>
  )
}

/** The server's messages are parts of sentences. */
const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.')
