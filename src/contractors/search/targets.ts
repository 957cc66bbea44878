import type { RawBuilder } from 'kysely'
import { type Reader, sql } from '#platform/database'
import { catalogueDay } from '../days.ts'
import { ueiPattern } from '../uei.ts'
import { type Bits, bitsOf } from './bits.ts'
import { correctWords } from './corrections.ts'
import type { Others } from './facets.ts'
import { type Order, orderOf } from './orders.ts'
import type { Search } from './search.ts'
import { readWords, tsqueryOf, type Words } from './vocabulary.ts'

export type Sql = RawBuilder<unknown>

/** What is looked for, as conditions on `contractors.contractor_profiles`. */
export type Target = {
  words: Sql | undefined
  filters: Sql
  /** Filters by which the walk down by value can skip. */
  bounds: Sql
  /** Several states, each of which the walk goes down in its own index range. */
  states: readonly string[]
  /** The bounds with one state instead. */
  boundsIn: (state: string) => Sql
  /** What all but the filter of a facet let through, and that filter: so its other values can be counted. */
  others: Others
  /** Which names come first; undefined when nothing was typed but an identifier or filters. */
  names: Names | undefined
  order: Order
  /** The conditions as bit strings, if each has one. */
  bits: Bits | undefined
  /** Bounds of the value in cents. */
  range: { least?: Sql; most?: Sql }
}

export type Names = { same: Sql; begins: Sql; leading: Sql; other: Sql }

/** The words' index finds rare words; where another index leads, reading all of a common word's entries is waste. */
export function matches({ words, filters }: Target, by: 'words index' | 'row'): Sql {
  if (words === undefined) return filters
  return by === 'row' ? sql`(${words}) is true and ${filters}` : sql`${words} and ${filters}`
}

type Reading = {
  /** A word that no name has is not corrected, it finds nothing. */
  isLiteral?: boolean
  /** Of who asks, where a certification is to be in force; the catalogue's unless told. */
  today?: string | undefined
  /** Of what is found only so much is wanted, in its order. */
  isPage?: boolean
}

type Read = { target: Target; corrected: string | undefined }

/**
 * Reads what was asked and looks for it; where `isNothing` of what was found, once more for words that may have been meant
 * instead. `corrected` is set if others were searched for than typed.
 * The transaction of `tx` asks from here on for a plan of its own for each statement.
 */
export async function findTarget<Found>(
  tx: Reader,
  search: Search,
  reading: Reading,
  look: (target: Target) => Promise<Found>,
  isNothing: (found: Found) => boolean,
): Promise<{ found: Found; corrected: string | undefined }> {
  const { target, corrected, correct } = await readTarget(tx, search, reading)
  const found = await look(target)
  const meant = isNothing(found) ? await correct?.() : undefined
  return meant ? { found: await look(meant.target), corrected: meant.corrected } : { found, corrected }
}

/**
 * Reads what was asked. `correct` is there where names have each of the words: should none have all of them, it tells what may
 * have been meant.
 */
