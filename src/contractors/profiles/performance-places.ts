import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { decimal, nullable } from '#platform/http'
import { catalogueDay } from '../days.ts'
import { belongsTo, getProfileKey } from './profile-keys.ts'

const sums = {
  awards: Type.Integer(),
  active: Type.Integer({ description: 'Awards whose completion date has not passed' }),
  obligated: { ...decimal, description: 'US dollars obligated in all by these awards' },
}

/** Where a contractor performs its awards, as their latest actions say. */
export const PerformancePlaces = Type.Object({
  states: Type.Array(
    Type.Object({
      state: Type.String({ description: 'Two-letter code of a US state or territory' }),
      ...sums,
      cities: Type.Array(Type.Object({ city: Type.String(), awards: Type.Integer() }), {
        description: 'The three with the most awards',
      }),
    }),
    { description: 'By dollars' },
  ),
  abroad: Type.Array(Type.Object({ country: nullable(Type.String({ description: 'ISO 3166 alpha-3' })), ...sums }), {
    description: 'By dollars',
  }),
  unknown: Type.Object(sums, { description: 'Awards whose source does not say where' }),
})
export type PerformancePlaces = Static<typeof PerformancePlaces>

type Sums = { awards: number; active: number; obligated: string }
type Row = Sums & { country: string | null; state: string | null; cities: Record<string, number> | null }

export async function listPerformancePlaces(tx: Reader, id: string): Promise<PerformancePlaces> {
  const key = await getProfileKey(tx, id)
  const rows = await tx.run<Row>(sql`
    with placed as (
      select
        case when is_domestic then 'USA' else place_country end as country,
        case when is_domestic then place_state end as state,
        place_city as city, total_obligated, (completion_date >= ${catalogueDay})::integer as active
      from contractors.awards
      cross join lateral (
        select coalesce(place_state ~ '^[A-Z]{2}$' and coalesce(place_country, 'USA') = 'USA', false) as is_domestic
      ) as place
      where ${belongsTo(key)}
    ),
    counted as (
      select country, state, city, count(*)::integer as awards, coalesce(sum(active), 0)::integer as active,
        coalesce(sum(total_obligated), 0) as obligated,
        row_number() over (partition by country, state order by city is null, count(*) desc, city) as rank
      from placed
      group by country, state, city
    )
    select country, state, sum(awards)::integer as awards, sum(active)::integer as active,
      sum(obligated)::numeric(20, 2) as obligated,
      jsonb_object_agg(city, awards) filter (where rank <= 3 and city is not null) as cities
    from counted
    group by country, state
    order by sum(obligated) desc, sum(awards) desc, country, state
  `)
  const states = rows.flatMap(({ state, country, cities, ...sums }) =>
    state === null ? [] : [{ state, ...sums, cities: mostFirst(cities ?? {}) }],
  )
  const abroad = rows.flatMap(({ state, cities, ...place }) =>
    state === null && place.country !== null ? [place] : [],
  )
  const { awards, active, obligated } = rows.find(({ state, country }) => state === null && country === null) ?? none
  return { states, abroad, unknown: { awards, active, obligated } }
}

const none: Sums = { awards: 0, active: 0, obligated: '0.00' }

const mostFirst = (cities: Record<string, number>) =>
  Object.entries(cities)
    .map(([city, awards]) => ({ city, awards }))
    .sort((a, b) => b.awards - a.awards)
