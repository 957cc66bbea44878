import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { OrganizationMember as ServedMember } from '../organization-members.ts'
import type { Organization as ServedOrganization } from '../organizations.ts'

export type Organization = OnTheWire<ServedOrganization>
export type OrganizationMember = OnTheWire<ServedMember>

export const organizationsQuery = queryOptions({
  queryKey: ['organizations', 'tree'],
  queryFn: async ({ signal }) => {
    const { items } = await request<{ items: readonly Organization[] }>('/organizations', { signal })
    return items
  },
})

export const placesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['organizations', 'members', id],
    queryFn: ({ pageParam, signal }) =>
      request<{ items: readonly OrganizationMember[]; nextCursor: string | null }>(`/organizations/${id}/members`, {
        query: { limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

/** Members may show their organizations: those are asked for anew too. */
export const refreshOrganizations = (client: QueryClient) =>
  Promise.all([
    client.invalidateQueries({ queryKey: ['organizations'] }),
    client.invalidateQueries({ queryKey: ['members'] }),
  ])

/** Those that stand below an organization, and itself. */
export function withBelow(organizations: readonly Organization[], id: string): Set<string> {
  const found = new Set([id])
  for (const each of organizations) if (each.parentId !== null && found.has(each.parentId)) found.add(each.id)
  return found
}