export async function readTarget(
  tx: Reader,
  search: Search,
  { isLiteral = false, today, isPage = false }: Reading = {},
): Promise<Read & { correct?: () => Promise<Read | undefined> }> {
  const typed = search.q === undefined ? '' : search.q.toWellFormed().replaceAll('\0', ' ')
  await tx.run(sql`
    select
      set_config('plan_cache_mode', 'force_custom_plan', true),
      -- A plan that is run once is not worth compiling, which takes a second for the longest.
      set_config('jit', 'off', true),
      -- For a page the planner would read the table from anywhere on, until enough has matched: it may begin where nothing does.
      case when ${isPage} then set_config('enable_seqscan', 'off', true) end,
      -- What is searched is in memory: a row that a word leads to costs ten entries of another filter's index, not a hundred.
      case when ${isPage && typed.trim() !== ''} then
        set_config('random_page_cost', '0.2', true) || set_config('seq_page_cost', '0.2', true)
      end
  `)
  const conditions = { ...filtersOf(search, today), order: orderOf(search), bits: bitsOf(search) }
  if (typed.trim() === '')
    return { target: { ...conditions, words: undefined, names: undefined }, corrected: undefined }

  const identifier = await findIdentifier(tx, typed.trim().toUpperCase(), search.rollUp === true)
  if (identifier) {
    return { target: { ...conditions, words: identifier, names: undefined }, corrected: undefined }
  }
  const given = await readWords(tx, typed)
  if (given.words.length === 0)
    return { target: { ...conditions, words: sql`false`, names: undefined }, corrected: undefined }
  const once = await findFormer(tx, given)
  const led = search.rollUp ? await findLed(tx, given) : []
  const isByRelevance = search.sort === undefined || search.sort === 'relevance'
  const targetOf = (words: Words, others: readonly string[]): Target => {
    const has = sql`search_words @@ ${tsqueryOf(words)}::tsquery`
    return {
      ...conditions,
      words: others.length > 0 ? sql`(${has} or id = any(${others}::uuid[]))` : has,
      names: isByRelevance ? namesOf(words) : undefined,
    }
  }
  const correct = async (): Promise<Read | undefined> => {
    const meant = await correctWords(tx, given)
    if (!meant) return undefined
    const others = [...once, ...(search.rollUp ? await findLed(tx, meant) : [])]
    return { target: targetOf(meant, others), corrected: meant.words.join(' ') }
  }
  const asTyped = { target: targetOf(given, [...once, ...led]), corrected: undefined }
  // A word that only a former name has, or a parent without a profile, is not mistyped.
  if (isLiteral || once.length > 0 || led.length > 0) return asTyped
  return given.unknown.length > 0 ? ((await correct()) ?? asTyped) : { ...asTyped, correct }
}

function namesOf({ words, lastIsPrefix }: Pick<Words, 'words' | 'lastIsPrefix'>): Names {
  const key = sql`contractors.words_without_legal_form(${words.join(' ')})`
  const begins = sql`search_name ^@ ${lastIsPrefix ? key : sql`(${key} || ' ')`}`
  return {
    same: sql`search_name = ${key}`,
    begins,
    leading: sql`${begins} and search_name <> ${key}`,
    other: sql`not ${begins} and search_name <> ${key}`,
  }
}

type Filters = Pick<Target, 'filters' | 'bounds' | 'states' | 'boundsIn' | 'others' | 'range'>

