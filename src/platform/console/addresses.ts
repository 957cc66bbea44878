import { useLocation, useMatch, useRouter } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'

/** What stands behind the question mark of an address: repeated names become lists, empty ones vanish. */
export type Search = Readonly<Record<string, string | readonly string[] | undefined>>

export function parseSearch(text: string): Record<string, string | string[]> {
  const params = new URLSearchParams(text)
  return Object.fromEntries(
    [...new Set(params.keys())].map(name => {
      const values = params.getAll(name)
      return [name, values.length > 1 ? values : (values[0] ?? '')]
    }),
  )
}

export function writeSearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(search))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== null && one !== '') params.append(name, String(one))
  return params.size ? `?${params}` : ''
}

/**
 * State that lives in the address, so that it can be shared and the back button undoes it. `replace` is for what changes
 * with each key stroke.
 */
export function useAddress<T extends Search>(
  read: (search: Search) => T,
): [T, (change: Partial<T>, replace?: boolean) => void] {
  const { searchStr } = useLocation()
  const { pathname } = useMatch({ strict: false })
  const router = useRouter()
  const state = useMemo(() => read(parseSearch(searchStr)), [read, searchStr])
  const change = useCallback(
    (change: Partial<T>, replace = false) => {
      // What was typed may come to rest after the page has been left.
      if (router.latestLocation.pathname !== pathname) return
      void router.navigate({ to: pathname, search: { ...state, ...change }, replace, resetScroll: false })
    },
    [router, pathname, state],
  )
  return [state, change]
}

export const oneOf = (value: Search[string]): string => (typeof value === 'string' ? value : (value?.[0] ?? ''))
export const manyOf = (value: Search[string]): readonly string[] =>
  typeof value === 'string' ? (value ? [value] : []) : (value ?? [])

/** A path of this console to go to after signing in; anything else, such as `//elsewhere` or `javascript:`, is the start. */
export function safePath(wanted: string | undefined, origin = window.location.origin): string {
  // The URL parser strips tabs and takes backslashes for slashes: judge what it makes of the text, not the text.
  const url = URL.parse(wanted || '/', origin)
  if (!wanted?.startsWith('/') || url?.origin !== origin) return '/'
  return url.pathname.startsWith('//') ? '/' : url.pathname + url.search + url.hash
}

/** Whether a path is one of a pattern's: `/lists/$id`. */
export function matchesPath(pattern: string, pathname: string): boolean {
  const expected = pattern.split('/')
  const actual = pathname.replace(/\/$/, '').split('/')
  return expected.length === actual.length && expected.every((part, i) => part.startsWith('$') || part === actual[i])
}
