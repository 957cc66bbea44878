import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { manyOf, type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type { Facet as ServedFacet } from '../facets.ts'
import type * as Served from '../profile-pages.ts'
import type { SearchResult as Searched } from '../search.ts'

export type Contractor = OnTheWire<Served.Contractor>
export type ContractorInFull = OnTheWire<Served.ContractorPage>
export type FieldSource = OnTheWire<Served.FieldSource>
export type Award = OnTheWire<Served.Award>
export type AwardTotal = OnTheWire<Awaited<ReturnType<typeof Served.totalAwards>>[number]>
export type SearchResult = OnTheWire<Searched>
export type Facet = OnTheWire<ServedFacet>

export type Page<T> = { items: readonly T[]; nextCursor: string | null }

/** What the search page shows, as it stands in the address. */
export const readFilters = (search: Search) => ({
  q: oneOf(search.q),
  state: oneOf(search.state),
  naics: oneOf(search.naics),
  businessType: manyOf(search.businessType),
  minValue: oneOf(search.minValue),
  maxValue: oneOf(search.maxValue),
})
export type Filters = ReturnType<typeof readFilters>

export const contractorsQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: ['contractors', filters],
    queryFn: ({ pageParam, signal }) =>
      request<SearchResult>('/contractors', {
        query: { ...filters, facets: pageParam === '', limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    placeholderData: keepPreviousData,
  })

export const contractorQuery = (id: string) =>
  queryOptions({
    queryKey: ['contractor', id],
    queryFn: ({ signal }) => request<ContractorInFull>(`/contractors/${encodeURIComponent(id)}`, { signal }),
  })

export const awardsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['contractor', id, 'awards'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Award>>(`/contractors/${encodeURIComponent(id)}/awards`, {
        query: { limit: 25, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const awardTotalsQuery = (id: string) =>
  queryOptions({
    queryKey: ['contractor', id, 'award-totals'],
    queryFn: ({ signal }) =>
      request<{ items: readonly AwardTotal[] }>(`/contractors/${encodeURIComponent(id)}/award-totals`, { signal }),
  })

/** `Ashburn, VA`; abroad the country stands for the state. */
export function placeOf({ city, state, country }: Pick<Contractor, 'city' | 'state' | 'country'>): string {
  return [city && capitalise(city), state ?? country].filter(Boolean).join(', ')
}

/** Registries write in capitals; a town is easier to read in its usual form. */
export function capitalise(text: string): string {
  return text.toLowerCase().replace(/(^|[\s\-/.])\p{L}/gu, letter => letter.toUpperCase())
}
