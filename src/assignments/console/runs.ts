import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { RunFields, SolverRun } from '../planning/runs.ts'
import { pathOf } from './rounds.ts'
import type { Page } from './wire-types.ts'

export type Run = OnTheWire<SolverRun>
export type Progress = Run['progress'][number]
type Conflict = NonNullable<Run['conflict']>
export type Mend = Conflict['mends'][number]
export type Check = { holds: boolean; findings: readonly string[] }

const runsKey = (roundId: string) => ['assignments', 'rounds', roundId, 'runs'] as const
const runPath = (roundId: string, id: string) => `${pathOf(roundId)}/runs/${encodeURIComponent(id)}`

export const isGoing = ({ status }: Pick<Run, 'status'>) => status === 'queued' || status === 'running'

/** The latest first. */
export const runsQuery = (roundId: string) =>
  infiniteQueryOptions({
    queryKey: [...runsKey(roundId), 'list'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Run>>(`${pathOf(roundId)}/runs`, { query: { limit: 20, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    refetchInterval: query => (query.state.data?.pages[0]?.items.some(isGoing) ? 1_000 : false),
  })

export const runQuery = (roundId: string, id: string) =>
  queryOptions({
    queryKey: [...runsKey(roundId), id],
    queryFn: ({ signal }) => request<Run>(runPath(roundId, id), { signal }),
    refetchInterval: query => (query.state.data && isGoing(query.state.data) ? 1_000 : false),
  })

/** What the linear checker finds on what the database holds: of a run, or of the round as it stands. */
export const checkQuery = (roundId: string, runId?: string) =>
  queryOptions({
    queryKey: [...runsKey(roundId), runId ?? 'standing', 'check'],
    queryFn: ({ signal }) =>
      request<Check>(runId ? `${runPath(roundId, runId)}/check` : `${pathOf(roundId)}/check`, { signal }),
    staleTime: 30_000,
  })

export const startRun = (roundId: string, order: RunFields = {}) =>
  request<Run>(`${pathOf(roundId)}/runs`, { method: 'POST', body: order })

export const stopRun = (roundId: string, id: string) => request<Run>(`${runPath(roundId, id)}/stop`, { method: 'POST' })

export const acceptRun = (roundId: string, id: string) =>
  request<unknown>(`${runPath(roundId, id)}/acceptance`, { method: 'POST' })
