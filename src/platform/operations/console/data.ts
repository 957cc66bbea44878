import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { oneOf, request, type Search } from '#platform/console'
import type { BrowsedRows } from '../data-browser/rows.ts'
import type { BrowsedTable } from '../data-browser/tables.ts'
import type { Found } from './found-field.tsx'

export type { BrowsedTable }

export const tablesQuery = queryOptions({
  queryKey: ['operations', 'data', 'tables'],
  queryFn: ({ signal }) => request<{ items: readonly BrowsedTable[] }>('/operations/data/tables', { signal }),
  staleTime: 300_000,
})

export const tenantsQuery = (q: string) =>
  queryOptions({
    queryKey: ['operations', 'data', 'tenants', q],
    queryFn: async ({ signal }): Promise<readonly Found[]> => {
      const { items } = await request<{ items: readonly { id: string; name: string; slug: string }[] }>(
        '/operations/data/tenants',
        { query: { q }, signal },
      )
      return items.map(({ id, name, slug }) => ({ value: id, label: `${name} (${slug})` }))
    },
    staleTime: 30_000,
  })

export type Look = {
  schema: string
  table: string
  tenant: string
  column: string
  match: string
  value: string
}

export const readLook = (search: Search): Look => {
  const table = oneOf(search.table)
  return {
    schema: oneOf(search.schema) || table.split('.')[0] || '',
    table,
    tenant: oneOf(search.tenant),
    column: oneOf(search.column),
    match: oneOf(search.match) || 'equals',
    value: oneOf(search.value),
  }
}

/** Each page that is asked for stands in the tenant's audit log: nothing is asked again by itself. */
export const rowsQuery = ({ table, tenant, column, match, value }: Look) =>
  infiniteQueryOptions({
    queryKey: ['operations', 'data', 'rows', tenant, table, column, match, value],
    queryFn: ({ pageParam, signal }) =>
      request<BrowsedRows>('/operations/data/rows', {
        query: {
          tenantId: tenant,
          table,
          limit: 50,
          ...(column && { column, match, ...(match !== 'empty' && { value }) }),
          ...(pageParam !== null && { cursor: pageParam }),
        },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.nextCursor,
    enabled: table !== '' && tenant !== '',
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    retry: false,
  })
