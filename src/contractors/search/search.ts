import type { RawBuilder } from 'kysely'
import { Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, readCursor } from '#platform/http'
import { type Contractor, contractorColumns } from '../profiles/profile-pages.ts'
import { ueiPattern } from '../uei.ts'
import { type CountedFacets, countFacets, type Facets, facetsOf, type Others } from './facets.ts'
import { readWords, type Words } from './vocabulary.ts'

export type Search = {
  /** Words of the name (the last may be unfinished), a UEI or a CAGE code. */
  q?: string | undefined
  /** Any of these two-letter codes. */
  state?: readonly string[] | undefined
  city?: string | undefined
  /** Any of these first 2 to 6 digits of the NAICS code. */
  naics?: readonly string[] | undefined
  /** SAM business type codes: a contractor must have all of them. */
  businessTypes?: readonly string[] | undefined
  /** Bounds of the total contract value, US dollars as decimal text; either leaves out contractors without a value. */
  minValue?: string | undefined
  maxValue?: string | undefined
  /** Also records that stand for recipients who are not named. */
  includePlaceholders?: boolean | undefined
  facets?: boolean | undefined
  limit: number
  cursor?: string | undefined
}

export type SearchResult = {
  items: Contractor[]
  nextCursor: string | null
  facets?: Facets
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
 */
export async function searchContractors(tx: Queryable, search: Search): Promise<SearchResult> {
  const fingerprint = fingerprintOf(search)
  const after = positionOf(readCursor(search.cursor, fingerprint, cursorShape))
  const { target, corrected } = await readTarget(tx, search)
  const wanted = search.limit + 1

  let places: Place[]
  let total: SearchResult['total']
  let facets: Facets | undefined
  if (after?.total.capped && !search.facets) {
    total = after.total
    places = await walk(tx, target, after, wanted)
  } else {
    const matches = await countMatches(tx, target, after, wanted, search.facets === true)
    total = matches.total
    facets = matches.facets
    places = total.capped ? await walk(tx, target, after, wanted) : matches.places
  }

  const page = cutPage(places, search.limit, fingerprint, place => [
    place.tier,
    place.valueRank,
    total.count,
    total.capped,
    place.id,
  ])
  return {
    items: await getContractors(tx, page.items),
    nextCursor: page.nextCursor,
    ...(facets && { facets }),
    total,
    ...(corrected !== undefined && { correctedQuery: corrected }),
  }
}

const mostMatches = 10_000
/** What a filter of one facet keeps out is looked at so far only: the whole would double the time of a filtered search. */
const mostOthers = 3_000

/** Where a match stands: 0 its name is what was typed, 1 its name begins with it, 2 any other. */
type Place = { tier: number; valueRank: number; id: string }
type Position = Place & { total: SearchResult['total'] }

const cursorShape = Type.Tuple([
  Type.Integer({ minimum: 0, maximum: 2 }),
  Type.Integer({ minimum: -1e15, maximum: 1e15 }),
  Type.Integer({ minimum: 0, maximum: mostMatches }),
  Type.Boolean(),
  Type.String({ format: 'uuid' }),
])

function positionOf(values: [number, number, number, boolean, string] | undefined): Position | undefined {
  if (!values) return undefined
  const [tier, valueRank, count, capped, id] = values
  return { tier, valueRank, id, total: { count, capped } }
}

function fingerprintOf({ limit, cursor, facets, ...asked }: Search): string {
  return `contractors ${JSON.stringify(Object.entries(asked).sort(([a], [b]) => (a < b ? -1 : 1)))}`
}

type Sql = RawBuilder<unknown>

/** What is looked for, as conditions on `contractors.contractor_profiles`. */
type Target = {
  words: Sql | undefined
  filters: Sql
  /** Filters by which the walk down by value can skip. */
  bounds: Sql
  /** Several states, each of which the walk goes down in its own index range. */
  states: readonly string[]
  /** The bounds with one state instead. */
  boundsIn: (state: string) => Sql
  /** What all but the filter of a facet let through: so its other values can be counted. */
  others: Others
  /** Which names come first; undefined when nothing was typed but an identifier or filters. */
  names: Names | undefined
}

type Names = { same: Sql; begins: Sql; leading: Sql; other: Sql }

/** The words' index finds rare words; where another index leads, reading all of a common word's entries is waste. */
function matches({ words, filters }: Target, by: 'words index' | 'row'): Sql {
  if (words === undefined) return filters
  return by === 'row' ? sql`(${words}) is true and ${filters}` : sql`${words} and ${filters}`
}

async function readTarget(tx: Queryable, search: Search): Promise<{ target: Target; corrected: string | undefined }> {
  await tx.run(sql`select set_config('plan_cache_mode', 'force_custom_plan', true)`)
  const conditions = filtersOf(search)
  const typed = search.q === undefined ? '' : search.q.toWellFormed().replaceAll('\0', ' ')
  if (typed.trim() === '')
    return { target: { ...conditions, words: undefined, names: undefined }, corrected: undefined }

  const identifier = await findIdentifier(tx, typed.trim().toUpperCase())
  if (identifier) {
    return { target: { ...conditions, words: identifier, names: undefined }, corrected: undefined }
  }
  const typedWords = await readWords(tx, typed)
  const words = typedWords.words.length === 0 ? sql`false` : sql`search_words @@ ${tsqueryOf(typedWords)}::tsquery`
  const key = sql`contractors.words_without_legal_form(${typedWords.words.join(' ')})`
  const begins = sql`search_name ^@ ${typedWords.lastIsPrefix ? key : sql`(${key} || ' ')`}`
  const names = {
    same: sql`search_name = ${key}`,
    begins,
    leading: sql`${begins} and search_name <> ${key}`,
    other: sql`not ${begins} and search_name <> ${key}`,
  }
  return { target: { ...conditions, words, names }, corrected: typedWords.corrected }
}

function filtersOf(search: Search): Pick<Target, 'filters' | 'bounds' | 'states' | 'boundsIn' | 'others'> {
  const filters = [sql`not is_hidden`]
  const bounds = [sql`true`]
  if (!search.includePlaceholders) filters.push(sql`not is_placeholder`)
  if (search.city !== undefined) {
    filters.push(sql`upper(city) = upper(${search.city.toWellFormed().replaceAll('\0', ' ').trim()})`)
  }
  if (search.businessTypes?.length) filters.push(sql`business_types @> ${JSON.stringify(search.businessTypes)}::jsonb`)
  if (search.minValue !== undefined) bounds.push(sql`value_rank >= ${centsOf(search.minValue, 'ceil')}`)
  if (search.maxValue !== undefined) bounds.push(sql`value_rank <= ${centsOf(search.maxValue, 'floor')}`)
  if (search.minValue === undefined && search.maxValue !== undefined) bounds.push(sql`value_rank > ${withoutValue}`)
  const states = [...new Set(search.state?.map(state => state.toUpperCase()))]
  const inState =
    states.length > 1 ? sql`state = any(${states})` : states.length === 1 ? sql`state = ${states[0]}` : undefined
  const inIndustry = search.naics?.length
    ? sql`(${sql.join(
        search.naics.map(code => sql`naics_code ^@ ${code}`),
        sql` or `,
      )})`
    : undefined
  const all = (...conditions: (Sql | undefined)[]) =>
    sql.join(
      conditions.filter(condition => condition !== undefined),
      sql` and `,
    )
  return {
    filters: all(...filters, inIndustry),
    bounds: all(...bounds, inState),
    states,
    boundsIn: state => all(...bounds, sql`state = ${state}`),
    others: {
      states: inState && all(...filters, ...bounds, inIndustry, sql`not ${inState}`),
      naics: inIndustry && all(...filters, ...bounds, inState, sql`not ${inIndustry}`),
    },
  }
}

/** `value_rank` of a contractor without a total contract value. */
const withoutValue = -1e15

/** Amounts beyond what the column holds are cut to its range: as bounds they mean the same. */
function centsOf(amount: string, rounding: 'ceil' | 'floor'): Sql {
  return sql`least(greatest(${sql.raw(rounding)}(${amount}::numeric * 100), -999999999999999), 999999999999999)::bigint`
}

/** A UEI or a CAGE code that somebody has. */
async function findIdentifier(tx: Queryable, typed: string): Promise<Sql | undefined> {
  const column = ueiPattern.test(typed) ? 'uei' : /^(?=.*\d)[A-Z0-9]{5}$/.test(typed) ? 'cage_code' : undefined
  if (column === undefined) return undefined
  const is = sql`${sql.ref(column)} = ${typed}`
  const rows = await tx.run(sql`select from contractors.contractor_profiles where ${is} limit 1`)
  return rows.length > 0 ? is : undefined
}

/** Beginnings of up to three letters are lexemes of their own, `^lei`. */
function tsqueryOf({ words, lastIsPrefix }: Words): string {
  const lexemes = words.map((word, index) => {
    const quoted = word.replace(/['\\]/g, '$&$&')
    if (!lastIsPrefix || index < words.length - 1) return `'${quoted}'`
    return [...word].length <= 3 ? `'^${quoted}'` : `'${quoted}':*`
  })
  return lexemes.join(' & ')
}

async function countMatches(tx: Queryable, target: Target, after: Place | undefined, wanted: number, facets: boolean) {
  const { count, places, counted } = await tx.one<{
    count: number
    places: Place[]
    counted: CountedFacets | null
  }>(sql`
    with matched as materialized (
      select
        id,
        value_rank,
        ${tierOf(target)} as tier
        ${facets ? sql`, state, naics_code, business_types` : sql``}
      from contractors.contractor_profiles
      where ${matches(target, 'words index')}
        and ${target.bounds}
      limit ${mostMatches + 1}
    )
    ${facets ? selectOthers(target) : sql``}
    select
      (select count(*) from matched) as count,
      (
        select coalesce(json_agg(json_build_object('tier', tier, 'valueRank', value_rank, 'id', id)), '[]')
        from (
          select tier, value_rank, id
          from matched
          where (select count(*) from matched) <= ${mostMatches}
            ${after ? sql`and (tier > ${after.tier} or (tier = ${after.tier} and ${isAfter(after)}))` : sql``}
          order by tier, value_rank desc, id
          limit ${wanted}
        ) as page
      ) as places,
      ${facets ? countFacets(target.others, { matches: mostMatches, others: mostOthers }) : sql`null`} as counted
  `)
  const capped = count > mostMatches
  return {
    places,
    total: { count: Math.min(count, mostMatches), capped },
    facets: counted ? facetsOf(counted) : undefined,
  }
}

function selectOthers({ words, others }: Target): Sql {
  const select = (column: string, rest: Sql) => sql`
    select ${sql.ref(column)}
    from contractors.contractor_profiles
    where ${words ? sql`${words} and ${rest}` : rest}
    limit ${mostOthers + 1}
  `
  return sql`
    ${others.states ? sql`, in_other_states as materialized (${select('state', others.states)})` : sql``}
    ${others.naics ? sql`, in_other_industries as materialized (${select('naics_code', others.naics)})` : sql``}
  `
}

function tierOf({ names }: Target): Sql {
  if (names === undefined) return sql`2`
  return sql`case when ${names.same} then 0 when ${names.leading} then 1 else 2 end`
}

function isAfter({ valueRank, id }: Place): Sql {
  return sql`value_rank <= ${valueRank} and (value_rank < ${valueRank} or id > ${id})`
}

/** The next places among more matches than can be sorted: one tier after the other. */
async function walk(tx: Queryable, target: Target, after: Place | undefined, wanted: number): Promise<Place[]> {
  const { names } = target
  const places: Place[] = []
  for (let tier = after?.tier ?? (names ? 0 : 2); tier <= 2 && places.length < wanted; tier++) {
    const from = after?.tier === tier ? after : undefined
    const missing = wanted - places.length
    const found =
      names && tier === 0
        ? await sortByValue(tx, target, names.same, from, missing)
        : names && tier === 1
          ? await walkLeading(tx, target, names, from, missing)
          : await walkDown(tx, target, names?.other ?? sql`true`, from, missing)
    places.push(...found.map(place => ({ ...place, tier })))
  }
  return places
}

type Ranked = Omit<Place, 'tier'>

async function sortByValue(tx: Queryable, target: Target, inTier: Sql, after: Place | undefined, wanted: number) {
  return await tx.run<Ranked>(sql`
    select value_rank, id
    from contractors.contractor_profiles
    where ${matches(target, 'words index')}
      and ${target.bounds}
      and ${inTier}
      ${after ? sql`and ${isAfter(after)}` : sql``}
    order by value_rank desc, id
    limit ${wanted}
  `)
}

/** Up to so many leading names are sorted; more are so frequent that the walk meets them. */
const mostSorted = 3_000

async function walkLeading(tx: Queryable, target: Target, names: Names, after: Place | undefined, wanted: number) {
  // All leading names, matching or not: only without other conditions does the index stop at the limit.
  const { count, places } = await tx.one<{ count: number; places: Ranked[] }>(sql`
    with begun as materialized (
      select value_rank, id, ${matches(target, 'row')} and ${target.bounds} and ${names.leading} as is_match
      from contractors.contractor_profiles
      where ${names.begins}
      order by search_name using ~<~
      limit ${mostSorted + 1}
    )
    select
      (select count(*) from begun) as count,
      (
        select coalesce(json_agg(json_build_object('valueRank', value_rank, 'id', id)), '[]')
        from (
          select value_rank, id
          from begun
          where is_match
            ${after ? sql`and ${isAfter(after)}` : sql``}
          order by value_rank desc, id
          limit ${wanted}
        ) as page
      ) as places
  `)
  return count <= mostSorted ? places : await walkDown(tx, target, names.leading, after, wanted)
}

/** How many contractors one walk looks at; where matches crowd further down, sorting them is cheaper. */
const longestWalk = 20_000

async function walkDown(
  tx: Queryable,
  target: Target,
  inTier: Sql,
  after: Place | undefined,
  wanted: number,
): Promise<Ranked[]> {
  if (target.states.length > 1) return await walkDownEach(tx, target, inTier, after, wanted)
  const met = await tx.run<Ranked>(sql`
    select value_rank, id
    from (
      select *
      from contractors.contractor_profiles
      where ${target.bounds}
        ${after ? sql`and ${isAfter(after)}` : sql``}
      order by value_rank desc, id
      limit ${longestWalk}
    ) as contractor_profiles
    where ${matches(target, 'row')}
      and ${inTier}
    order by value_rank desc, id
    limit ${wanted}
  `)
  return met.length === wanted ? met : await sortByValue(tx, target, inTier, after, wanted)
}

/** State by state: each has an index range in order, all together would have to be sorted (0.5 s and more). */
async function walkDownEach(tx: Queryable, target: Target, inTier: Sql, after: Place | undefined, wanted: number) {
  const met: Ranked[] = []
  for (const state of target.states) {
    const inState = { ...target, bounds: target.boundsIn(state), states: [state] }
    met.push(...(await walkDown(tx, inState, inTier, after, wanted)))
  }
  return met.sort((a, b) => b.valueRank - a.valueRank || (a.id < b.id ? -1 : 1)).slice(0, wanted)
}

async function getContractors(tx: Queryable, places: readonly Place[]): Promise<Contractor[]> {
  if (places.length === 0) return []
  const ids = places.map(place => place.id)
  return await tx.run<Contractor>(sql`
    select ${contractorColumns}
    from unnest(${ids}::uuid[]) with ordinality as place (place_id, position)
    join contractors.contractor_profiles on id = place_id
    order by position
  `)
}
