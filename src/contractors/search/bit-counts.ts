import { type Reader, sql } from '#platform/database'
import { type Bits, ordinalsIn, selectChunks, selectMatching } from './bits.ts'
import {
  type CountedFacets,
  type Counts,
  type Facets,
  type Facetted,
  facetsOf,
  facetted,
  labelCounts,
} from './facets.ts'
import { isBehind, type Rank } from './orders.ts'
import type { Sql, Target } from './targets.ts'
import { meetMatches } from './walks.ts'

type Asked = { after: Rank | undefined; wanted: number; facets: boolean; most: number }

type Counted = {
  /** Missing where there are more than `most` in another order than by value: they are walked to. */
  places: (Rank & { tier: number })[] | undefined
  total: { count: number; capped: boolean }
  facets: Facets | undefined
}

/**
 * Counts and a page out of bit strings (contractors.search_bits), so that hardly any contractor is fetched; the few that have
 * changed since the bits were made are looked at in the table. Undefined where the bits do not know all conditions or are too old.
 */
export async function countByBits(tx: Reader, target: Target, asked: Asked): Promise<Counted | undefined> {
  const { bits, order } = target
  if (bits === undefined) return undefined
  const changed = await findChanged(tx)
  if (changed === undefined) return undefined
  const { after, wanted, facets, most } = asked
  const isFirstByValue = order.isByValue && after === undefined
  const sets: Set[] = ['matched', ...(facets ? facetted.filter(facet => target.others[facet]) : [])]
  const found = await tx.run<Found>(sql`
    with
      ${selectChunks(target, changed)},
      ${selectSets(bits, sets)},
      counted as materialized (
        select
          name,
          chunk,
          bits,
          count,
          sum(count) over (partition by name order by chunk) - count as before,
          sum(count) over (partition by name) as total
        from (
          ${sql.join(
            sets.map(
              set => sql`select ${set}::text as name, chunk, bits, bit_count(bits) as count from ${nameOf(set)}`,
            ),
            sql` union all `,
          )}
        ) as each
        where count > 0
      ),
      sent as materialized (
        select name, chunk, bits
        from counted
        where ${facets ? sql`total <= ${mostRows}` : sql`false`}
          or name = 'matched' and ${isFirstByValue ? sql`before < ${wanted}` : sql`total <= ${most}`}
      )
    select
      set.name,
      snapshot.revision,
      snapshot.profile_count,
      coalesce((select sum(count) from counted where name = set.name), 0)::integer as count,
      array(
        select id
        from contractors.contractor_profiles
        where id = any(${changed}::uuid[])
          and ${target.filters}
          and ${target.bounds}
      ) as changed_ids,
      array(select chunk from sent where name = set.name order by chunk) as chunks,
      (select string_agg(substr(bit_send(bits), 5), '' order by chunk) from sent where name = set.name) as bits
    from contractors.search_snapshot as snapshot, unnest(${sets}::text[]) as set (name)
    where snapshot.is_only
  `)
  const matched = found.find(({ name }) => name === 'matched')
  if (matched === undefined) return undefined
  const count = matched.count + matched.changedIds.length
  const total = { count: Math.min(count, most), capped: count > most }
  const counted = facets ? await countFacets(tx, target, changed, found) : undefined
  if (facets && counted === undefined) return undefined
  const told = { total, facets: counted && facetsOf(counted) }
  if (total.capped && !isFirstByValue) return { ...told, places: undefined }
  const places =
    (await walkToRanks(tx, target, count, matched.profileCount, asked)) ??
    (await findRanks(tx, target, matched, ordinalsOf(matched, isFirstByValue ? wanted : most), asked))
  return places && { ...told, places: places.map(place => ({ ...place, tier: 2 })) }
}

/** All conditions, or all but that of a facet. */
type Set = 'matched' | Facetted

type Found = {
  name: Set
  revision: number
  profileCount: number
  /** Of those that have not changed. */
  count: number
  changedIds: string[]
  chunks: number[]
  bits: Buffer | null
}

const nameOf = (set: Set) => sql.ref(`set_${set}`)

const selectSets = (bits: Bits, sets: readonly Set[]) =>
  sql.join(
    sets.map(set => sql`${nameOf(set)} as materialized (${selectMatching(bits, set === 'matched' ? undefined : set)})`),
  )

const ordinalsOf = ({ chunks, bits }: Found, limit: number) => (bits ? ordinalsIn(chunks, bits, limit) : [])

/** More are not looked at one by one: then the table is searched until the bits have been made anew. */
const mostChanged = 1_000

/** Who has come or changed since the bits were made; undefined without bits, or when there are too many. */
async function findChanged(tx: Reader): Promise<string[] | undefined> {
  const found = await tx.maybe<{ ids: string[] }>(sql`
    with snapshot as materialized (
      select revision
      from contractors.search_snapshot as snapshot
      -- What is older than the changes that are kept, nobody can tell.
      where is_only
        and (
          revision = coalesce((select revision from contractors.catalogue_state where is_only), 0)
          or exists (select from contractors.catalogue_revisions where number = snapshot.revision + 1)
        )
    )
    select array(
      (
        select id
        from contractors.search_changes
        where revision > snapshot.revision
        limit ${mostChanged + 1}
      )
      union
      (
        select id
        from contractors.contractor_profiles
        where created_at = any(array(
          select distinct unnest(created_at_of_new)
          from contractors.catalogue_revisions
          where number > snapshot.revision
        ))
        limit ${mostChanged + 1}
      )
    ) as ids
    from snapshot
  `)
  return found && found.ids.length <= mostChanged ? found.ids : undefined
}

