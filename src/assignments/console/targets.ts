import { infiniteQueryOptions, keepPreviousData, type QueryClient, queryOptions } from '@tanstack/react-query'
import { request } from '#platform/console'
import { isActiveOf, type readListFilters } from './list-filters.tsx'
import { load } from './loaded.ts'
import type { CountedPage, Target, TargetFields } from './wire-types.ts'

export type TargetFilters = ReturnType<typeof readListFilters>

const targets = ['assignments', 'targets']

export const targetsQuery = (domainId: string, { q, skill, state }: Partial<TargetFilters> = {}) =>
  infiniteQueryOptions({
    queryKey: [...targets, 'list', domainId, { q, skill, state }],
    queryFn: ({ pageParam, signal }) =>
      request<CountedPage<Target>>('/assignment-targets', {
        query: {
          ...{ domainId, q, skill },
          isActive: isActiveOf(state),
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
