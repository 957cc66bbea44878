import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { GroupSettings } from '../group-claims.ts'
import type { GroupMapping as MappingAnswer } from '../group-mappings.ts'
import type { RoleProposal as ProposalAnswer } from '../role-proposals.ts'
import type { GroupKnowledge, SeenGroup } from '../seen-groups.ts'

export type GroupMapping = OnTheWire<MappingAnswer>
export type RoleProposal = OnTheWire<ProposalAnswer>
export type { GroupSettings, SeenGroup }
export type GroupState = GroupSettings & {
  provider: { id: string; name: string; type: string; isActive: boolean }
  knowledge: GroupKnowledge
}

/** All of it changes with a mapping. */
export const groupKey = (providerId: string) => ['federation', 'groups', providerId] as const

export const groupStateQuery = (id: string) =>
  queryOptions({
    queryKey: [...groupKey(id), 'state'],
    queryFn: ({ signal }) => request<GroupState>(`/federation/providers/${id}/group-settings`, { signal }),
  })

export const mappingsQuery = (id: string) =>
  queryOptions({
    queryKey: [...groupKey(id), 'mappings'],
    queryFn: ({ signal }) =>
      request<{ items: readonly GroupMapping[] }>(`/federation/providers/${id}/group-mappings`, { signal }),
    // The sync after a change begins within seconds.
    refetchInterval: query =>
      query.state.data?.items.some(({ syncStatus }) => syncStatus === 'pending') ? 4_000 : false,
  })

type Page<Item> = { items: readonly Item[]; nextCursor: string | null }

export const unmappedQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: [...groupKey(id), 'unmapped'],
    queryFn: ({ signal, pageParam }) =>
      request<Page<SeenGroup>>(`/federation/providers/${id}/groups`, {
        signal,
        query: { isMapped: 'false', cursor: pageParam, limit: 25 },
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
  })

export const proposalsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: [...groupKey(id), 'proposals'],
    queryFn: ({ signal, pageParam }) =>
      request<Page<RoleProposal>>(`/federation/providers/${id}/role-proposals`, {
        signal,
        query: { cursor: pageParam, limit: 25 },
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
  })

export const inPeople = (count: number) => `${count} ${count === 1 ? 'person' : 'people'}`

export const formatWords: Readonly<Record<GroupSettings['format'], string>> = {
  name: 'Names',
  guid: 'Object ids (GUID)',
  domain: 'DOMAIN\\name',
  path: 'Paths (/parent/child)',
}
