import type { RawBuilder } from 'kysely'
import { type Static, Type } from 'typebox'
import { sql } from '#platform/database'
import { nameAgency } from '../profiles/agencies.ts'
import type { Target } from './targets.ts'

/** How many of the matches have a value; `label` is for people. */
export const Facet = Type.Object({
  value: Type.String(),
  label: Type.String(),
  count: Type.Integer({ description: 'Matches that have it' }),
})
export type Facet = Static<typeof Facet>

/**
 * The most frequent values first. The filter of a facet of which one value is enough does not narrow its counts: they say
 * what choosing one more value would bring. `capped`: counted over some 10,000 of the matches, there are more.
 */
export const Facets = Type.Object({
  states: Type.Array(Facet),
  naics: Type.Array(Facet),
  businessTypes: Type.Array(Facet, { description: 'Of which a contractor must have all that are chosen' }),
  agencies: Type.Array(Facet),
  statuses: Type.Array(Facet, { description: 'Of the registration' }),
  capped: Type.Boolean(),
})
export type Facets = Static<typeof Facets>

type Sql = RawBuilder<unknown>

export type Facetted = 'states' | 'naics' | 'agencies' | 'statuses'

/** For each of these that is filtered: its own filter, and the condition of what all others let through. */
export type Others = Record<Facetted, { own: Sql; rest: Sql } | undefined>

export type CountedFacets = Facets

const columns: Record<Facetted, Sql> = {
  states: sql`state`,
  naics: sql`naics_code`,
  agencies: sql`award_agencies`,
  statuses: sql`registration_status`,
}

export const facetted = Object.keys(columns) as Facetted[]

const nameOf = (facet: Facetted) => sql.ref(`others_of_${facet}`)

/**
 * What the others let through, for each facet that is filtered: more common table expressions. The own filter is told, not
 * asked for: where nearly all or hardly any have what is chosen, looking for so many that have not would read everything.
 */
export function selectOthers({ words, others }: Pick<Target, 'words' | 'others'>, most: number): Sql {
  const expressions = facetted.map(facet => {
    const other = others[facet]
    if (!other) return sql``
    return sql`, ${nameOf(facet)} as materialized (
      select ${columns[facet]}, (${other.own}) is true as is_own
      from contractors.contractor_profiles
      where ${words ? sql`${words} and ${other.rest}` : other.rest}
      limit ${most + 1}
    )`
  })
  return sql.join(expressions, sql` `)
}

/** For each facet: rows of `value` and `count`, of which those of 0 do not matter. */
export type Counts = Record<keyof Omit<Facets, 'capped'>, Sql>

/** Counts over `matched` and `selectOthers`. */
export function countRows(others: Others): Counts {
  const rowsOf = (facet: Facetted) =>
    others[facet]
      ? sql`(
          select ${columns[facet]} from matched
          union all
          select ${columns[facet]} from ${nameOf(facet)} where not is_own
        ) as rows`
      : sql`matched`
  const byColumn = (facet: Facetted) => sql`
    select ${columns[facet]} as value, count(*) as count
    from ${rowsOf(facet)}
    where ${columns[facet]} is not null
    group by 1
  `
  return {
    states: byColumn('states'),
    naics: byColumn('naics'),
    statuses: byColumn('statuses'),
    businessTypes: sql`
      select type as value, count(*) as count
      from matched, jsonb_array_elements_text(business_types) as type
      group by 1
    `,
    agencies: sql`
      select agency as value, count(*) as count
      from ${rowsOf('agencies')}, unnest(award_agencies) as agency
      group by 1
    `,
  }
}

/** Whether more than `most` rows of `matched` and `selectOthers` were there to be looked at. */
export function isBeyond(others: Others, most: { matches: number; others: number }): Sql {
  const beyond = facetted
    .filter(facet => others[facet])
    .map(facet => sql`or (select count(*) from ${nameOf(facet)}) > ${most.others}`)
  return sql`(select count(*) from matched) > ${most.matches} ${sql.join(beyond, sql` `)}`
}

