import { useMemo } from 'react'
import { findNetworks } from './finders.js'
import { Lookup } from './Lookup.jsx'
import { Mark } from './Mark.jsx'

const roles = {
  ADMIN: 'Admin', PARTNER_MANAGER: 'Partner manager', PARTNER: 'Partner', SUPPORT: 'Support', TRACKER: 'Tracking platform',
}

/** Who looks, with which rights, and at which network. */
export function Banner({ session, network, onNetwork, onSignOut }) {
  const { viewer } = session
  const support = viewer.role === 'SUPPORT'
  const find = useMemo(() => findNetworks(session), [session])
  return (
    <header className="banner">
      <div className="brand"><Mark /><h1>Explorer</h1></div>
      <div className="network">
        {support
          ? <Lookup label="Network" hideLabel placeholder="Choose a network" find={find} chosen={network} onChoose={onNetwork} />
          : <strong>{network?.name}</strong>}
        {network && <span className="facts">{network.currency} · {network.timeZone}</span>}
      </div>
      <div className="viewer">
        {support && <span className="chip read-only" title="Support reads every network and changes nothing. Each look is in the network’s audit log.">Read only · looks are logged</span>}
        <span className="chip role">{roles[viewer.role] ?? viewer.role}</span>
        <span className="name">{viewer.name}</span>
        <button type="button" onClick={onSignOut}>Sign out</button>
      </div>
    </header>
  )
}
