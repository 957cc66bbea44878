import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { decimal, nullable } from '#platform/http'
import { catalogueDay } from '../days.ts'
import { nameAgency } from './agencies.ts'
import { naicsTitle } from './awards.ts'
import { belongsTo, getProfileKey } from './profile-keys.ts'

const obligated = { ...decimal, description: 'US dollars obligated in all by these awards' }
const saidObligated = nullable({
  ...obligated,
  description: `${obligated.description}; null where none of them says it`,
})

/** Awards by when they were signed. */
export const AwardTotal = Type.Object({
  year: Type.Integer(),
  quarter: Type.Optional(Type.Integer({ description: '1 to 4; where quarters are asked for' })),
  awards: Type.Integer(),
  obligated,
})
export type AwardTotal = Static<typeof AwardTotal>

export const totalPeriods = ['year', 'quarter', 'fiscal_year'] as const

/**
 * Number and obligated US dollars of a contractor's awards by calendar year or quarter of signing, or by the fiscal year
 * of the government, which begins in October before; undated ones are left out.
 */
export async function totalAwards(
  tx: Reader,
  id: string,
  by: (typeof totalPeriods)[number] = 'year',
): Promise<AwardTotal[]> {
  const key = await getProfileKey(tx, id)
  const day = by === 'fiscal_year' ? sql`signed_date + interval '3 months'` : sql`signed_date`
  const quarter = by === 'quarter' ? sql`, extract(quarter from signed_date)::integer as quarter` : sql``
  return await tx.run<AwardTotal>(sql`
    select
      extract(year from ${day})::integer as year
      ${quarter},
      count(*)::integer as awards,
      coalesce(sum(total_obligated), 0)::numeric(20, 2) as obligated
    from contractors.awards
    where ${belongsTo(key)}
      and signed_date is not null
    group by ${by === 'quarter' ? sql`1, 2` : sql`1`}
    order by ${by === 'quarter' ? sql`1, 2` : sql`1`}
  `)
}

/** A share of a contractor's awards. */
export const AwardShare = Type.Object({
  key: nullable(Type.String({ description: 'Agency, NAICS code, state or kind; null where the awards do not say' })),
  label: Type.String(),
  awards: Type.Integer(),
  active: Type.Integer({ description: 'Awards whose completion date has not passed' }),
  obligated: saidObligated,
})
export type AwardShare = Static<typeof AwardShare>

export const AwardBreakdown = Type.Object({
  items: Type.Array(AwardShare, { description: 'The ten with the most dollars, in order' }),
  others: nullable(
    Type.Object({
      count: Type.Integer({ description: 'Of shares' }),
      awards: Type.Integer(),
      active: Type.Integer(),
      obligated: saidObligated,
    }),
  ),
})
export type AwardBreakdown = Static<typeof AwardBreakdown>

export const breakdowns = ['agency', 'naics', 'kind'] as const

function labelOf(by: (typeof breakdowns)[number], key: string | null, label: string | null): string {
  if (key === null) return 'Not stated'
  return by === 'agency' ? nameAgency(key, label) : (label ?? key)
}

const shares = {
  agency: {
    share: sql`agency_id`,
    label: sql`coalesce(max(agency_name), (select name from contractors.agencies where code = key))`,
  },
  naics: {
    share: sql`naics_code`,
    label: sql`coalesce(${naicsTitle(sql`key`)}, 'NAICS ' || key || ', of an edition before 2017')`,
  },
  kind: {
    share: sql`kind`,
    label: sql`case key when 'vehicle' then 'Vehicles for orders' else 'Contracts and orders' end`,
  },
}

/** The ten largest shares of a contractor's awards by agency, NAICS code or kind, and the rest as one. */
export async function breakAwardsDown(
  tx: Reader,
  id: string,
  by: (typeof breakdowns)[number],
): Promise<AwardBreakdown> {
  const key = await getProfileKey(tx, id)
  const { share, label } = shares[by]
  const rows = await tx.run<Omit<AwardShare, 'label'> & { label: string | null; rank: number; count: number }>(sql`
    with shares as (
      select key, ${label} as label, count(*) as awards, sum(active) as active,
        sum(total_obligated) as obligated
      from (
        select ${share} as key, agency_name, total_obligated, (completion_date >= ${catalogueDay})::integer as active
        from contractors.awards
        where ${belongsTo(key)}
      ) as award
      group by key
    ),
    ranked as (
      select *, least(row_number() over (order by coalesce(obligated, 0) desc, awards desc, key), 11) as rank
      from shares
    )
    select
      rank::integer as rank,
      case when rank < 11 then min(key) end as key,
      case when rank < 11 then min(label) end as label,
      sum(awards)::integer as awards,
      coalesce(sum(active), 0)::integer as active,
      sum(obligated)::numeric(20, 2) as obligated,
      count(*)::integer as count
    from ranked
    group by rank
    order by rank
  `)
  const items: AwardShare[] = []
  let others: AwardBreakdown['others'] = null
  for (const { rank, count, label, ...share } of rows) {
    if (rank < 11) items.push({ ...share, label: labelOf(by, share.key, label) })
    else others = { count, awards: share.awards, active: share.active, obligated: share.obligated }
  }
  return { items, others }
}
