import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { manyOf, type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type { AwardTotal as ServedTotal } from '../profiles/award-totals.ts'
import type { Award as ServedAward } from '../profiles/awards.ts'
import type * as Served from '../profiles/profile-pages.ts'
import type { Facet as ServedFacet } from '../search/facets.ts'
import type { SearchResult as Searched, Family as ServedFamily, Search as Wanted } from '../search/search.ts'

export type Contractor = OnTheWire<Served.Contractor>
export type ContractorInFull = OnTheWire<Served.ContractorPage>
export type FieldSource = OnTheWire<Served.FieldSource>
export type Award = OnTheWire<ServedAward>
export type AwardTotal = OnTheWire<ServedTotal>
export type SearchResult = OnTheWire<Searched>
export type Facet = OnTheWire<ServedFacet>
export type Family = OnTheWire<ServedFamily>

export type Page<T> = { items: readonly T[]; nextCursor: string | null }

/** What the address asks of the search page. */
export const readAsked = (search: Search) => ({
  q: oneOf(search.q),
  state: manyOf(search.state),
  city: oneOf(search.city),
  district: manyOf(search.district),
  naics: manyOf(search.naics),
  businessType: manyOf(search.businessType),
  certification: manyOf(search.certification),
  agency: manyOf(search.agency),
  status: manyOf(search.status),
  registeredSince: oneOf(search.registeredSince),
  minValue: oneOf(search.minValue),
  maxValue: oneOf(search.maxValue),
  hasActiveContracts: oneOf(search.hasActiveContracts),
  rollUp: oneOf(search.rollUp),
  sort: oneOf(search.sort),
  /** The saved search that is shown. */
  saved: oneOf(search.saved),
})
export type Filters = ReturnType<typeof readAsked>

export const longestQuery = 500

export const sorts = {
  '': 'Best match',
  value: 'Contract value',
  name: 'Name',
  updated: 'Latest update',
  awarded: 'Latest award',
} as const

/** What of it the API takes: an address may have been mistyped or cut. */
export function readFilters(search: Search): Filters {
  const asked = readAsked(search)
  const amount = (value: string) => (/^\d{1,20}(\.\d{1,10})?$/.test(value) ? value : '')
  const yes = (value: string) => (value === 'true' ? value : '')
  return {
    q: asked.q.slice(0, longestQuery),
    state: usable(asked.state, /^[a-z]{2}$/i, 20).map(value => value.toUpperCase()),
    city: asked.city.slice(0, 100),
    district: usable(asked.district, /^[a-z]{2}-\d{2}$/i, 20).map(value => value.toUpperCase()),
    naics: usable(asked.naics, /^\d{2,6}$/, 20),
    businessType: usable(asked.businessType, /^.{1,20}$/, 10),
    certification: usable(asked.certification, /^[A-Z0-9]{1,10}$/, 10),
    agency: usable(asked.agency, /^[A-Z0-9]{4}$/, 20),
    status: usable(asked.status, /^.{1,50}$/, 10),
    registeredSince: isDay(asked.registeredSince) ? asked.registeredSince : '',
    minValue: amount(asked.minValue),
    maxValue: amount(asked.maxValue),
    hasActiveContracts: yes(asked.hasActiveContracts),
    rollUp: yes(asked.rollUp),
    sort: asked.sort in sorts ? asked.sort : '',
    saved: isId(asked.saved) ? asked.saved : '',
  }
}

const isDay = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))

/** What is looked for, without which saved search it is. */
export function termsOf({ saved: _, ...terms }: Filters): Omit<Filters, 'saved'> {
  return terms
}

/** The search as it is saved, put into lists and exported: what was corrected is meant. */
export function searchOf(filters: Filters, correctedQuery?: string): Wanted {
  const { q, hasActiveContracts, rollUp, ...others } = termsOf(filters)
  const given = Object.entries(others).filter(([, value]) => value.length > 0)
  return {
    ...(q && { q: correctedQuery ?? q }),
    ...(Object.fromEntries(given) as Wanted),
    ...(hasActiveContracts && { hasActiveContracts: true }),
    ...(rollUp && { rollUp: true }),
  }
}

function usable(values: readonly string[], shape: RegExp, most: number): string[] {
  return [...new Set(values.filter(value => shape.test(value)))].slice(0, most)
}

/** No contractor has a value in such a range. */
export function isContradictory({ minValue, maxValue }: Pick<Filters, 'minValue' | 'maxValue'>): boolean {
  return minValue !== '' && maxValue !== '' && Number(minValue) > Number(maxValue)
}

/** Whether an address names something by an id at all. */
export const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

/** The other name of a contractor by which it was found, where its shown name lacks a word that was looked for. */
export function otherNameFor(query: string, contractor: Contractor): { kind: string; name: string } | undefined {
  const words = plainWords(query)
  const missing = (name: string) => words.filter(word => !plainWords(name).some(each => each.startsWith(word))).length
  const lacking = missing(contractor.name)
  if (lacking === 0) return undefined
  const others = [
    { kind: 'doing business as', name: contractor.dbaName },
    { kind: 'legal name', name: contractor.legalBusinessName },
  ]
  for (const { kind, name } of others) if (name !== null && missing(name) < lacking) return { kind, name }
  return undefined
}

function plainWords(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}|['’.]/gu, '')
  return plain.split(/[^\p{L}\p{N}]+/u).filter(Boolean)
}

export const contractorsQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: ['contractors', termsOf(filters)],
    queryFn: ({ pageParam, signal }) =>
      request<SearchResult>('/contractors', {
        query: { ...termsOf(filters), facets: pageParam === '', limit: 50, cursor: pageParam },
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

/** `Ashburn, VA`; abroad the country stands for the state. */
export function placeOf({ city, state, country }: Pick<Contractor, 'city' | 'state' | 'country'>): string {
  return [city && capitalise(city), state ?? country].filter(Boolean).join(', ')
}

/** Registries write in capitals; a town is easier to read in its usual form. */
export function capitalise(text: string): string {
  return text.toLowerCase().replace(/(^|[\s\-/.])\p{L}/gu, letter => letter.toUpperCase())
}
