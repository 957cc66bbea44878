import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { money } from '../money.ts'
import { ComparedContractor, ComparedField, compare, readCompared } from './comparisons.ts'
import { matchErrors } from './match-errors.ts'
import type { KeptCandidate } from './placements.ts'

const text = nullable(Type.String())
const score = nullable(Type.Number({ description: '0 to 1' }))

export const mentionStatuses = ['review', 'accepted', 'rejected', 'new'] as const

const Named = Type.Object({ id: uuid, name: Type.String(), uei: text })

/** A vendor as a source without identifiers writes it, and what it was found to be. */
export const MatchSummary = Type.Object({
  id: uuid,
  source: Type.String(),
  name: Type.String(),
  street: text,
  city: text,
  state: text,
  zipCode: text,
  country: text,
  cageCode: text,
  recordCount: Type.Integer({ description: 'Raw records that say it' }),
  listedValue: money('Of the awards that these list'),
  status: oneOf(mentionStatuses),
  score,
  reason: nullable(Type.String({ description: 'Why it was decided so' })),
  contractor: nullable(Named),
  best: nullable(Named),
  decidedBy: nullable(Type.String({ description: 'Null where the machine decided' })),
  decidedAt: nullable(timestamp),
})
export type MatchSummary = Static<typeof MatchSummary>

export const MatchReason = Type.Object({
  kind: Type.String(),
  weight: Type.Number({ description: 'Log-odds: above 0 speaks for it' }),
  text: Type.String(),
})

/** A person's decision, as it is shown. */
export const MatchDecision = Type.Object({
  id: uuid,
  kind: oneOf(['accept', 'reject', 'split', 'merge']),
  batchId: nullable(uuid),
  mentions: Type.Array(Type.Object({ id: uuid, name: Type.String() })),
  contractor: Named,
  other: nullable({ ...Named, description: 'Merge: who was absorbed; split: whose the mentions were' }),
  score,
  reason: Type.String(),
  decidedBy: Type.String(),
  decidedAt: timestamp,
  undone: nullable(Type.Object({ by: Type.String(), at: timestamp, reason: Type.String() })),
  isLast: Type.Boolean({ description: 'Can be undone: nothing was decided about the same mention since' }),
})
export type MatchDecision = Static<typeof MatchDecision>

/** A mention beside its candidates. */
export const MatchDetail = Type.Object({
  ...MatchSummary.properties,
  reasons: Type.Array(MatchReason),
  candidates: Type.Array(
    Type.Object({
      contractor: ComparedContractor,
      score: Type.Number(),
      reasons: Type.Array(MatchReason),
      fields: Type.Array(ComparedField),
    }),
  ),
  awards: Type.Array(
    Type.Object({ piid: Type.String(), agencyName: text, description: text, value: money('As the list has it') }),
    { description: 'That its records list, at most 20' },
  ),
  decisions: Type.Array(MatchDecision),
})
export type MatchDetail = Static<typeof MatchDetail>

export type MatchFilter = {
  status?: (typeof mentionStatuses)[number] | undefined
  source?: string | undefined
  minScore?: number | undefined
  maxScore?: number | undefined
  q?: string | undefined
}

/** The dearest first: what their records list. */
export async function listMatches(
  tx: Queryable,
  { limit, cursor, ...filter }: MatchFilter & { limit: number; cursor?: string | undefined },
) {
  const fingerprint = `contractor-matches ${JSON.stringify(Object.entries(filter).sort())}`
  const after = readCursor(cursor, fingerprint, place)
  const rows = await tx.run<MatchSummary & { rank: string }>(sql`
    ${selectSummary}
    where ${conditions(filter)}
      ${after ? sql`and (coalesce(mention.listed_value, -1), mention.id) < (${after[0]}::numeric, ${after[1]}::uuid)` : sql``}
    order by coalesce(mention.listed_value, -1) desc, mention.id desc
    limit ${limit + 1}
  `)
  const { items, nextCursor } = cutPage(rows, limit, fingerprint, row => [row.rank, row.id])
  return { items: items.map(({ rank, ...item }) => item as MatchSummary), nextCursor }
}

const place = Type.Tuple([Type.String({ pattern: '^-?[0-9]+([.][0-9]+)?$', maxLength: 30 }), uuid])