/** So many are fetched to count their values; of more, the bits of each value are counted. */
const mostRows = 2_000

const valuesOf: Record<keyof Counts, { kind: string; rows: Sql }> = {
  states: { kind: 'state', rows: sql`select state` },
  naics: { kind: 'naics', rows: sql`select naics_code` },
  agencies: { kind: 'agency', rows: sql`select unnest(award_agencies)` },
  statuses: { kind: 'status', rows: sql`select registration_status` },
  businessTypes: { kind: 'type', rows: sql`select jsonb_array_elements_text(business_types)` },
}

/** Undefined when the ordinals have been given anew meanwhile. */
async function countFacets(tx: Reader, target: Target, changed: readonly string[], found: readonly Found[]) {
  const { bits = [], others } = target
  const byName = new Map(found.map(set => [set.name, set]))
  const large = found.filter(({ count }) => count > mostRows).map(({ name }) => name)
  const conditionOf = (set: Set) =>
    (set !== 'matched' && others[set]?.rest) || sql`${target.filters} and ${target.bounds}`
  const columns = sql`state, naics_code, business_types, award_agencies, registration_status`
  // Of a set that is counted by bits, those that have changed.
  const rows = found.map(set => {
    const ordinals = large.includes(set.name) ? [] : ordinalsOf(set, mostRows)
    return sql`, ${rowsOf(set.name)} as materialized (
      select ${columns}
      from contractors.contractor_profiles
      where id = any(array(select id from contractors.search_places where ordinal = any(${ordinals}::integer[])))
      union all
      select ${columns}
      from contractors.contractor_profiles
      where id = any(${changed}::uuid[])
        and ${conditionOf(set.name)}
    )`
  })
  const count = (facet: keyof Counts): Sql => {
    const set = facet !== 'businessTypes' && byName.has(facet) ? facet : 'matched'
    const { kind, rows } = valuesOf[facet]
    const byBits = sql`
      select holder.value collate "default", bit_count(holder.bits & matching.bits) as count
      from ${nameOf(set)} as matching
      join contractors.search_bits as holder on holder.kind = ${kind} and holder.chunk = matching.chunk
      union all
    `
    return sql`
      select value, sum(count)::bigint as count
      from (
        ${large.includes(set) ? byBits : sql``}
        select value, 1
        from ${rowsOf(set)}, lateral (${rows}) as own (value)
        where value is not null
      ) as parts (value, count)
      group by value
    `
  }
  const counts = {
    states: count('states'),
    naics: count('naics'),
    agencies: count('agencies'),
    statuses: count('statuses'),
    businessTypes: count('businessTypes'),
  }
  const { isSame, facets } = await tx.one<{ isSame: boolean; facets: CountedFacets }>(sql`
    with
      ${selectChunks(target, changed)}
      ${large.length > 0 ? sql`, ${selectSets(bits, large)}` : sql``}
      ${sql.join(rows, sql` `)}
    select
      exists (select from contractors.search_snapshot where is_only and revision = ${found[0]?.revision}) as is_same,
      ${labelCounts(counts, sql`false`)} as facets
  `)
  return isSame ? facets : undefined
}

const rowsOf = (set: Set) => sql.ref(`rows_${set}`)

/**
 * A page in another order than by value, where walking to it twice as far as it should be costs less than fetching all
 * matches to sort them; undefined where it does, or where they crowd elsewhere.
 */
async function walkToRanks(
  tx: Reader,
  target: Target,
  count: number,
  profileCount: number,
  { after, wanted }: Asked,
): Promise<Rank[] | undefined> {
  const longest = Math.ceil((2 * wanted * profileCount) / Math.max(1, count))
  if (target.order.isByValue || longest > count) return undefined
  const met = await meetMatches(tx, target, sql`true`, { after, wanted, longest })
  return met.length === wanted ? met : undefined
}

/** A page among these; undefined when the ordinals have been given anew meanwhile. */
async function findRanks(
  tx: Reader,
  { order }: Target,
  { revision, changedIds }: Found,
  ordinals: readonly number[],
  { after, wanted }: Asked,
): Promise<Rank[] | undefined> {
  const behind = after ? sql`and ${isBehind(order, after)}` : sql``
  // By value the numbered contractors are known as they stand, without fetching them.
  const unchanged = order.isByValue
    ? sql`array(
        select id
        from contractors.search_places
        where ordinal = any(${ordinals}::integer[])
          ${behind}
        order by value_rank desc, id
        limit ${wanted}
      )`
    : sql`array(select id from contractors.search_places where ordinal = any(${ordinals}::integer[]))`
  const { isSame, places } = await tx.one<{ isSame: boolean; places: Rank[] }>(sql`
    select
      exists (select from contractors.search_snapshot where is_only and revision = ${revision}) as is_same,
      (
        select coalesce(json_agg(json_build_object('rank', rank, 'id', id)), '[]')
        from (
          select (${order.key})::text as rank, id
          from contractors.contractor_profiles
          where id = any(${unchanged} || ${changedIds}::uuid[])
            ${behind}
          order by ${order.by}
          limit ${wanted}
        ) as page
      ) as places
  `)
  return isSame ? places : undefined
}
