import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { SavedSearchFields, SavedSearch as Served } from '../search/saved-searches.ts'
import type { Search } from '../search/search.ts'
import type { Contractor, Page } from './contractors.ts'

export type SavedSearch = OnTheWire<Omit<Served, 'search'>> & { search: Search }
export type Alert = SavedSearch['alert']

export const alertNames: Readonly<Record<Alert, string>> = {
  never: 'Do not tell me',
  daily: 'Each morning at seven',
  at_once: 'At once',
}

/** Beside the name of a saved search. */
export const alertStates: Readonly<Record<Alert, string>> = {
  never: 'no alerts',
  daily: 'alerts each morning at seven',
  at_once: 'alerts at once',
}

const path = (id: string) => `/saved-searches/${encodeURIComponent(id)}`

export const savedSearchesQuery = queryOptions({
  queryKey: ['saved-searches'],
  queryFn: ({ signal }) =>
    request<Page<SavedSearch> & { names: Readonly<Record<string, string>> }>('/saved-searches', { signal }),
})

/** Looks what is new in it. */
export const savedSearchQuery = (id: string) =>
  queryOptions({
    queryKey: ['saved-searches', id],
    queryFn: ({ signal }) =>
      request<{ savedSearch: SavedSearch; unseen: readonly string[] }>(`${path(id)}/check`, { method: 'POST', signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })

export type Match = { contractor: Contractor; foundAt: string; isNewContractor: boolean; isUnseen: boolean }

export const matchesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['saved-searches', id, 'matches'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Match>>(`${path(id)}/matches`, { query: { limit: 50, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const markSeen = (id: string) => request(`${path(id)}/seen`, { method: 'POST' })

/** Saves a new one, or changes what is given of an old one. */
export function useSaving() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, ...body }: Partial<SavedSearchFields> & { id?: string }) =>
      id === undefined
        ? request<SavedSearch>('/saved-searches', { method: 'POST', body })
        : request<SavedSearch>(path(id), { method: 'PATCH', body }),
    onSettled: () => client.invalidateQueries({ queryKey: ['saved-searches'] }),
  })
}

export function useDeletion() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => request(path(id), { method: 'DELETE' }),
    onSettled: () => client.invalidateQueries({ queryKey: ['saved-searches'] }),
  })
}

/** The address of the search page that shows it. */
export function addressOf({ id, search }: Pick<SavedSearch, 'id' | 'search'>) {
  const terms = Object.entries(search).map(([name, value]) => [name, typeof value === 'boolean' ? `${value}` : value])
  return { ...(Object.fromEntries(terms) as Record<string, string | readonly string[]>), saved: id }
}
