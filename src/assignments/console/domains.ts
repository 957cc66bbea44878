import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { request, requestAll } from '#platform/console'
import type { Domain } from './wire-types.ts'

/** All of the workspace, by their names for people. */
export const domainsQuery = queryOptions({
  queryKey: ['assignments', 'domains'],
  queryFn: ({ signal }) => requestAll<Domain>('/assignment-domains', signal),
})

const etags = new Map<string, string | undefined>()

export const domainQuery = (id: string) =>
  queryOptions({
    queryKey: ['assignments', 'domains', id],
    queryFn: ({ signal }) =>
      request<Domain>(`/assignment-domains/${id}`, { signal, onEtag: etag => etags.set(id, etag) }),
  })

/** The entity tag under which it was read last, to change it only as it was shown. */
export const etagOfDomain = (id: string) => etags.get(id)

export const refreshDomains = (client: QueryClient) =>
  client.invalidateQueries({ queryKey: ['assignments', 'domains'] })
