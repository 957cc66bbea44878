import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type { Member as ServedMember } from '../members.ts'
import type { OwnTenant as ServedTenant } from '../own-tenants.ts'

export type Member = OnTheWire<ServedMember>
export type OwnTenant = OnTheWire<ServedTenant>

type Page = { items: readonly Member[]; nextCursor: string | null }

/** The filters as they stand in the address, and whose sheet is open. */
export const readSearch = (search: Search) => ({
  q: oneOf(search.q),
  role: oneOf(search.role),
  expiry: oneOf(search.expiry),
  member: oneOf(search.member),
})
export type Filters = Omit<ReturnType<typeof readSearch>, 'member'>

export const membersQuery = ({ q, role, expiry }: Filters) =>
  infiniteQueryOptions({
    queryKey: ['members', 'list', { q, role, expiry }],
    queryFn: ({ pageParam, signal }) =>
      request<Page>('/members', { query: { q, roleId: role, expiry, limit: 50, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const memberQuery = (userId: string) =>
  queryOptions({
    queryKey: ['members', 'one', userId],
    queryFn: async ({ signal }) => {
      let etag: string | undefined
      const onEtag = (given: string | undefined) => {
        etag = given
      }
      const member = await request<Member>(`/members/${userId}`, { signal, onEtag })
      return { member, etag }
    },
  })

export type GroupRole = {
  roleId: string
  providerName: string
  groupName: string
  isByHandToo: boolean
  comesBack: boolean
}

/** By the id of a role the groups of identity providers that give it to the member. */
export const groupRolesQuery = (userId: string) =>
  queryOptions({
    queryKey: ['members', 'group-roles', userId],
    queryFn: async ({ signal }) => {
      const { items } = await request<{ items: readonly GroupRole[] }>(`/federation/members/${userId}/group-roles`, {
        signal,
      })
      return Map.groupBy(items, ({ roleId }) => roleId)
    },
  })

export const ownTenantsQuery = queryOptions({
  queryKey: ['own', 'tenants'],
  queryFn: ({ signal }) => request<{ items: readonly OwnTenant[] }>('/me/tenants', { signal }),
})

export const refreshMembers = (client: QueryClient) => client.invalidateQueries({ queryKey: ['members'] })

export const nameOf = ({ fullName, email }: { fullName: string | null; email: string }) => fullName ?? email
