import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search, startOfDay } from '#platform/console'
import type { AuditLog as Logged } from '../audit-logs.ts'
import type { AuditOptions } from '../options.ts'
import type { SealStatus } from '../states.ts'

export type AuditLog = OnTheWire<Logged>
export type Change = { old?: unknown; new?: unknown }

/** The filters as they stand in the address; `from` and `to` are days, both included. */
export const readFilters = (search: Search) => ({
  user: oneOf(search.user),
  action: oneOf(search.action),
  resource: oneOf(search.resource),
  resourceId: oneOf(search.resourceId),
  from: oneOf(search.from),
  to: oneOf(search.to),
  q: oneOf(search.q),
})
export type Filters = ReturnType<typeof readFilters>

export const auditLogsQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: ['audit-logs', filters],
    queryFn: ({ pageParam, signal }) =>
      request<{ items: readonly AuditLog[]; nextCursor: string | null; capped?: boolean }>('/audit-logs', {
        query: { ...asked(filters), limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    // What has just been done should be there at once.
    staleTime: 0,
  })

/** What one did oneself where one works. */
export const ownActivityQuery = infiniteQueryOptions({
  queryKey: ['own-activity'],
  queryFn: ({ pageParam, signal }) =>
    request<{ items: readonly AuditLog[]; nextCursor: string | null }>('/me/activity', {
      query: { limit: 50, cursor: pageParam },
      signal,
    }),
  initialPageParam: '',
  getNextPageParam: last => last.nextCursor,
  staleTime: 0,
})

/** Where the entries that fit are fetched as a file. */
export function exportAddress(filters: Filters, format: 'csv' | 'jsonl'): string {
  const given = Object.entries({ ...asked(filters), format }).filter((each): each is [string, string] => !!each[1])
  return `/api/v1/audit-logs/export?${new URLSearchParams(given)}`
}

const asked = ({ user, action, resource, resourceId, from, to, q }: Filters) => ({
  userId: user,
  action,
  resource,
  resourceId,
  from: isDay(from) ? startOfDay(from) : undefined,
  to: isDay(to) ? startOfDay(to, 1) : undefined,
  q: q.slice(0, 200),
})

/** What the filters can be set to, whatever is loaded. */
export const auditOptionsQuery = queryOptions({
  queryKey: ['audit-options'],
  queryFn: ({ signal }) => request<OnTheWire<AuditOptions>>('/audit-logs/options', { signal }),
})

/** How far the log is sealed, asked again while the page is open. */
export const sealQuery = queryOptions({
  queryKey: ['audit-seal'],
  queryFn: ({ signal }) => request<OnTheWire<SealStatus>>('/audit-logs/seal', { signal }),
  refetchInterval: 30_000,
})

const isDay = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text)

const verbs: Readonly<Record<string, string>> = { insert: 'Added', update: 'Changed', delete: 'Deleted' }

/** `Added`; of an event such as `identity.users.signed_in` the last part: `Signed in`. */
export function nameAction(action: string): string {
  return verbs[action] ?? capitalised((action.split('.').at(-1) ?? action).replaceAll('_', ' '))
}

export function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
