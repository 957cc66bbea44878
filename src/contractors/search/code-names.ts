import { type Reader, sql } from '#platform/database'
import { nameAgency } from '../profiles/agencies.ts'
import type { Search } from './search.ts'

/** Names of the codes that searches ask for, by term and code: `agency 9700`. A code that nobody has any more has none. */
export async function nameCodes(tx: Reader, searches: readonly Search[]): Promise<Record<string, string>> {
  const codes = (term: 'naics' | 'businessType' | 'certification' | 'agency') => [
    ...new Set(searches.flatMap(search => search[term] ?? [])),
  ]
  const agencies = codes('agency')
  const rows = await tx.run<{ term: string; code: string; name: string }>(sql`
    select 'naics' as term, code, title as name
    from (
      select distinct on (code) code, title
      from contractors.naics_codes
      where code = any(${codes('naics')}::text[])
      order by code, edition desc
    ) as newest
    union all
    select term, code, name
    from contractors.business_types
    join (
      select 'businessType' as term, unnest(${codes('businessType')}::text[]) as code
      union all
      select 'certification', unnest(${codes('certification')}::text[])
    ) as asked using (code)
    union all
    select 'agency', code, name
    from contractors.agencies
    where code = any(${agencies}::text[])
  `)
  const named = new Map(rows.map(({ term, code, name }) => [`${term} ${code}`, name]))
  for (const code of agencies) named.set(`agency ${code}`, nameAgency(code, named.get(`agency ${code}`) ?? null))
  return Object.fromEntries(named)
}
