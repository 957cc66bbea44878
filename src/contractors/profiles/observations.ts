import { type Queryable, sql } from '#platform/database'
import { belongsTo, type ProfileKey } from './profile-keys.ts'

/** What a source said about a contractor, and in which period it did. */
export type Observation = {
  id: string
  source: string
  fields: Readonly<Record<string, unknown>>
  /** Days; null where no record of it is dated. */
  firstSeen: string | null
  lastSeen: string | null
  /** Only lists without identifiers say it: somebody has typed it. */
  isTyped: boolean
  /** Raw records that say it, and the newest of them. */
  records: number
  sourceId: string
  importedAt: Date
}

// A vendor block of FPDS is one record for the whole time in which it was seen.
const firstSeenColumn = { source: 'fpds_vendors', column: 'first_signed' }

/** A contractor's observations, the latest first; at most 1,000, which no contractor of the demonstration comes near. */
export async function listObservations(tx: Queryable, key: ProfileKey): Promise<Observation[]> {
  return await tx.run<Observation>(sql`
    with said as (
      select
        c.observation_id,
        min(
          case c.source
            when ${firstSeenColumn.source} then coalesce((c.data ->> ${firstSeenColumn.column})::date, c.observed_on)
            else c.observed_on
          end
        ) as first_seen,
        max(c.observed_on) as last_seen,
        bool_and(c.mention_id is not null) as is_typed,
        count(*) as records,
        max(c.id::text)::uuid as record_id
      from contractors.contractors as c
      where ${belongsTo(key)}
        and c.observation_id is not null
      group by c.observation_id
      order by last_seen desc nulls last, c.observation_id
      limit 1000
    )
    select o.id, o.source, o.fields, said.first_seen, said.last_seen, said.is_typed, said.records, record.source_id, record.imported_at
    from said
    join contractors.observations as o on o.id = said.observation_id
    join contractors.contractors as record on record.id = said.record_id
    order by said.last_seen desc nulls last, said.records desc, o.id
  `)
}

/** Something that was seen more than once: from when to when, where, and how often. */
export type Seen = { firstSeen: string | null; lastSeen: string | null; sources: string[]; records: number }

export const unseen = (): Seen => ({ firstSeen: null, lastSeen: null, sources: [], records: 0 })

/** Takes one more observation into a period. */
export function extend(seen: Seen, { firstSeen, lastSeen, source, records }: Observation): void {
  if (firstSeen !== null && (seen.firstSeen === null || firstSeen < seen.firstSeen)) seen.firstSeen = firstSeen
  if (lastSeen !== null && (seen.lastSeen === null || lastSeen > seen.lastSeen)) seen.lastSeen = lastSeen
  if (!seen.sources.includes(source)) seen.sources.push(source)
  seen.records += records
}

/** The latest first, then the most frequent. */
export const byLastSeen = (a: Seen, b: Seen) =>
  (b.lastSeen ?? '').localeCompare(a.lastSeen ?? '') || b.records - a.records

/** The text of a field, or undefined. */
export function textOf(observation: Observation, field: string): string | undefined {
  const value = observation.fields[field]
  return typeof value === 'string' && value !== '' ? value : undefined
}
