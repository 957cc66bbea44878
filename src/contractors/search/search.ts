import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { cutPage, decimal, oneOf, readCursor, uuid } from '#platform/http'
import { money } from '../money.ts'
import { type Contractor, contractorColumns } from '../profiles/profile-pages.ts'
import { countByBits } from './bit-counts.ts'
import { type CountedFacets, countRows, type Facets, facetsOf, isBeyond, labelCounts, selectOthers } from './facets.ts'
import { isBehind, type Order, orderOf, type Rank, sorts } from './orders.ts'
import { findTarget, matches, type Names, type Sql, type Target, tierOf } from './targets.ts'
import { meetMatches } from './walks.ts'

/**
 * What is looked for, and in which order: what a saved search keeps, and what the address of the search page says.
 * All conditions must hold; of several states, industries, districts, agencies or statuses one is enough.
 */
export const Search = Type.Object({
  q: Type.Optional(Type.String({ maxLength: 500, description: 'Words of the name, a UEI or a CAGE code' })),
  state: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z]{2}$', examples: ['VA'] }), {
      maxItems: 20,
      description: 'Repeat the parameter for contractors in any of several states',
    }),
  ),
  city: Type.Optional(Type.String({ maxLength: 100, description: 'Whole name, in any case' })),
  district: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z]{2}-[0-9]{2}$', examples: ['VA-11'] }), {
      maxItems: 20,
      description: 'Congressional district; repeat the parameter for any of several',
    }),
  ),
  naics: Type.Optional(
    Type.Array(Type.String({ pattern: '^[0-9]{2,6}$', examples: ['5415'] }), {
      maxItems: 20,
      description: 'First 2 to 6 digits; repeat the parameter for contractors in any of several industries',
    }),
  ),
  businessType: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 20 }), {
      maxItems: 10,
      description: 'SAM business type code; repeat the parameter for contractors that have all of them',
    }),
  ),
  certification: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Z0-9]{1,10}$', examples: ['A6'] }), {
      maxItems: 10,
      description: 'SBA certification code; repeat the parameter for contractors that have all of them',
    }),
  ),
  certifiedOn: Type.Optional(
    Type.String({
      format: 'date',
      description:
        'The day on which the certifications are to be in force; unless told, today in the time zone of who asks',
    }),
  ),
  agency: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Z0-9]{4}$', examples: ['9700'] }), {
      maxItems: 20,
      description: 'Code of an agency that has awarded to it; repeat the parameter for any of several',
    }),
  ),
  status: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 50, examples: ['Active'] }), {
      maxItems: 10,
      description: 'Status of the registration; repeat the parameter for any of several',
    }),
  ),
  registeredSince: Type.Optional(Type.String({ format: 'date', description: 'First registered on that day or later' })),
  minValue: Type.Optional({ ...decimal, description: 'Least total contract value, US dollars' }),
  maxValue: Type.Optional({ ...decimal, description: 'Greatest total contract value, US dollars' }),
  hasActiveContracts: Type.Optional(Type.Boolean({ description: 'Only those with an award that is not completed' })),
  includePlaceholders: Type.Optional(Type.Boolean({ description: 'Also records of recipients not named' })),
  rollUp: Type.Optional(
    Type.Boolean({
      description: `One firm shown once: only the tops of families, with what the families have been awarded. A family whose
top has no profile is shown by its member with the greatest value, and found by the name of the top and by those of its members.`,
    }),
  ),
  sort: Type.Optional(
    oneOf(sorts, {
      description: `\`relevance\` unless told: names that are what was typed, names that begin with it, all others, within
each by value. \`value\`: greatest total contract value first; \`name\`: by the words of the name; \`updated\`: latest update
of the registration first; \`awarded\`: latest award first.`,
    }),
  ),
})
export type Search = { [Term in keyof Static<typeof Search>]?: Static<typeof Search>[Term] | undefined }

/** Which part of the results is wanted, and whether with counts. */
export type SearchPart = {
  limit: number
  cursor?: string | undefined
  facets?: boolean | undefined
  /** The day it is for who asks; the catalogue's unless told. No part of what is asked: a cursor outlives midnight. */
  today?: string | undefined
}

/** What a family has been awarded, its top included. */
export const Family = Type.Object({
  contractorId: { ...uuid, description: 'Who stands for it: its top, or where that has no profile one of its members' },
  uei: Type.String({ description: 'Of its top' }),
  name: Type.String({ description: 'Of its top; of one without a profile as sources name it' }),
  isNamedOnly: Type.Boolean({
    description: 'Whether the top has no profile, so that another one stands for the family',
  }),
  contractorCount: Type.Integer({ description: 'Members that have a profile' }),
  totalContractValue: money('Obligated over all known awards of the family'),
  activeContractsCount: Type.Integer(),
  completedContractsCount: Type.Integer(),
})
export type Family = Static<typeof Family>