function conditions({ status, source, minScore, maxScore, q }: MatchFilter) {
  const words = (q ?? '').split(/\s+/).filter(word => word !== '')
  return sql.join(
    [
      sql`true`,
      ...(status === undefined ? [] : [sql`mention.status = ${status}`]),
      ...(source === undefined ? [] : [sql`mention.source = ${source}`]),
      ...(minScore === undefined ? [] : [sql`mention.score >= ${minScore}::real`]),
      ...(maxScore === undefined ? [] : [sql`mention.score <= ${maxScore}::real`]),
      ...words.map(word => sql`mention.name ilike ${`%${word.replace(/[\\%_]/g, '\\$&')}%`}`),
    ],
    sql` and `,
  )
}

/** How many there are of each status and source, and how many are to be looked at by the machine. */
export async function countMatches(tx: Queryable) {
  const rows = await tx.run<{
    status: (typeof mentionStatuses)[number]
    source: string
    count: number
    byHand: number
  }>(
    sql`
      select status, source, count(*)::integer as count, count(*) filter (where decided_at is not null)::integer as by_hand
      from contractors.mentions
      group by status, source
      order by source
    `,
  )
  const { left } = await tx.one<{ left: number }>(sql`
    select count(*)::integer as left
    from contractors.mentions
    where resolved_at is null
      and decided_at is null
  `)
  const sumOf = (status: string) => rows.reduce((sum, row) => sum + (row.status === status ? row.count : 0), 0)
  return {
    review: sumOf('review'),
    accepted: sumOf('accepted'),
    rejected: sumOf('rejected'),
    decidedByHand: rows.reduce((sum, row) => sum + row.byHand, 0),
    waiting: left,
    sources: [...new Set(rows.map(({ source }) => source))].map(source => ({
      source,
      review: rows.reduce((sum, row) => sum + (row.source === source && row.status === 'review' ? row.count : 0), 0),
    })),
  }
}

export async function getMatch(tx: Queryable, id: string): Promise<MatchDetail> {
  const row = await tx.maybe<
    MatchSummary & { reasons: MatchDetail['reasons']; kept: KeptCandidate[]; rank: string; profileId: string | null }
  >(sql`${selectSummary} where mention.id = ${id}`)
  if (!row) throw matchErrors.mentionNotFound({ id })
  const { kept, reasons, rank, profileId, ...summary } = row
  // The one that it was found to be is shown too, if somebody chose it by hand.
  const ids = [...new Set([...kept.map(candidate => candidate.profileId), ...(profileId === null ? [] : [profileId])])]
  const [compared, awards, decisions] = await Promise.all([
    readCompared(tx, ids),
    tx.run<MatchDetail['awards'][number]>(sql`
      select piid, agency_name, description, coalesce(total_obligated, obligated_amount, potential_value) as value
      from contractors.listed_awards
      where mention_id = ${id}
      order by coalesce(total_obligated, obligated_amount, potential_value) desc nulls last, record_id
      limit 20
    `),
    listDecisions(tx, { mentionId: id, limit: 20 }),
  ])
  const seen = new Set<string>()
  const candidates = ids.flatMap(profile => {
    const contractor = compared.get(profile)
    if (!contractor || seen.has(contractor.id)) return []
    seen.add(contractor.id)
    const candidate = kept.find(each => each.profileId === profile)
    return [
      {
        contractor,
        score: candidate?.score ?? 0,
        reasons: candidate?.reasons ?? [],
        fields: compare(summary, contractor),
      },
    ]
  })
  return { ...summary, reasons, candidates, awards, decisions: decisions.items }
}

