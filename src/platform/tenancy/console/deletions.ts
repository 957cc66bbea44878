import { queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type { DeletionCertificate } from '../deletion-certificates.ts'

export type Deletion = {
  tenantId: string
  name: string
  graceDays: number
  deletion: {
    requestedAt: string
    byOperator: boolean
    reason: string | null
    scheduledAt: string
    begunAt: string | null
  } | null
  tables: readonly { table: string; rows: number }[]
  owners: readonly { name: string; email: string }[]
}

export const deletionQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenant-deletion', tenantId],
    queryFn: ({ signal }) => request<Deletion>('/tenant/deletion', { query: { tenantId }, signal }),
    enabled: tenantId !== '',
    retry: false,
  })

/** A mail leads here with its workspace, which is closed meanwhile and so is none that one works in. */
export const readTenant = (search: Search) => ({ tenant: oneOf(search.tenant) })

/** `contractors.contractor_list_items` as people may read it. */
export const tableInWords = (table: string) => (table.split('.')[1] ?? table).replaceAll('_', ' ')

export type Deleted = OnTheWire<{ certificate: DeletionCertificate; signed: string; thumbprint: string }>