export type SearchResult = {
  items: Contractor[]
  nextCursor: string | null
  facets?: Facets
  /** Of a search that rolls up: the families for which items stand. */
  families?: Family[]
  /** Exact up to 10,000; `capped` says that there are more. */
  total: { count: number; capped: boolean }
  correctedQuery?: string
}

/**
 * Contractors by name, identifier and filters. In order: names that are the words typed (legal forms such as INC aside),
 * names that begin with them, all others; within each by total contract value, none last, then by id.
 *
 * Run it in a transaction: the first statement asks for a plan of its own for each of the following, since a plan that
 * fits a rare word is a hundred times too slow for a common one.
 *
 * Up to 10,000 matches are found by the words' index and sorted. Beyond that sorting them would cost more than the
 * answer may take (0.1 s and more), but then matches are so frequent that walking down all contractors by value meets
 * a page of them soon.
 * Filters without words are counted in bit strings instead (`countByBits`), where those are there.
 */
export async function searchContractors(tx: Reader, search: Search & SearchPart): Promise<SearchResult> {
  const fingerprint = fingerprintOf(search)
  const after = positionOf(readCursor(search.cursor, fingerprint, cursorShapeOf(orderOf(search))))
  const wanted = search.limit + 1
  const { found, corrected } = await findTarget(
    tx,
    search,
    { isPage: true, today: search.today },
    target => findPlaces(tx, target, after, wanted, search.facets === true),
    ({ places }) => places.length === 0,
  )
  const { places, total, facets } = found

  const page = cutPage(places, search.limit, fingerprint, place => [
    place.tier,
    place.rank,
    total.count,
    total.capped,
    place.id,
  ])
  const items = await getContractors(
    tx,
    page.items.map(({ id }) => id),
  )
  return {
    items,
    nextCursor: page.nextCursor,
    ...(search.rollUp && { families: await getFamilies(tx, items) }),
    ...(facets && { facets }),
    total,
    ...(corrected !== undefined && { correctedQuery: corrected }),
  }
}

async function findPlaces(
  tx: Reader,
  target: Target,
  after: Position | undefined,
  wanted: number,
  facets: boolean,
): Promise<{ places: Place[]; total: SearchResult['total']; facets?: Facets | undefined }> {
  if (after?.total.capped && !facets) return { places: await walk(tx, target, after, wanted), total: after.total }
  const matched =
    (await countByBits(tx, target, { after, wanted, facets, most: mostMatches })) ??
    (await countMatches(tx, target, after, wanted, facets))
  return { ...matched, places: matched.places ?? (await walk(tx, target, after, wanted)) }
}

const mostMatches = 10_000
/** What the other filters let through is looked at so far only for each filtered facet: the whole takes a second and more. */
const mostOthers = 10_000

/** Where a match stands: 0 its name is what was typed, 1 its name begins with it, 2 any other or another order. */
type Place = Rank & { tier: number }
type Position = Place & { total: SearchResult['total'] }

const cursorShapeOf = ({ shape }: Order) =>
  Type.Tuple([
    Type.Integer({ minimum: 0, maximum: 2 }),
    Type.String({ pattern: shape.source }),
    Type.Integer({ minimum: 0, maximum: mostMatches }),
    Type.Boolean(),
    Type.String({ format: 'uuid' }),
  ])

function positionOf(values: Static<ReturnType<typeof cursorShapeOf>> | undefined): Position | undefined {
  if (!values) return undefined
  const [tier, rank, count, capped, id] = values
  return { tier, rank, id, total: { count, capped } }
}

function fingerprintOf({ limit, cursor, facets, today, ...asked }: Search & SearchPart): string {
  const terms = Object.entries(asked).filter(([, value]) => value !== undefined && value !== false)
  return `contractors ${JSON.stringify(terms.sort(([a], [b]) => (a < b ? -1 : 1)))}`
}

async function countMatches(tx: Reader, target: Target, after: Place | undefined, wanted: number, facets: boolean) {
  const { order } = target
  const { count, places, counted } = await tx.one<{
    count: number
    places: Place[]
    counted: CountedFacets | null
  }>(sql`
    with matched as materialized (
      select id, ${order.key} as place, ${tierOf(target)} as tier
        ${facets ? sql`, state, naics_code, business_types, award_agencies, registration_status` : sql``}
      from contractors.contractor_profiles
      where ${matches(target, 'words index')}
        and ${target.bounds}
      limit ${mostMatches + 1}
    )
    ${facets ? selectOthers(target, mostOthers) : sql``}
    select
      (select count(*) from matched) as count,
      (
        select coalesce(json_agg(json_build_object('tier', tier, 'rank', rank, 'id', id)), '[]')
        from (
          select tier, place::text as rank, id
          from matched
          where (select count(*) from matched) <= ${mostMatches}
            ${after ? sql`and (tier > ${after.tier} or (tier = ${after.tier} and ${isBehind(order, after, sql`place`)}))` : sql``}
          order by tier, place ${order.direction}, id
          limit ${wanted}
        ) as page
      ) as places,
      ${
        facets
          ? labelCounts(countRows(target.others), isBeyond(target.others, { matches: mostMatches, others: mostOthers }))
          : sql`null`
      } as counted
  `)
  const capped = count > mostMatches
  return {
    places: capped ? undefined : places,
    total: { count: Math.min(count, mostMatches), capped },
    facets: counted ? facetsOf(counted) : undefined,
  }
}

