import { queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { BackupState as AnyState } from '../backups/state.ts'

export type BackupState = OnTheWire<AnyState>
export type Run = BackupState['runs'][number]
export type Chain = BackupState['chains'][number]

export const backupsQuery = queryOptions({
  queryKey: ['operations', 'backups'],
  queryFn: ({ signal }) => request<BackupState>('/operations/backups', { signal }),
  staleTime: 3_000,
  refetchInterval: query => (query.state.data?.runs.some(({ state }) => state === 'running') ? 2_000 : 10_000),
})

export const beginBackup = (kind: 'full' | 'incremental') =>
  request<{ kind: string }>('/operations/backups', { method: 'POST', body: { kind } })
export const beginDrill = () => request<{ kind: string }>('/operations/backup-drills', { method: 'POST' })

/** Where the times to which the database can be recovered lie within the days that are kept, in per cent. */
export function placeWindows({ windows, now, retentionDays }: BackupState): { left: number; width: number }[] {
  const end = Date.parse(now)
  const first = windows[0] ? Date.parse(windows[0].from) : end
  const span = Math.max(60_000, Math.min(end - first, retentionDays * 86_400_000))
  const placeOf = (time: string) => Math.min(100, Math.max(0, 100 * (1 - (end - Date.parse(time)) / span)))
  return windows.map(({ from, until }) => {
    const left = placeOf(from)
    return { left, width: Math.max(1, placeOf(until) - left) }
  })
}
