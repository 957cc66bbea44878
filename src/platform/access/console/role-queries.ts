import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request, requestAll } from '#platform/console'
import type { Explanation as ServedExplanation } from '../explanations.ts'
import type { Permission as ServedPermission } from '../permissions.ts'
import type { Role as ServedRole } from '../roles.ts'

export type Role = OnTheWire<ServedRole>
export type Permission = OnTheWire<ServedPermission>
export type Explanation = OnTheWire<ServedExplanation>
export type Holder = {
  membershipId: string
  userId: string
  fullName: string | null
  email: string | null
  expiresAt: string | null
}

type Page<T> = { items: readonly T[]; nextCursor: string | null }

export const rolesQuery = queryOptions({
  queryKey: ['roles', 'list'],
  queryFn: ({ signal }) => requestAll<Role>('/roles', signal),
})

export const permissionsQuery = queryOptions({
  queryKey: ['permissions'],
  queryFn: ({ signal }) => requestAll<Permission>('/permissions', signal),
  staleTime: 600_000,
})

export const roleQuery = (id: string) =>
  queryOptions({
    queryKey: ['roles', 'one', id],
    queryFn: async ({ signal }) => {
      let etag: string | undefined
      const onEtag = (given: string | undefined) => {
        etag = given
      }
      const role = await request<Role>(`/roles/${id}`, { signal, onEtag })
      return { role, etag }
    },
  })

export const holdersQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['roles', 'holders', id],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Holder>>(`/roles/${id}/members`, { query: { limit: 50, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const explanationQuery = (userId: string, permission: string) =>
  queryOptions({
    queryKey: ['roles', 'explanation', userId, permission],
    queryFn: ({ signal }) => request<Explanation>('/access/explanation', { query: { userId, permission }, signal }),
  })

/** A change may be of one's own roles: what one may do oneself is asked again too. */
export const refreshRoles = (client: QueryClient) =>
  Promise.all([client.invalidateQueries({ queryKey: ['roles'] }), client.invalidateQueries({ queryKey: ['session'] })])

/** `owner` → `Owner`; a workspace's own roles stay as they were written. */
export const titleOf = ({ name, isBuiltIn }: Pick<Role, 'name' | 'isBuiltIn'>) => (isBuiltIn ? capital(name) : name)
export const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1)

/** By the module that declares them. */
export function groupByModule(permissions: readonly Permission[]): [module: string, permissions: Permission[]][] {
  return [...Map.groupBy(permissions, ({ module }) => module)]
}