/** The next places among more matches than can be sorted: one tier after the other. */
async function walk(tx: Reader, target: Target, after: Place | undefined, wanted: number): Promise<Place[]> {
  const { names } = target
  const places: Place[] = []
  for (let tier = after?.tier ?? (names ? 0 : 2); tier <= 2 && places.length < wanted; tier++) {
    const from = after?.tier === tier ? after : undefined
    const missing = wanted - places.length
    const found =
      names && tier === 0
        ? await sortAll(tx, target, names.same, from, missing)
        : names && tier === 1
          ? await walkLeading(tx, target, names, from, missing)
          : await walkDown(tx, target, names?.other ?? sql`true`, from, missing)
    places.push(...found.map(place => ({ ...place, tier })))
  }
  return places
}

async function sortAll(tx: Reader, target: Target, inTier: Sql, after: Rank | undefined, wanted: number) {
  const { order } = target
  return await tx.run<Rank>(sql`
    select (${order.key})::text as rank, id
    from contractors.contractor_profiles
    where ${matches(target, 'words index')}
      and ${target.bounds}
      and ${inTier}
      ${after ? sql`and ${isBehind(order, after)}` : sql``}
    order by ${order.by}
    limit ${wanted}
  `)
}

/** Up to so many leading names are sorted; more are so frequent that the walk meets them. */
const mostSorted = 3_000

async function walkLeading(tx: Reader, target: Target, names: Names, after: Rank | undefined, wanted: number) {
  const { order } = target
  // All leading names, matching or not: only without other conditions does the index stop at the limit.
  const { count, places } = await tx.one<{ count: number; places: Rank[] }>(sql`
    with begun as materialized (
      select (${order.key}) as rank, id, ${matches(target, 'row')} and ${target.bounds} and ${names.leading} as is_match
      from contractors.contractor_profiles
      where ${names.begins}
      order by search_name using ~<~
      limit ${mostSorted + 1}
    )
    select
      (select count(*) from begun) as count,
      (
        select coalesce(json_agg(json_build_object('rank', rank::text, 'id', id)), '[]')
        from (
          select rank, id
          from begun
          where is_match
            ${after ? sql`and rank <= ${after.rank}::bigint and (rank < ${after.rank}::bigint or id > ${after.id})` : sql``}
          order by rank desc, id
          limit ${wanted}
        ) as page
      ) as places
  `)
  return count <= mostSorted ? places : await walkDown(tx, target, names.leading, after, wanted)
}

/** How many contractors one walk looks at; where matches crowd further down, sorting them is cheaper. */
const longestWalk = 20_000

async function walkDown(
  tx: Reader,
  target: Target,
  inTier: Sql,
  after: Rank | undefined,
  wanted: number,
): Promise<Rank[]> {
  if (target.order.isByValue && target.states.length > 1) return await walkDownEach(tx, target, inTier, after, wanted)
  const met = await meetMatches(tx, target, inTier, { after, wanted, longest: longestWalk })
  return met.length === wanted ? met : await sortAll(tx, target, inTier, after, wanted)
}

/** State by state: each has an index range in order, all together would have to be sorted (0.5 s and more). */
async function walkDownEach(tx: Reader, target: Target, inTier: Sql, after: Rank | undefined, wanted: number) {
  const met: Rank[] = []
  for (const state of target.states) {
    const inState = { ...target, bounds: target.boundsIn(state), states: [state] }
    met.push(...(await walkDown(tx, inState, inTier, after, wanted)))
  }
  return met.sort((a, b) => Number(b.rank) - Number(a.rank) || (a.id < b.id ? -1 : 1)).slice(0, wanted)
}

/** In the order of the ids; those that are no more are left out. */
export async function getContractors(tx: Reader, ids: readonly string[]): Promise<Contractor[]> {
  if (ids.length === 0) return []
  return await tx.run<Contractor>(sql`
    select ${contractorColumns}
    from unnest(${ids}::uuid[]) with ordinality as place (place_id, position)
    join contractors.contractor_profiles on id = place_id
    -- What was found a moment ago may have been hidden since.
    where not is_hidden
    order by position
  `)
}

/** Of those that stand for one of several. */
export async function getFamilies(tx: Reader, items: readonly Contractor[]): Promise<Family[]> {
  return await tx.run<Family>(sql`
    select
      head_id as contractor_id,
      uei,
      name,
      is_named_only,
      profile_count as contractor_count,
      total_contract_value,
      active_contracts_count,
      completed_contracts_count
    from contractors.families
    where head_id = any(${items.map(({ id }) => id)}::uuid[])
      and profile_count > 1
  `)
}
