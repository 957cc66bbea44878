import { queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type { ArchiveRun as AnyArchiveRun } from '../retention/archive-runs.ts'
import type { ArchiveManifest, ArchiveVerification } from '../retention/archives.ts'
import type { LegalHold as AnyHold } from '../retention/holds.ts'
import type { RetentionRun as AnyRun, RetentionDue } from '../retention/runs.ts'
import type { Found } from './found-field.tsx'

export type RetentionRun = OnTheWire<AnyRun>
export type Rule = {
  name: string
  description: string
  table: string
  after: string
  action: 'remove' | 'archive' | 'keep'
  job: string | null
  runs: readonly RetentionRun[]
}
export type Retention = { nextRunAt: string; items: readonly Rule[]; runs: readonly RetentionRun[] }
export type Due = RetentionDue
export type Archive = ArchiveManifest & { verification: ArchiveVerification | null }
export type ArchiveRun = OnTheWire<AnyArchiveRun>
export type Archives = {
  items: readonly Archive[]
  faults: readonly string[]
  folder: string
  runs: readonly ArchiveRun[]
}
export type LegalHold = OnTheWire<AnyHold>

export const retentionViews = [
  { name: 'rules', label: 'What is kept' },
  { name: 'archives', label: 'Archives' },
  { name: 'holds', label: 'Legal holds' },
  { name: 'runs', label: 'Runs' },
] as const
export type RetentionView = (typeof retentionViews)[number]['name']
export const readRetentionView = (search: Search) => ({
  view: (retentionViews.find(({ name }) => name === oneOf(search.view))?.name ?? 'rules') as RetentionView,
})

const isRunning = ({ status }: { status: string }) => status === 'running'

export const retentionQuery = queryOptions({
  queryKey: ['operations', 'retention'],
  queryFn: ({ signal }) => request<Retention>('/operations/retention', { signal }),
  staleTime: 5_000,
  refetchInterval: query => (query.state.data?.runs.some(isRunning) ? 2_000 : 30_000),
})

/** It reads the tables: only when somebody asks, and not again by itself. */
export const dueQuery = queryOptions({
  queryKey: ['operations', 'retention', 'due'],
  queryFn: async ({ signal }) =>
    (await request<{ items: readonly Due[] }>('/operations/retention/due', { signal })).items,
  enabled: false,
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
})

export const runNow = (name?: string) =>
  request<{ names: readonly string[] }>('/operations/retention/runs', {
    method: 'POST',
    body: name === undefined ? {} : { name },
  })

export const archivesQuery = queryOptions({
  queryKey: ['operations', 'archives'],
  queryFn: ({ signal }) => request<Archives>('/operations/archives', { signal }),
  staleTime: 5_000,
  refetchInterval: query => (query.state.data?.runs.some(isRunning) ? 1_500 : 30_000),
})

export const verifyNow = (id?: string) =>
  request('/operations/archives/verifications', { method: 'POST', body: id === undefined ? {} : { id } })
export const restoreNow = (id: string, into: string) =>
  request('/operations/archives/restores', { method: 'POST', body: { id, ...(into && { into }) } })

export const holdsQuery = (all: boolean) =>
  queryOptions({
    queryKey: ['operations', 'legal-holds', all],
    queryFn: async ({ signal }) =>
      (await request<{ items: readonly LegalHold[] }>('/operations/legal-holds', { query: { all }, signal })).items,
    staleTime: 10_000,
  })

export const addHold = (wish: { tenantId?: string; userId?: string; reason: string }) =>
  request<LegalHold>('/operations/legal-holds', { method: 'POST', body: wish })
export const releaseHold = (id: string, reason: string) =>
  request<LegalHold>(`/operations/legal-holds/${id}/release`, { method: 'POST', body: { reason } })

type Named = { items: readonly { id: string; name: string; slug: string }[] }
type Accounts = { items: readonly { id: string; email: string; fullName: string | null }[] }

export const heldTenantsQuery = (q: string) =>
  queryOptions({
    queryKey: ['operations', 'legal-holds', 'tenants', q],
    queryFn: async ({ signal }): Promise<readonly Found[]> => {
      const { items } = await request<Named>('/installation/tenants', { query: { ...(q && { q }), limit: 10 }, signal })
      return items.map(({ id, name, slug }) => ({ value: id, label: `${name} (${slug})` }))
    },
    staleTime: 30_000,
  })

export const heldUsersQuery = (q: string) =>
  queryOptions({
    queryKey: ['operations', 'legal-holds', 'users', q],
    queryFn: async ({ signal }): Promise<readonly Found[]> => {
      const { items } = await request<Accounts>('/users', { query: { ...(q && { q }), limit: 10 }, signal })
      return items.map(({ id, email, fullName }) => ({ value: id, label: fullName ? `${fullName} (${email})` : email }))
    },
    staleTime: 30_000,
  })
