import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { decimal, nullable } from '#platform/http'
import { getRefreshState, RefreshState } from './refreshes.ts'

/** Contractors counted by one of their traits. */
export const Count = Type.Object({
  key: Type.String({ description: 'The code; empty where a contractor or award has none' }),
  label: nullable(Type.String()),
  profiles: nullable(Type.Integer({ description: 'Null by fiscal year, in which contractors are not told apart' })),
  activeProfiles: nullable(
    Type.Integer({
      description: 'With an award whose completion date had not passed; null by fiscal year and by agency',
    }),
  ),
  awards: Type.Integer(),
  activeAwards: Type.Integer({ description: 'Whose completion date had not passed' }),
  obligated: { ...decimal, description: 'US dollars' },
})
export type Count = Static<typeof Count>

const counts = (description: string) => Type.Array(Count, { description })

/** GG-22: the catalogue in numbers, as it was when it was last counted. */
export const Summary = Type.Object({
  refresh: RefreshState,
  totals: Count,
  states: counts('By state or territory, greatest obligations first; an empty key is abroad or unknown'),
  sectors: counts('By the sector of the primary industry (NAICS), greatest obligations first'),
  agencies: counts('The 25 agencies that have obligated most'),
  agencyCount: Type.Integer(),
  businessTypes: counts('By SAM business type, most contractors first; a contractor may have several'),
  sizes: counts(
    'By total contract value: 0 none, then below 250,000 (1), 1 million (2), 10 million (3), 100 million (4), 1,000 million (5), and above (6)',
  ),
  statuses: counts('By status of the registration'),
  fiscalYears: counts('By the federal fiscal year (from October) in which an award was signed, the earliest first'),
  contractors: counts('The 10 contractors with the most obligated; the key is the id'),
})
export type Summary = Static<typeof Summary>

type Row = Count & { dimension: string }

const columns = sql`
  dimension, key, label, profile_count as profiles, active_profile_count as active_profiles, award_count as awards,
  active_award_count as active_awards, obligated
`

/** Whatever runs beside it: a refresh is seen when it is done, whole. */
export async function getSummary(tx: Reader): Promise<Summary> {
  const [refresh, rows] = await Promise.all([
    getRefreshState(tx),
    tx.run(sql<Row>`
      select ${columns}
      from contractors.contractor_profile_summary
      where dimension in (
          'total', 'state', 'naics_2', 'agency', 'business_type', 'size', 'status', 'fiscal_year', 'contractor'
        )
      order by obligated desc, key`),
  ])
  const of = (dimension: string) =>
    rows.flatMap(({ dimension: its, ...count }) => (its === dimension ? [count as Count] : []))
  const agencies = of('agency')
  return {
    refresh,
    totals: of('total')[0] ?? nothing,
    states: of('state'),
    sectors: of('naics_2'),
    agencies: agencies.slice(0, 25),
    agencyCount: agencies.length,
    businessTypes: of('business_type').sort(
      (one, other) => (other.profiles ?? 0) - (one.profiles ?? 0) || compare(one, other),
    ),
    sizes: of('size').sort(compare),
    statuses: of('status'),
    fiscalYears: of('fiscal_year')
      .filter(({ key }) => key !== '')
      .sort(compare),
    contractors: of('contractor').slice(0, 10),
  }
}

const compare = (one: Count, other: Count) => (one.key < other.key ? -1 : 1)

const nothing: Count = {
  key: '',
  label: null,
  profiles: 0,
  activeProfiles: 0,
  awards: 0,
  activeAwards: 0,
  obligated: '0.00',
}

/** The industries one digit below a sector or code; `31-33` and its like are sectors of several beginnings. */
export async function listIndustries(tx: Reader, parent: string): Promise<Count[]> {
  const level = parent.includes('-') ? 3 : Math.min(parent.length + 1, 6)
  const [from = '', to = from] = parent.split('-')
  const rows = await tx.run(sql<Row>`
    select ${columns}
    from contractors.contractor_profile_summary
    where dimension = ${`naics_${level}`}
      and left(key, ${from.length}) between ${from} and ${to}
    order by obligated desc, key`)
  return rows.map(({ dimension: _, ...count }) => count)
}
