import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search, startOfDay } from '#platform/console'
import type { SecurityDeclaration } from '../security-declarations.ts'
import type { SecurityEvent as Noted } from '../security-events.ts'

/** Operators are told by name where it happened. */
export type SecurityEvent = OnTheWire<Noted> & { tenantName?: string | null; tenantSlug?: string | null }
export type SecurityPath = '/security-events' | '/operations/security-events'

/** The filters as they stand in the address; `from` and `to` are days, both included. */
export const readFilters = (search: Search) => ({
  severity: oneOf(search.severity),
  category: oneOf(search.category),
  event: oneOf(search.event),
  user: oneOf(search.user),
  workspace: oneOf(search.workspace),
  from: oneOf(search.from),
  to: oneOf(search.to),
  q: oneOf(search.q),
})
export type SecurityFilters = ReturnType<typeof readFilters>

export const securityEventsQuery = (path: SecurityPath, filters: SecurityFilters) =>
  infiniteQueryOptions({
    queryKey: ['security-events', path, filters],
    queryFn: ({ pageParam, signal }) =>
      request<{ items: readonly SecurityEvent[]; nextCursor: string | null }>(path, {
        query: { ...asked(path, filters), limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    staleTime: 0,
  })

/** Where the events that fit are fetched as a file. */
export function exportAddress(path: SecurityPath, filters: SecurityFilters, format: 'csv' | 'jsonl'): string {
  const given = Object.entries({ ...asked(path, filters), format }).filter(
    (each): each is [string, string] => !!each[1],
  )
  return `/api/v1${path}/export?${new URLSearchParams(given)}`
}

const asked = (path: SecurityPath, { severity, category, event, user, workspace, from, to, q }: SecurityFilters) => ({
  severity,
  category,
  event,
  userId: user,
  ...(path === '/operations/security-events' && { tenantId: workspace }),
  from: isDay(from) ? startOfDay(from) : undefined,
  to: isDay(to) ? startOfDay(to, 1) : undefined,
  q: q.slice(0, 200),
})

const isDay = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text)

/** What there can be. */
export const declarationsQuery = queryOptions({
  queryKey: ['security-event-declarations'],
  queryFn: ({ signal }) =>
    request<{ items: readonly SecurityDeclaration[] }>('/security-events/declarations', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})
