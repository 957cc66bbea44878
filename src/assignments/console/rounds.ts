import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import type { Static } from 'typebox'
import { type OnTheWire, request, requestAll } from '#platform/console'
import type { DropOut as ServedDropOut } from '../planning/drop-outs.ts'
import type { Change, MoveAnswer as ServedAnswer } from '../planning/moves.ts'
import type { PairCost } from '../planning/pair-costs.ts'
import type { Comparison as ServedComparison, Revision as ServedRevision } from '../planning/past-plans.ts'
import type { Pin as ServedPin } from '../planning/pins.ts'
import type { Reason as ServedReason } from '../rounds/eligibility.ts'
import type { HistoryEntry as ServedEntry } from '../rounds/history.ts'
import type { RoundFault } from '../rounds/validations.ts'
import type { Page, Participant, Round, RoundDetail } from './wire-types.ts'

export type Reason = OnTheWire<ServedReason>
export type Fault = OnTheWire<Static<typeof RoundFault>>
export type HistoryEntry = OnTheWire<ServedEntry>

export type Pin = OnTheWire<ServedPin>
type Pair = { participantId: string; targetId: string }

export type { Change }
export type MoveAnswer = OnTheWire<ServedAnswer>

export type DropOut = OnTheWire<ServedDropOut>
export type Revision = OnTheWire<ServedRevision>
export type Comparison = OnTheWire<ServedComparison>

export type Reasons = {
  isPossible: boolean
  reasons: readonly Reason[]
  cost: OnTheWire<Static<typeof PairCost>> | null
}

const keyOf = (id: string) => ['assignments', 'rounds', id] as const
export const pathOf = (id: string) => `/assignments/${encodeURIComponent(id)}`

export const roundQuery = (id: string) =>
  queryOptions({ queryKey: keyOf(id), queryFn: ({ signal }) => request<Round>(pathOf(id), { signal }) })

/** The latest first. */
export const latestRoundQuery = (domainId: string) =>
  queryOptions({
    queryKey: ['assignments', 'latest-round', domainId],
    queryFn: async ({ signal }) => {
      const { items } = await request<Page<Round>>('/assignments', {
        query: { domainId, status: 'active', limit: 1 },
        signal,
      })
      return items[0] ?? null
    },
  })

export const detailsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keyOf(id), 'details'],
    queryFn: ({ signal }) => requestAll<RoundDetail>(`${pathOf(id)}/details`, signal),
  })

export const pinsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keyOf(id), 'pins'],
    queryFn: ({ signal }) => requestAll<Pin>(`${pathOf(id)}/pins`, signal),
  })

/** What a round lacks, whatever plan it gets. */
export const validationQuery = (id: string) =>
  queryOptions({
    queryKey: [...keyOf(id), 'validation'],
    queryFn: ({ signal }) => request<{ faults: readonly Fault[] }>(`${pathOf(id)}/validation`, { signal }),
  })

/** Who can be assigned in a domain, by name. */
export const peopleQuery = (domainId: string) =>
  queryOptions({
    queryKey: ['assignments', 'people-of-rounds', domainId],
    queryFn: ({ signal }) => requestAll<Participant>('/participants', signal, { domainId, isActive: true }),
    staleTime: 30_000,
  })

export const dropOutsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keyOf(id), 'drop-outs'],
    queryFn: ({ signal }) => requestAll<DropOut>(`${pathOf(id)}/drop-outs`, signal),
  })

export const revisionsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keyOf(id), 'revisions'],
    queryFn: ({ signal }) => requestAll<Revision>(`${pathOf(id)}/revisions`, signal),
  })

export const historyQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: [...keyOf(id), 'history'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<HistoryEntry>>(`${pathOf(id)}/history`, { query: { limit: 20, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

/** Between two revisions, or between the round as it stands and what a run proposes. */
export const comparisonQuery = (id: string, asked: { from: number; to: number } | { run: string }) =>
  queryOptions({
    queryKey: [...keyOf(id), 'comparison', asked],
    queryFn: ({ signal }) => request<Comparison>(`${pathOf(id)}/comparison`, { query: asked, signal }),
  })

export const reasonsQuery = (id: string, pair: { participantId: string; targetId: string }) =>
  queryOptions({
    queryKey: [...keyOf(id), 'reasons', pair],
    queryFn: ({ signal }) => request<Reasons>(`${pathOf(id)}/reasons`, { query: pair, signal }),
    enabled: pair.participantId !== '' && pair.targetId !== '',
  })

/** Of one plan: asked anew of the next, and never of one that the change itself has made. */
export const previewQuery = ({ id, revision }: Pick<Round, 'id' | 'revision'>, changes: readonly Change[]) =>
  queryOptions({
    queryKey: ['assignments', 'previews', id, revision, changes],
    queryFn: ({ signal }) =>
      request<MoveAnswer>(`${pathOf(id)}/moves`, { method: 'POST', body: { changes, preview: true }, signal }),
    retry: false,
    staleTime: 10_000,
  })

/** Refused where somebody has changed the plan since this one was seen. */
export const makeMoves = ({ id, revision }: Pick<Round, 'id' | 'revision'>, changes: readonly Change[]) =>
  request<MoveAnswer>(`${pathOf(id)}/moves`, { method: 'POST', body: { changes, revision } })

export const makeRound = (round: { domainId: string; assignmentDate: string; endsOn: string; name?: string | null }) =>
  request<Round>('/assignments', { method: 'POST', body: round })

export const changeRound = (
  id: string,
  change: Partial<Pick<Round, 'name' | 'description' | 'status'>> & { isLocked?: boolean },
) => request<Round>(pathOf(id), { method: 'PATCH', body: change })

/** `anyway` though it breaks rules. */
export const publishRound = (id: string, anyway: boolean) =>
  request<Round>(`${pathOf(id)}/publication`, { method: 'POST', query: { anyway } })

export const undoChange = (id: string) => request(`${pathOf(id)}/undo`, { method: 'POST' })

export const restoreRevision = (id: string, number: number) =>
  request(`${pathOf(id)}/revisions/${number}/restoration`, { method: 'POST' })

export const setPin = (id: string, { participantId, targetId }: Pair, isPinned: boolean) =>
  request(`${pathOf(id)}/pins/${participantId}/${targetId}`, { method: isPinned ? 'PUT' : 'DELETE' })

export const reportDropOut = (id: string, dropOut: { participantId: string; targetId?: string; reason?: string }) =>
  request<DropOut>(`${pathOf(id)}/drop-outs`, { method: 'POST', body: dropOut })

export const withdrawDropOut = (id: string, dropOutId: string) =>
  request(`${pathOf(id)}/drop-outs/${dropOutId}`, { method: 'DELETE' })

/** After whatever changed a round: all that is shown of it, and the boards that it is on. */
export async function refreshRound(client: QueryClient, id: string): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: keyOf(id) }),
    client.invalidateQueries({ queryKey: ['assignments', 'boards'] }),
    client.invalidateQueries({ queryKey: ['assignments', 'latest-round'] }),
  ])
}
