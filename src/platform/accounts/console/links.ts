import { useEffect, useState, useSyncExternalStore } from 'react'

/** The secret behind the `#` of a link, which browsers send to no server. */
export function useLinkToken(): string {
  // A newer link pasted into the same tab changes only this part of the address, and loads nothing.
  const inAddress = useSyncExternalStore(onHashChange, readToken)
  const [token, setToken] = useState(inAddress)
  // Out of the address, and so out of the history, as soon as it is known.
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
