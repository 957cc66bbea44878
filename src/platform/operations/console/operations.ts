import { queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type { Fallbacks, ReplicaStatus } from '#platform/database'
import type { Alarm as AnyAlarm } from '../alarms/alarms.ts'
import type { Examination as AnyExamination, ReportedFinding } from '../doctor/examinations.ts'
import type { Bloat } from '../health/bloat.ts'
import type { Connections, Session } from '../health/connections.ts'
import type { DuplicateIndex, IndexState, InvalidIndex, UnindexedKey } from '../health/indexes.ts'
import type { PartitionHorizon } from '../health/partitions.ts'
import type { RelationSize, SizePoint } from '../health/relation-sizes.ts'
import type { Replication } from '../health/replication.ts'
import type { SequenceRoom, TransactionRoom } from '../health/room.ts'
import type { StatementStatistics } from '../health/statements.ts'
import type { MaintenanceRun as AnyRun } from '../maintenance/runs.ts'
import type { Standing as AnyStanding } from '../standings.ts'

export type Alarm = OnTheWire<AnyAlarm>
export type Examination = OnTheWire<AnyExamination>
export type Finding = ReportedFinding
export type MaintenanceRun = OnTheWire<AnyRun>
export type { SizePoint, StatementStatistics }

export type Standing = OnTheWire<AnyStanding>

export type Overview = {
  standings: readonly Standing[]
  alarms: readonly Alarm[]
  examination: Examination | null
  bytes: number
  sizes: readonly SizePoint[]
  connections: { used: number; limit: number }
  cacheHit: number | null
  deadlocks: number
  since: string | null
  oldestTransactionSeconds: number | null
  statements: StatementStatistics
  maintenance: readonly MaintenanceRun[]
}

export const overviewQuery = queryOptions({
  queryKey: ['operations', 'overview'],
  queryFn: ({ signal }) => request<Overview>('/operations/overview', { signal }),
  staleTime: 15_000,
})

export const examine = () => request<Examination>('/operations/examination', { method: 'POST' })
export const acknowledge = (id: string) =>
  request<Alarm>(`/operations/alarms/${id}/acknowledgement`, { method: 'POST' })
export const runTask = (task: string) =>
  request<{ task: string }>(`/operations/maintenance/${task}/runs`, { method: 'POST' })

export type Tables = OnTheWire<{
  items: RelationSize[]
  bloat: Bloat[]
  partitions: PartitionHorizon[]
  sequences: SequenceRoom[]
}>
export type Indexes = OnTheWire<{
  since: Date | null
  items: IndexState[]
  invalid: InvalidIndex[]
  duplicate: DuplicateIndex[]
  missing: UnindexedKey[]
  bloat: Bloat[]
}>
export type Locks = {
  items: readonly (OnTheWire<Session> & { wants: string | null; waitedSeconds: number | null; depth: number })[]
}
export type ConnectionsShown = OnTheWire<Connections>
export type ReplicationShown = OnTheWire<
  Replication & {
    reports: ReplicaStatus[]
    fallbacks: Fallbacks | null
    room: TransactionRoom
    checkpoints: { timed: number; requested: number }
    walBytes: number
    since: Date | null
  }
>

export const views = [
  { name: 'tables', label: 'Tables' },
  { name: 'indexes', label: 'Indexes' },
  { name: 'statements', label: 'Statements' },
  { name: 'locks', label: 'Locks' },
  { name: 'connections', label: 'Connections' },
  { name: 'replication', label: 'Replication' },
] as const
export type ViewName = (typeof views)[number]['name']

export const readView = (search: Search) => ({
  view: (views.find(({ name }) => name === oneOf(search.view))?.name ?? 'tables') as ViewName,
})

export const healthQuery = <T>(view: ViewName) =>
  queryOptions({
    queryKey: ['operations', 'health', view],
    queryFn: ({ signal }) => request<T>(`/operations/health/${view}`, { signal }),
    staleTime: 5_000,
    // Whoever looks at who blocks whom waits for it to pass.
    ...(view === 'locks' && { refetchInterval: 5_000 }),
  })

export type Maintenance = {
  tasks: readonly { name: string; title: string; every: 'day' | 'week' | 'month' }[]
  items: readonly MaintenanceRun[]
}

export const maintenanceQuery = queryOptions({
  queryKey: ['operations', 'maintenance'],
  queryFn: ({ signal }) => request<Maintenance>('/operations/maintenance', { query: { limit: 50 }, signal }),
  staleTime: 5_000,
  refetchInterval: query => (query.state.data?.items.some(({ status }) => status === 'running') ? 3_000 : 30_000),
})

/** `12.3 MB`, in steps of 1,000, as disks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(Math.floor(Math.log10(Math.max(Math.abs(bytes), 1)) / 3), units.length - 1)
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

export const formatGrowth = (bytes: number | null): string =>
  bytes === null ? 'not yet' : bytes === 0 ? 'none' : `${bytes > 0 ? '+' : '−'}${formatBytes(Math.abs(bytes))}`

export function formatSeconds(seconds: number | null): string {
  if (seconds === null) return ''
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`
  if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} days`
}

export const formatShare = (share: number | null): string =>
  share === null ? 'not known yet' : `${(share * 100).toFixed(share > 0.99 && share < 1 ? 1 : 0)} %`

const taskNames: Readonly<Record<string, string>> = {
  vacuum: 'VACUUM',
  analyze: 'ANALYZE',
  reindex: 'REINDEX',
  'contractors.refresh-summary': 'Summary of contractors',
  'contractors.refresh-search-bits': 'Search of contractors',
}
export const nameOfTask = (task: string) => taskNames[task] ?? task
