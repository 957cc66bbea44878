import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type {
  StatusCounts as ServedCounts,
  UserDetails as ServedDetails,
  ListedUser as ServedUser,
} from '../user-directory.ts'

export type ListedUser = OnTheWire<ServedUser>
export type StatusCounts = OnTheWire<ServedCounts>
export type UserDetails = OnTheWire<ServedDetails>
export type Status = ListedUser['status']

type Page = { items: readonly ListedUser[]; nextCursor: string | null; counts?: StatusCounts }
export type AccountEvent = {
  id: string
  createdAt: string
  userName: string | null
  action: string
  details: Readonly<Record<string, unknown>> | null
}
export type Workspace = { id: string; name: string; slug: string; roles: readonly string[]; isActive: boolean }

/** The filters as they stand in the address. */
export const readFilters = (search: Search) => ({ q: oneOf(search.q), status: oneOf(search.status) })
export type Filters = ReturnType<typeof readFilters>

export const accountsQuery = ({ q, status }: Filters) =>
  infiniteQueryOptions({
    queryKey: ['accounts', 'list', { q, status }],
    queryFn: ({ pageParam, signal }) =>
      request<Page>('/users', { query: { q, status, limit: 50, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const accountQuery = (id: string) =>
  queryOptions({
    queryKey: ['accounts', 'one', id],
    queryFn: ({ signal }) => request<UserDetails>(`/users/${id}`, { signal }),
  })

export const accountEventsQuery = (id: string) =>
  queryOptions({
    queryKey: ['accounts', 'events', id],
    queryFn: ({ signal }) =>
      request<{ items: readonly AccountEvent[] }>(`/users/${id}/events`, { query: { limit: 100 }, signal }),
  })

export const workspacesQuery = (id: string) =>
  queryOptions({
    queryKey: ['accounts', 'workspaces', id],
    queryFn: ({ signal }) => request<{ items: readonly Workspace[] }>(`/users/${id}/tenants`, { signal }),
  })

export const refreshAccounts = (client: QueryClient) => client.invalidateQueries({ queryKey: ['accounts'] })

export const statusWords: Readonly<Record<Status, string>> = {
  active: 'Active',
  inactive: 'Deactivated',
  suspended: 'Suspended',
  deleted: 'Deleted',
}
export const statusColors: Readonly<Record<Status, string>> = {
  active: 'pine',
  inactive: 'gray',
  suspended: 'yellow',
  deleted: 'red',
}

export const nameOf = ({ fullName, email }: { fullName: string | null; email: string }) => fullName ?? email
