import { queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type * as Served from '../summary/summary.ts'
import { stateName } from './states.ts'

export type Summary = OnTheWire<Served.Summary>
export type Count = OnTheWire<Served.Count>

export const summaryQuery = queryOptions({
  queryKey: ['contractor-summary'],
  queryFn: ({ signal }) => request<Summary>('/contractor-summary', { signal }),
  // While it is counted, or is about to be for the first time, one looks every two seconds, else every five minutes.
  refetchInterval: ({ state: { data } }) =>
    data && (data.refresh.startedAt || !data.refresh.refreshedAt) ? 2_000 : 300_000,
})

export const askForRefresh = () => request<{ isQueued: boolean }>('/contractor-summary/refresh', { method: 'POST' })

export type Measure = 'obligated' | 'contractors'

export const readMeasure = (search: Search): { by: Measure } => ({
  by: oneOf(search.by) === 'contractors' ? 'contractors' : 'obligated',
})

/** A row of a chart, with the search that finds what it counts. */
export type Bar = Count & { name: string; link?: { to: string; search?: Search } }

const found = (search: Search) => ({ to: '/contractors', search })

export const barsOfStates = (states: readonly Count[]): Bar[] =>
  states.map(count => ({
    ...count,
    name: count.key === '' ? 'Abroad or not known' : stateName(count.key),
    ...(count.key !== '' && { link: found({ state: count.key }) }),
  }))

/** A sector of several beginnings is looked for by each of them. */
export function beginningsOf(sector: string): string[] {
  const [from, to] = sector.split('-').map(Number)
  if (from === undefined || to === undefined) return [sector]
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index))
}

export const barsOfSectors = (sectors: readonly Count[]): Bar[] =>
  sectors.map(count => ({
    ...count,
    name: count.key === '' ? 'No industry known' : (count.label ?? `Sector ${count.key}`),
    ...(count.key !== '' && { link: found({ naics: beginningsOf(count.key) }) }),
  }))

export const barsOfAgencies = (agencies: readonly Count[]): Bar[] =>
  agencies.map(count => ({ ...count, name: count.label ?? count.key, link: found({ agency: count.key }) }))

export const barsOfTypes = (types: readonly Count[]): Bar[] =>
  types.map(count => ({ ...count, name: count.label ?? count.key, link: found({ businessType: count.key }) }))

export const barsOfStatuses = (statuses: readonly Count[]): Bar[] =>
  statuses.map(count => ({
    ...count,
    name: count.key === '' ? 'Not registered, or not known' : count.key,
    ...(count.key !== '' && { link: found({ status: count.key }) }),
  }))

export const barsOfContractors = (contractors: readonly Count[]): Bar[] =>
  contractors.map(count => ({ ...count, name: count.label ?? '', link: { to: `/contractors/${count.key}` } }))

const sizes: Readonly<Record<string, { name: string; minValue: string; maxValue: string } | undefined>> = {
  1: { name: 'Below $250,000', minValue: '0.01', maxValue: '249999.99' },
  2: { name: '$250,000 to $1 million', minValue: '250000', maxValue: '999999.99' },
  3: { name: '$1 to $10 million', minValue: '1000000', maxValue: '9999999.99' },
  4: { name: '$10 to $100 million', minValue: '10000000', maxValue: '99999999.99' },
  5: { name: '$100 million to $1 billion', minValue: '100000000', maxValue: '999999999.99' },
  6: { name: '$1 billion and more', minValue: '1000000000', maxValue: '' },
}

export const barsOfSizes = (counts: readonly Count[]): Bar[] =>
  counts.map(count => {
    const { name = 'No award known, or nothing obligated', ...bounds } = sizes[count.key] ?? {}
    return { ...count, name, ...(sizes[count.key] && { link: found(bounds as Search) }) }
  })