function filtersOf(search: Search, today: string | undefined): Filters {
  const filters = [sql`not is_hidden`, sql`merged_into is null`]
  if (search.rollUp) filters.push(isHead)
  const rank = search.rollUp ? sql`family_rank` : sql`value_rank`
  const bounds = [sql`true`]
  if (!search.includePlaceholders) filters.push(sql`not is_placeholder`)
  if (search.city !== undefined) {
    filters.push(sql`upper(city) = upper(${search.city.toWellFormed().replaceAll('\0', ' ').trim()})`)
  }
  if (search.businessType?.length) filters.push(sql`business_types @> ${JSON.stringify(search.businessType)}::jsonb`)
  if (search.certification?.length) filters.push(isCertified(search.certification, search.certifiedOn ?? today))
  if (search.registeredSince !== undefined) filters.push(sql`registration_date >= ${search.registeredSince}::date`)
  if (search.hasActiveContracts) filters.push(sql`active_contracts_count > 0`)
  const range: Target['range'] = {}
  if (search.minValue !== undefined) range.least = centsOf(search.minValue, 'ceil')
  if (search.maxValue !== undefined) range.most = centsOf(search.maxValue, 'floor')
  if (range.most && !range.least) range.least = sql`${withoutValue + 1}::bigint`
  if (range.least) bounds.push(sql`${rank} >= ${range.least}`)
  if (range.most) bounds.push(sql`${rank} <= ${range.most}`)
  const asked = [...new Set(search.state?.map(state => state.toUpperCase()))]
  const districts = search.district?.map(district => district.toUpperCase()) ?? []
  // A district says its state: said twice, the planner would take it for a condition more, and expect a tenth of the rows.
  const states = districts.length > 0 ? [] : asked
  const within = districts.filter(district => asked.length === 0 || asked.includes(district.slice(0, 2)))
  const [inDistrict, inAnyDistrict] = districts.length > 0 ? [inDistricts(within), inDistricts(districts)] : []
  const askedState =
    asked.length > 1 ? sql`state = any(${asked})` : asked.length === 1 ? sql`state = ${asked[0]}` : undefined
  const inState = districts.length > 0 ? undefined : askedState
  const inIndustry = search.naics?.length
    ? sql`(${sql.join(
        search.naics.map(code => sql`naics_code ^@ ${code}`),
        sql` or `,
      )})`
    : undefined
  const awarded = search.agency?.length ? sql`award_agencies && ${search.agency}::text[]` : undefined
  const hasStatus = search.status?.length ? sql`registration_status = any(${search.status}::text[])` : undefined
  const all = (...conditions: (Sql | undefined)[]) =>
    sql.join(
      conditions.filter(condition => condition !== undefined),
      sql` and `,
    )
  const base = [...filters, inDistrict, ...bounds]
  return {
    filters: all(...filters, inDistrict, inIndustry, awarded, hasStatus),
    bounds: all(...bounds, inState),
    states,
    range,
    boundsIn: state => all(...bounds, sql`state = ${state}`),
    others: {
      states: askedState && {
        own: askedState,
        rest: all(...filters, inAnyDistrict, ...bounds, inIndustry, awarded, hasStatus),
      },
      naics: inIndustry && { own: inIndustry, rest: all(...base, inState, awarded, hasStatus) },
      agencies: awarded && { own: awarded, rest: all(...base, inState, inIndustry, hasStatus) },
      statuses: hasStatus && { own: hasStatus, rest: all(...base, inState, inIndustry, awarded) },
    },
  }
}

function inDistricts(districts: readonly string[]): Sql {
  if (districts.length === 0) return sql`false`
  const each = districts.map(district => {
    const [state, number] = district.split('-')
    return sql`(state = ${state} and congressional_district = ${number})`
  })
  return sql`(${sql.join(each, sql` or `)})`
}

/** A certification holds until the day that stands with it, that day included; without one it is not known to end. */
function isCertified(codes: readonly string[], day: string | undefined): Sql {
  const on = day === undefined ? sql`${catalogueDay}::text` : sql`${day}::text`
  const each = codes.map(code => sql`coalesce(certifications ->> ${code}, '9999') >= ${on}`)
  return sql`certifications ?& ${codes}::text[] and ${sql.join(each, sql` and `)}`
}

/** `value_rank` of a contractor without a total contract value. */
const withoutValue = -1e15

/** Amounts beyond what the column holds are cut to its range: as bounds they mean the same. */
function centsOf(amount: string, rounding: 'ceil' | 'floor'): Sql {
  return sql`least(greatest(${sql.raw(rounding)}(${amount}::numeric * 100), -999999999999999), 999999999999999)::bigint`
}

/**
 * A UEI or a CAGE code that somebody has, be it one that another has absorbed: then that one is meant. Rolled up, who stands
 * for its family; and a parent may be without a profile.
 */
async function findIdentifier(tx: Reader, typed: string, rollUp: boolean): Promise<Sql | undefined> {
  const column = ueiPattern.test(typed) ? 'uei' : /^(?=.*\d)[A-Z0-9]{5}$/.test(typed) ? 'cage_code' : undefined
  if (column === undefined) return undefined
  const rows = await tx.run<{ id: string }>(sql`
    select distinct coalesce(merged_into, id) as id
    from contractors.contractor_profiles
    where ${sql.ref(column)} = ${typed}
    limit ${mostFormer}
  `)
  const found = rows.map(({ id }) => id)
  const heads = rollUp ? await findHeads(tx, found, typed) : []
  return found.length + heads.length > 0 ? sql`id = any(${[...found, ...heads]}::uuid[])` : undefined
}

