import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { request, requestAll } from '#platform/console'
import { load } from './loaded.ts'
import type { Domain, DomainFields, Methods } from './wire-types.ts'

/** All of the workspace, by their names for people. */
export const domainsQuery = queryOptions({
  queryKey: ['assignments', 'domains'],
  queryFn: ({ signal }) => requestAll<Domain>('/assignment-domains', signal),
})

export const domainQuery = (id: string) =>
  queryOptions({
    queryKey: ['assignments', 'domains', id],
    queryFn: ({ signal }) => load<Domain>(`/assignment-domains/${id}`, { signal }),
  })

export const changeDomain = (id: string, changes: Partial<DomainFields>, ifMatch: string) =>
  load<Domain>(`/assignment-domains/${id}`, { method: 'PATCH', body: changes, ifMatch })

export const deleteDomain = (id: string) => request(`/assignment-domains/${id}`, { method: 'DELETE' })

/** What a domain may be planned by and held against. */
export const methodsQuery = queryOptions({
  queryKey: ['assignments', 'methods'],
  queryFn: ({ signal }) => request<Methods>('/assignment-methods', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

/** What people can do in a domain, and what is asked for there. */
export const skillsQuery = (domainId: string) =>
  queryOptions({
    queryKey: ['assignments', 'domains', domainId, 'skills'],
    queryFn: ({ signal }) =>
      request<{ items: readonly { skill: string; participantCount: number }[] }>(
        `/assignment-domains/${domainId}/skills`,
        { signal },
      ),
  })

/** Whether there was ever a round, in whatever state it is. */
export const hasRoundsQuery = (domainId: string) =>
  queryOptions({
    queryKey: ['assignments', 'latest-round', domainId, 'of any status'],
    queryFn: async ({ signal }) =>
      (await request<{ items: readonly unknown[] }>('/assignments', { query: { domainId, limit: 1 }, signal })).items
        .length > 0,
  })

export const refreshDomains = (client: QueryClient) =>
  client.invalidateQueries({ queryKey: ['assignments', 'domains'] })
