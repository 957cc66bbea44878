import type { RawBuilder } from 'kysely'
import { type Static, Type } from 'typebox'
import { sql } from '#platform/database'

/** How many of the matches have a value; `label` is for people. */
export const Facet = Type.Object({
  value: Type.String(),
  label: Type.String(),
  count: Type.Integer({ description: 'Matches that have it' }),
})
export type Facet = Static<typeof Facet>

/**
 * The most frequent values first. A facet's own filter does not narrow its counts: they say what choosing one more value
 * would bring. `capped`: counted over some 10,000 of the matches, there are more.
 */
export const Facets = Type.Object({
  states: Type.Array(Facet),
  naics: Type.Array(Facet),
  businessTypes: Type.Array(Facet),
  capped: Type.Boolean(),
})
export type Facets = Static<typeof Facets>

/** For each facet that is filtered: the condition of what all but its own filter let through. */
export type Others = { states: RawBuilder<unknown> | undefined; naics: RawBuilder<unknown> | undefined }

export type CountedFacets = Facets

/**
 * Counts over `matched (state, naics_code, business_types)`, `in_other_states (state)` and `in_other_industries
 * (naics_code)` as one JSON value, labels of codes included. `most` rows of each were looked at: beyond them it is capped.
 */
export const countFacets = (others: Others, most: { matches: number; others: number }) => sql`
  json_build_object(
    'capped',
      (select count(*) from matched) > ${most.matches}
      ${others.states ? sql`or (select count(*) from in_other_states) > ${most.others}` : sql``}
      ${others.naics ? sql`or (select count(*) from in_other_industries) > ${most.others}` : sql``},
    'states', (
      select coalesce(json_agg(json_build_object('value', state, 'count', count) order by count desc, state), '[]')
      from (
        select state, count(*)
        from ${others.states ? sql`(select state from matched union all select state from in_other_states) as all_states` : sql`matched`}
        where state is not null
        group by state
      ) as counted
    ),
    'naics', (
      select coalesce(
        json_agg(
          json_build_object('value', naics_code, 'label', coalesce(title, naics_code), 'count', count)
          order by count desc, naics_code
        ),
        '[]'
      )
      from (
        select naics_code, count(*)
        from ${others.naics ? sql`(select naics_code from matched union all select naics_code from in_other_industries) as all_industries` : sql`matched`}
        where naics_code is not null
        group by naics_code
        order by count(*) desc, naics_code
        limit 25
      ) as counted
      left join lateral (
        select title
        from contractors.naics_codes
        where code = naics_code
        order by edition desc
        limit 1
      ) as named on true
    ),
    'businessTypes', (
      select coalesce(
        json_agg(json_build_object('value', type, 'label', coalesce(name, type), 'count', count) order by count desc, type),
        '[]'
      )
      from (
        select type, count(*)
        from matched, jsonb_array_elements_text(business_types) as type
        group by type
        order by count(*) desc, type
        limit 25
      ) as counted
      left join contractors.business_types on code = type
    )
  )
`

/** The facets as `countFacets` answers them, with the names of the states. */
export function facetsOf(counted: CountedFacets): Facets {
  const states = counted.states.map(({ value, count }) => ({ value, label: stateNames[value] ?? value, count }))
  return { ...counted, states }
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
