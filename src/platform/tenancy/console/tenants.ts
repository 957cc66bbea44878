import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type { Feature as ServedFeature } from '../features.ts'
import type { StatusChange as ServedChange } from '../statuses.ts'
import type { TenantRecord as ServedRecord, ListedTenant as ServedTenant } from '../tenant-directory.ts'
import type { Tenant as ServedOwn, FormerSlug as ServedSlug } from '../tenants.ts'

export type Tenant = OnTheWire<ServedOwn>
export type Feature = OnTheWire<ServedFeature>
export type ListedTenant = OnTheWire<ServedTenant>
export type Status = ListedTenant['status']
export type TenantDetails = Omit<OnTheWire<ServedRecord>, 'features'> & {
  features: readonly Feature[]
  owners: readonly { id: string; email: string; fullName: string | null }[]
  statusChanges: readonly OnTheWire<ServedChange>[]
}
export type Addresses = { slug: string; url: string | null; formerSlugs: readonly OnTheWire<ServedSlug>[] }

type Loaded = { tenant: Tenant; etag: string | undefined }

/** The workspace that one works in, with its entity tag. */
export const tenantQuery = queryOptions({
  queryKey: ['tenant', 'own'],
  queryFn: async ({ signal }): Promise<Loaded> => {
    let etag: string | undefined
    const tenant = await request<Tenant>('/tenant', {
      signal,
      onEtag: given => {
        etag = given
      },
    })
    return { tenant, etag }
  },
})

export const addressesQuery = queryOptions({
  queryKey: ['tenant', 'slug'],
  queryFn: ({ signal }) => request<Addresses>('/tenant/slug', { signal }),
})

export const featuresQuery = queryOptions({
  queryKey: ['tenant', 'features'],
  queryFn: ({ signal }) => request<{ items: readonly Feature[] }>('/tenant/features', { signal }),
})

/** Name, addresses and appearance stand in the session too. */
export async function refreshTenant(client: QueryClient): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: ['tenant'] }),
    client.invalidateQueries({ queryKey: ['session'] }),
  ])
}

/** The filters as they stand in the address. */
export const readFilters = (search: Search) => ({ q: oneOf(search.q), status: oneOf(search.status) })
export type Filters = ReturnType<typeof readFilters>

type Page = { items: readonly ListedTenant[]; nextCursor: string | null }

export const tenantsQuery = ({ q, status }: Filters) =>
  infiniteQueryOptions({
    queryKey: ['tenants', 'list', { q, status }],
    queryFn: ({ pageParam, signal }) =>
      request<Page>('/installation/tenants', { query: { q, status, limit: 50, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const tenantDetailsQuery = (id: string) =>
  queryOptions({
    queryKey: ['tenants', 'one', id],
    queryFn: ({ signal }) => request<TenantDetails>(`/installation/tenants/${id}`, { signal }),
  })

export const refreshTenants = (client: QueryClient) => client.invalidateQueries({ queryKey: ['tenants'] })

export const statusWords: Readonly<Record<Status, string>> = {
  active: 'Active',
  suspended: 'Suspended',
  pending_deletion: 'Waits for deletion',
}
export const statusColors: Readonly<Record<Status, string>> = {
  active: 'pine',
  suspended: 'yellow',
  pending_deletion: 'red',
}
