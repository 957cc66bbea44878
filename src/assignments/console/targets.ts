import { infiniteQueryOptions, keepPreviousData, type QueryClient, queryOptions } from '@tanstack/react-query'
import { manyOf, oneOf, request, type Search } from '#platform/console'
import { readDomain } from './domain-choice.tsx'
import { load } from './loaded.ts'
import type { CountedPage, Target, TargetFields } from './wire-types.ts'

/** Which targets of a domain the address asks for. */
export const readTargetFilters = (search: Search) => ({
  ...readDomain(search),
  q: oneOf(search.q).slice(0, 200),
  skill: manyOf(search.skill).slice(0, 20),
  state: /^(all|inactive)$/.test(oneOf(search.state)) ? oneOf(search.state) : '',
})
export type TargetFilters = ReturnType<typeof readTargetFilters>

const targets = ['assignments', 'targets']

export const targetsQuery = (domainId: string, { q, skill, state }: Partial<TargetFilters> = {}) =>
  infiniteQueryOptions({
    queryKey: [...targets, 'list', domainId, { q, skill, state }],
    queryFn: ({ pageParam, signal }) =>
      request<CountedPage<Target>>('/assignment-targets', {
        query: {
          ...{ domainId, q, skill },
          isActive: state === 'all' ? '' : state !== 'inactive',
          limit: 50,
          cursor: pageParam,
        },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    placeholderData: keepPreviousData,
  })

export const targetQuery = (id: string) =>
  queryOptions({
    queryKey: [...targets, id],
    queryFn: ({ signal }) => load<Target>(`/assignment-targets/${id}`, { signal }),
  })

export const addTarget = (domainId: string, fields: TargetFields) =>
  request<Target>('/assignment-targets', { method: 'POST', body: { domainId, ...fields } })

export const changeTarget = (id: string, changes: Partial<TargetFields>, ifMatch: string) =>
  load<Target>(`/assignment-targets/${id}`, { method: 'PATCH', body: changes, ifMatch })

export const deleteTarget = (id: string) => request(`/assignment-targets/${id}`, { method: 'DELETE' })

/** What shows targets is asked for anew, and the domains that count them. */
export const refreshTargets = (client: QueryClient) =>
  Promise.all([
    client.invalidateQueries({ queryKey: targets }),
    client.invalidateQueries({ queryKey: ['assignments', 'domains'] }),
  ])