/** Counts as one JSON value, labels of codes included. */
export function labelCounts(counts: Counts, isCapped: Sql): Sql {
  const most = (facet: keyof Counts, limit = sql``) => sql`(
    select value, count
    from (${counts[facet]}) as each
    where count > 0
    order by count desc, value
    ${limit}
  ) as counted`
  const few = sql`limit 25`
  const told = (label: Sql) => sql`
    coalesce(json_agg(json_build_object('value', value, 'label', ${label}, 'count', count) order by count desc, value), '[]')
  `
  return sql`
    json_build_object(
      'capped', ${isCapped},
      'states', (select ${told(sql`value`)} from ${most('states')}),
      'naics', (
        select ${told(sql`coalesce(title, value)`)}
        from ${most('naics', few)}
        left join lateral (
          select title
          from contractors.naics_codes
          where code = value
          order by edition desc
          limit 1
        ) as named on true
      ),
      'businessTypes', (
        select ${told(sql`coalesce(name, value)`)}
        from ${most('businessTypes', few)}
        left join contractors.business_types on code = value
      ),
      'agencies', (
        select ${told(sql`coalesce(name, value)`)}
        from ${most('agencies', few)}
        left join contractors.agencies on code = value
      ),
      'statuses', (select ${told(sql`value`)} from ${most('statuses')})
    )
  `
}

/** The facets as `labelCounts` answers them, with the names of the states. */
export function facetsOf(counted: CountedFacets): Facets {
  const states = counted.states.map(({ value, count }) => ({ value, label: stateNames[value] ?? value, count }))
  // What is still called by its code alone.
  const agencies = counted.agencies.map(facet =>
    facet.label === facet.value ? { ...facet, label: nameAgency(facet.value, null) } : facet,
  )
  return { ...counted, states, agencies }
}

/** United States Postal Service codes (Publication 28, appendix B). */
const stateNames: Readonly<Record<string, string>> = {
  AL: 'Alabama',
  AK: 'Alaska',
  AS: 'American Samoa',
  AZ: 'Arizona',
  AR: 'Arkansas',
  CA: 'California',
  CO: 'Colorado',
  CT: 'Connecticut',
  DE: 'Delaware',
  DC: 'District of Columbia',
  FM: 'Federated States of Micronesia',
  FL: 'Florida',
  GA: 'Georgia',
  GU: 'Guam',
  HI: 'Hawaii',
  ID: 'Idaho',
  IL: 'Illinois',
  IN: 'Indiana',
  IA: 'Iowa',
  KS: 'Kansas',
  KY: 'Kentucky',
  LA: 'Louisiana',
  ME: 'Maine',
  MH: 'Marshall Islands',
  MD: 'Maryland',
  MA: 'Massachusetts',
  MI: 'Michigan',
  MN: 'Minnesota',
  MS: 'Mississippi',
  MO: 'Missouri',
  MT: 'Montana',
  NE: 'Nebraska',
  NV: 'Nevada',
  NH: 'New Hampshire',
  NJ: 'New Jersey',
  NM: 'New Mexico',
  NY: 'New York',
  NC: 'North Carolina',
  ND: 'North Dakota',
  MP: 'Northern Mariana Islands',
  OH: 'Ohio',
  OK: 'Oklahoma',
  OR: 'Oregon',
  PW: 'Palau',
  PA: 'Pennsylvania',
  PR: 'Puerto Rico',
  RI: 'Rhode Island',
  SC: 'South Carolina',
  SD: 'South Dakota',
  TN: 'Tennessee',
  TX: 'Texas',
  UT: 'Utah',
  VT: 'Vermont',
  VI: 'Virgin Islands',
  VA: 'Virginia',
  WA: 'Washington',
  WV: 'West Virginia',
  WI: 'Wisconsin',
  WY: 'Wyoming',
  AA: 'Armed Forces Americas',
  AE: 'Armed Forces Europe',
  AP: 'Armed Forces Pacific',
}