/** Who stands for the families of these contractors, and for that of this parent. */
async function findHeads(tx: Reader, ids: readonly string[], parentUei: string): Promise<string[]> {
  const rows = await tx.run<{ id: string }>(sql`
    select head_id as id
    from contractors.families
    where uei in (
      select family_uei
      from contractors.contractor_profiles
      where id = any(${ids}::uuid[])
        and not is_hidden
      union all
      select ${parentUei}
    )
  `)
  return rows.map(({ id }) => id)
}

/** More are not looked at: then so many have the words in their names of today that former ones do not matter. */
const mostFormer = 200

/** Contractors that had such a name, do business under it, or have absorbed one that has it. */
async function findFormer(tx: Reader, words: Pick<Words, 'words' | 'lastIsPrefix'>): Promise<string[]> {
  const { ids } = await tx.one<{ ids: string[] }>(sql`
    with
      named as materialized (
        select uei
        from contractors.profile_names
        where kind <> 'legal'
          and array_to_tsvector(string_to_array(normal_name, ' ')) @@ ${tsqueryOf(words, false)}::tsquery
        limit ${mostFormer + 1}
      ),
      absorbed as materialized (
        select merged_into, search_words
        from contractors.contractor_profiles
        where merged_into is not null
      )
    select array(
      select coalesce(profile.merged_into, profile.id)
      from named
      join contractors.contractor_profiles as profile on profile.uei = named.uei
      where (select count(*) from named) <= ${mostFormer}
      union
      select merged_into
      from absorbed
      where search_words @@ ${tsqueryOf(words)}::tsquery
    ) as ids
  `)
  return ids.length > mostFormer ? [] : ids
}

/** Words that more contractors have are not looked for among members: so many have them that a page is full anyhow. */
const mostMembers = 2_000

/**
 * Who stands for families whose top has no profile, where that one is called so, or a member: else a member that is not shown by
 * itself could not be found.
 */
async function findLed(tx: Reader, words: Pick<Words, 'words' | 'lastIsPrefix'>): Promise<string[]> {
  const { ids } = await tx.one<{ ids: string[] }>(sql`
    with
      named as materialized (
        select head_id
        from contractors.families
        where is_named_only
          and profile_count > 1
          and array_to_tsvector(string_to_array(contractors.plain_words(name), ' ')) @@ ${tsqueryOf(words, false)}::tsquery
        limit ${mostFormer + 1}
      ),
      below as materialized (
        select family_uei, uei, merged_into is null and not is_hidden as is_shown
        from contractors.contractor_profiles
        where search_words @@ ${tsqueryOf(words)}::tsquery
        limit ${mostMembers + 1}
      )
    select array(
      select head_id
      from named
      where (select count(*) from named) <= ${mostFormer}
      union
      select family.head_id
      from below
      join contractors.families as family on family.uei = below.family_uei
      where family.is_named_only
        and below.family_uei <> below.uei
        and below.is_shown
        and (select count(*) from below) <= ${mostMembers}
    ) as ids
  `)
  return ids
}

/** One firm shown once: who stands for its family, and who belongs to none. */
const isHead = sql`(
  family_uei is null
  or family_uei = uei
  or not exists (
    select
    from contractors.families as family
    where family.uei = family_uei
      and family.head_id <> id
  )
)`

/** 0 the name is what was typed, 1 it begins with it, 2 any other, or another order than by relevance. */
export function tierOf({ names }: Target): Sql {
  if (names === undefined) return sql`2`
  return sql`case when ${names.same} then 0 when ${names.leading} then 1 else 2 end`
}
