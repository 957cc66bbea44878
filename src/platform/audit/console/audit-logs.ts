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
})
export type Filters = ReturnType<typeof readFilters>

export const auditLogsQuery = ({ user, action, resource, resourceId, from, to }: Filters) =>
  infiniteQueryOptions({
    queryKey: ['audit-logs', { user, action, resource, resourceId, from, to }],
    queryFn: ({ pageParam, signal }) =>
      request<{ items: readonly AuditLog[]; nextCursor: string | null }>('/audit-logs', {
        query: {
          userId: user,
          action,
          resource,
          resourceId,
          from: isDay(from) ? startOfDay(from) : undefined,
          to: isDay(to) ? startOfDay(to, 1) : undefined,
          limit: 50,
          cursor: pageParam,
        },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    // What has just been done should be there at once.
    staleTime: 0,
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
