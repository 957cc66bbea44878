import { useEffect, useState, useSyncExternalStore } from 'react'

/**
 * The secret behind the `#` of the link by which one came, which browsers send to no server; empty without one. It is taken
 * out of the address as soon as it is known, and so stays in no history and in no picture of the screen.
 */
export function useLinkToken(): string {
  // A newer link pasted into the same tab changes only this part of the address, and loads nothing.
  const inAddress = useSyncExternalStore(onHashChange, readToken)
  const [token, setToken] = useState(inAddress)
  useEffect(() => {
    if (inAddress === '') return
    setToken(inAddress)
    window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search)
  }, [inAddress])
  return inAddress || token
}

function readToken(): string {
  return new URLSearchParams(window.location.hash.slice(1)).get('token') ?? ''
}

function onHashChange(tell: () => void): () => void {
  window.addEventListener('hashchange', tell)
  return () => window.removeEventListener('hashchange', tell)
}
