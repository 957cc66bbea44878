import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { SyncRun as SyncRunAnswer, SyncRunError } from '../sync-runs.ts'

export type SyncRun = OnTheWire<SyncRunAnswer>
export type { SyncRunError }

type Page<Item> = { items: readonly Item[]; nextCursor: string | null }

export const syncRunsQuery = (providerId: string) =>
  infiniteQueryOptions({
    queryKey: ['federation', 'sync-runs', providerId],
    queryFn: ({ signal, pageParam }) =>
      request<Page<SyncRun>>(`/federation/providers/${providerId}/sync-runs`, {
        signal,
        query: { cursor: pageParam, limit: 25 },
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
    refetchInterval: query => (query.state.data?.pages[0]?.items[0]?.status === 'running' ? 2_000 : false),
  })

export const syncRunQuery = (id: string) =>
  queryOptions({
    queryKey: ['federation', 'sync-run', id],
    queryFn: ({ signal }) => request<SyncRun>(`/federation/sync-runs/${id}`, { signal }),
    refetchInterval: query => (query.state.data?.status === 'running' ? 2_000 : false),
  })

export const syncRunErrorsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['federation', 'sync-run', id, 'errors'],
    queryFn: ({ signal, pageParam }) =>
      request<Page<SyncRunError>>(`/federation/sync-runs/${id}/errors`, {
        signal,
        query: { cursor: pageParam, limit: 25 },
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
  })

export const runStatuses: Readonly<Record<SyncRun['status'], { word: string; color: string }>> = {
  running: { word: 'Running', color: 'gray' },
  succeeded: { word: 'Done', color: 'pine' },
  partly: { word: 'Not with everybody', color: 'yellow' },
  failed: { word: 'Broke off', color: 'red' },
}

export const causeWords: Readonly<Record<SyncRun['cause'], string>> = {
  person: 'begun by hand',
  command: 'begun at the command line',
  schedule: 'every night',
  mapping: 'after a change of the mappings',
  retry: 'tried again',
}