/** Decisions of people, the latest first. */
export async function listDecisions(
  tx: Queryable,
  {
    limit,
    cursor,
    mentionId,
    contractorId,
    standing = false,
  }: {
    limit: number
    cursor?: string | undefined
    mentionId?: string | undefined
    contractorId?: string | undefined
    /** Only those that hold. */
    standing?: boolean | undefined
  },
) {
  const fingerprint = `contractor-match-decisions ${mentionId} ${contractorId} ${standing}`
  const after = readCursor(cursor, fingerprint, Type.Tuple([uuid]))
  type Row = Omit<MatchDecision, 'undone'> & {
    undoneBy: string | null
    undoneAt: Date | null
    undoReason: string | null
  }
  const rows = await tx.run<Row>(sql`
    select decision.id, decision.kind, decision.batch_id, decision.score, decision.reason,
      decision.decided_by_name as decided_by, decision.decided_at, decision.undone_by_name as undone_by,
      decision.undone_at, decision.undo_reason,
      jsonb_build_object('id', chosen.id, 'name', chosen.name, 'uei', chosen.uei) as contractor,
      case when other.id is not null then jsonb_build_object('id', other.id, 'name', other.name, 'uei', other.uei) end as other,
      (
        select coalesce(jsonb_agg(jsonb_build_object('id', mention.id, 'name', mention.name) order by mention.name), '[]')
        from contractors.mentions as mention
        where mention.id = any (decision.mention_ids)
      ) as mentions,
      decision.undone_at is null and not exists (
        select
        from contractors.match_decisions as later
        where later.mention_ids && decision.mention_ids
          and later.undone_at is null
          and later.id > decision.id
      ) as is_last
    from contractors.match_decisions as decision
    join contractors.contractor_profiles as chosen on chosen.id = decision.profile_id
    left join contractors.contractor_profiles as other on other.id = decision.other_profile_id
    where ${standing ? sql`decision.undone_at is null` : sql`true`}
      ${mentionId ? sql`and decision.mention_ids @> array[${mentionId}::uuid]` : sql``}
      ${contractorId ? sql`and (decision.profile_id = ${contractorId} or decision.other_profile_id = ${contractorId})` : sql``}
      ${after ? sql`and decision.id < ${after[0]}::uuid` : sql``}
    order by decision.id desc
    limit ${limit + 1}
  `)
  const { items, nextCursor } = cutPage(rows, limit, fingerprint, row => [row.id])
  return {
    items: items.map(
      ({ undoneBy, undoneAt, undoReason, ...decision }): MatchDecision => ({
        ...decision,
        undone: undoneAt && { by: undoneBy!, at: undoneAt, reason: undoReason! },
      }),
    ),
    nextCursor,
  }
}

/** What a contractor is made of beside its own records: mentions, and contractors that it has absorbed. */
export async function getParts(tx: Queryable, contractorId: string) {
  const contractor = await tx.maybe<{ name: string }>(sql`
    select name
    from contractors.contractor_profiles
    where id = ${contractorId}
      and not is_hidden
  `)
  if (!contractor) throw errors.contractorNotFound({ id: contractorId })
  const [mentions, absorbed] = await Promise.all([
    tx.run<Pick<MatchSummary, 'id' | 'name' | 'source' | 'city' | 'state' | 'recordCount' | 'reason'>>(sql`
      select id, name, source, city, state, record_count, reason
      from contractors.mentions
      where id = any (contractors.profile_mentions(${contractorId}))
      order by name, id
      limit 500
    `),
    tx.run<{ id: string; name: string; uei: string | null; reason: string; decidedBy: string; decidedAt: Date }>(sql`
      select absorbed.id, absorbed.name, absorbed.uei, decision.reason, decision.decided_by_name as decided_by,
        decision.decided_at
      from contractors.contractor_profiles as absorbed
      join contractors.match_decisions as decision
        on decision.other_profile_id = absorbed.id and decision.kind = 'merge' and decision.undone_at is null
      where absorbed.merged_into = ${contractorId}
      order by absorbed.name, absorbed.id
    `),
  ])
  return { mentions, absorbed }
}

/** Two contractors beside each other, before they are merged. */
export async function compareContractors(tx: Queryable, survivorId: string, absorbedId: string) {
  const compared = await readCompared(tx, [survivorId, absorbedId])
  const [survivor, absorbed] = [compared.get(survivorId), compared.get(absorbedId)]
  if (!survivor) throw errors.contractorNotFound({ id: survivorId })
  if (!absorbed) throw errors.contractorNotFound({ id: absorbedId })
  return { survivor, absorbed, fields: compare(survivor, absorbed) }
}

const selectSummary = sql`
  select mention.id, mention.source, mention.name, mention.street, mention.city, mention.state, mention.zip_code,
    mention.country, mention.cage_code, mention.record_count, mention.listed_value, mention.status, mention.score,
    mention.reason, mention.decided_at, mention.decided_by_name as decided_by, mention.reasons,
    mention.candidates as kept, mention.profile_id, coalesce(mention.listed_value, -1)::text as rank,
    case when contractor.id is not null
      then jsonb_build_object('id', contractor.id, 'name', contractor.name, 'uei', contractor.uei) end as contractor,
    case when best.id is not null
      then jsonb_build_object('id', best.id, 'name', best.name, 'uei', best.uei) end as best
  from contractors.mentions as mention
  left join contractors.contractor_profiles as chosen on chosen.id = mention.profile_id
  left join contractors.contractor_profiles as contractor on contractor.id = coalesce(chosen.merged_into, chosen.id)
  left join contractors.contractor_profiles as first on first.id = (mention.candidates -> 0 ->> 'profileId')::uuid
  left join contractors.contractor_profiles as best on best.id = coalesce(first.merged_into, first.id)
`
