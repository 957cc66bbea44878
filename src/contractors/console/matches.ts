import { infiniteQueryOptions, keepPreviousData, type QueryClient, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type * as Compared from '../matching/comparisons.ts'
import type * as Served from '../matching/match-queue.ts'
import type { Page } from './contractors.ts'

export type MatchSummary = OnTheWire<Served.MatchSummary>
export type MatchDetail = OnTheWire<Served.MatchDetail>
export type MatchDecision = OnTheWire<Served.MatchDecision>
export type Candidate = MatchDetail['candidates'][number]
export type ComparedField = OnTheWire<Compared.ComparedField>
export type ComparedContractor = OnTheWire<Compared.ComparedContractor>
export type Decided = { id: string; kind: MatchDecision['kind']; profileId: string }

export type Counts = {
  review: number
  accepted: number
  rejected: number
  decidedByHand: number
  waiting: number
  sources: readonly { source: string; review: number }[]
}

export type Parts = {
  mentions: readonly {
    id: string
    name: string
    source: string
    city: string | null
    state: string | null
    recordCount: number
    reason: string | null
  }[]
  absorbed: readonly {
    id: string
    name: string
    uei: string | null
    reason: string
    decidedBy: string
    decidedAt: string
  }[]
}

/** What operators hold who decide about matches. */
export const reviewPermission = 'contractors.matches.review'

export const readQueue = (search: Search) => {
  const status = oneOf(search.status)
  const score = oneOf(search.minScore)
  return {
    status: ['review', 'accepted', 'rejected'].includes(status) ? status : 'review',
    source: oneOf(search.source).slice(0, 50),
    minScore: /^0\.\d{1,2}$/.test(score) ? score : '',
    q: oneOf(search.q).slice(0, 200),
    id: oneOf(search.id),
  }
}
export type Queue = ReturnType<typeof readQueue>

export const matchesQuery = ({ status, source, minScore, q }: Queue) =>
  infiniteQueryOptions({
    queryKey: ['matches', { status, source, minScore, q }],
    queryFn: ({ pageParam, signal }) =>
      request<Page<MatchSummary>>('/contractors/matches', {
        query: {
          status,
          source: source || undefined,
          minScore: minScore || undefined,
          q: q || undefined,
          limit: 50,
          cursor: pageParam || undefined,
        },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    placeholderData: keepPreviousData,
  })

export const matchCountsQuery = queryOptions({
  queryKey: ['matches', 'counts'],
  queryFn: ({ signal }) => request<Counts>('/contractors/matches/counts', { signal }),
  // While the machine looks the numbers move.
  refetchInterval: query => ((query.state.data?.waiting ?? 0) > 0 ? 3000 : false),
})

export const matchQuery = (id: string) =>
  queryOptions({
    queryKey: ['matches', 'one', id],
    queryFn: ({ signal }) => request<MatchDetail>(`/contractors/matches/${encodeURIComponent(id)}`, { signal }),
  })

export const decisionsQuery = (contractorId?: string) =>
  infiniteQueryOptions({
    queryKey: ['matches', 'decisions', contractorId],
    queryFn: ({ pageParam, signal }) =>
      request<Page<MatchDecision>>('/contractors/match-decisions', {
        query: { limit: 50, contractorId, cursor: pageParam || undefined },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const comparisonQuery = (survivorId: string, absorbedId: string) =>
  queryOptions({
    queryKey: ['matches', 'comparison', survivorId, absorbedId],
    queryFn: ({ signal }) =>
      request<{ survivor: ComparedContractor; absorbed: ComparedContractor; fields: readonly ComparedField[] }>(
        `/contractors/${survivorId}/comparison`,
        { query: { with: absorbedId }, signal },
      ),
  })

export const partsQuery = (contractorId: string) =>
  queryOptions({
    queryKey: ['matches', 'parts', contractorId],
    queryFn: ({ signal }) => request<Parts>(`/contractors/${contractorId}/parts`, { signal }),
  })

export const acceptMatch = (id: string, contractorId: string) =>
  request<Decided>(`/contractors/matches/${id}/acceptance`, { method: 'POST', body: { contractorId } })

export const rejectMatch = (id: string, reason: string) =>
  request<Decided>(`/contractors/matches/${id}/rejection`, { method: 'POST', body: { reason } })

export const undoDecision = (id: string, reason: string) =>
  request<Decided>(`/contractors/match-decisions/${id}/undo`, { method: 'POST', body: { reason } })

export const undoBatch = (id: string, reason: string) =>
  request<{ undone: number; kept: number }>(`/contractors/match-batches/${id}/undo`, {
    method: 'POST',
    body: { reason },
  })

export const acceptAbove = (body: { minScore: number; source?: string | undefined; dryRun?: boolean }) =>
  request<{ batchId: string | null; accepted: number; left: number }>('/contractors/matches/acceptances', {
    method: 'POST',
    body,
  })

/** A decision moves records between contractors: whatever shows them asks anew. */
export async function refreshMatches(client: QueryClient): Promise<void> {
  await Promise.all(
    [['matches'], ['contractor'], ['contractors']].map(queryKey => client.invalidateQueries({ queryKey })),
  )
}

const sourceNames: Readonly<Record<string, string>> = { award_list: 'Award lists' }
/** `fpds_awards` as people read it. */
export const sourceName = (source: string) => sourceNames[source] ?? source.replaceAll('_', ' ')

export const formatScore = (score: number) => (score < 0.01 ? '< 1 %' : `${Math.floor(score * 100)} %`)

/** A text's place as the source has it; often there is none. */
export const placeOfMention = ({ city, state, country }: Pick<MatchSummary, 'city' | 'state' | 'country'>) =>
  [city, state ?? country].filter(Boolean).join(', ')
