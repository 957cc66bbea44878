import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { decimal, nullable, oneOf } from '#platform/http'
import { catalogueDay } from '../days.ts'
import { belongsTo, getProfileKey } from './profile-keys.ts'

const code = {
  code: Type.String({ description: 'NAICS code, 2 to 6 digits' }),
  title: nullable(Type.String({ description: 'In the newest edition that has the code; null for older codes' })),
  edition: nullable(Type.Integer({ description: 'Newest edition of NAICS that has the code' })),
  groups: Type.Array(Type.Object({ code: Type.String(), title: Type.String() }), {
    description: 'What the code belongs to, the sector first',
  }),
}

/** An industry that a contractor has registered, or in which it holds awards. */
export const Industry = Type.Object({
  ...code,
  isPrimary: Type.Boolean({ description: 'The industry of the profile' }),
  isRegistered: Type.Boolean({ description: 'In its registration' }),
  size: nullable(
    oneOf(['small', 'other', 'exception'], {
      description:
        'Whether it counts as a small business in this industry, as it is registered: the limits differ by industry, so a firm may be small in one and not in another. exception: it depends on the subject of the contract',
    }),
  ),
  awards: Type.Integer({ description: 'Awards with this code' }),
  active: Type.Integer({ description: 'Of these, awards whose completion date has not passed' }),
  obligated: { ...decimal, description: 'US dollars obligated in all by these awards' },
})
export type Industry = Static<typeof Industry>

/** Every industry of a contractor: the primary one first, then by dollars, then by code. */
export async function listIndustries(tx: Queryable, id: string): Promise<Industry[]> {
  const key = await getProfileKey(tx, id)
  const [profile, registrations, awarded] = await Promise.all([
    tx.one<{ naicsCode: string | null }>(sql`
      select naics_code
      from contractors.contractor_profiles
      where id = ${id}
    `),
    tx.run<{ codes: string; exceptions: string | null }>(sql`
      select data ->> 'naics_code_string' as codes, data ->> 'naics_exception_string' as exceptions
      from contractors.contractors
      where ${belongsTo(key)}
        and data ? 'naics_code_string'
      order by observed_on desc nulls last
      limit 1
    `),
    tx.run<{ code: string; awards: number; active: number; obligated: string }>(sql`
      select naics_code as code, count(*)::integer as awards,
        count(*) filter (where completion_date >= ${catalogueDay})::integer as active,
        coalesce(sum(total_obligated), 0)::numeric(20, 2) as obligated
      from contractors.awards
      where ${belongsTo(key)}
        and naics_code is not null
      group by naics_code
    `),
  ])
  const registered = new Map(registrations.flatMap(({ codes, exceptions }) => readCodes(codes, exceptions)))
  const held = new Map(awarded.map(({ code, ...sums }) => [code, sums]))
  const primary = profile.naicsCode === null ? [] : [profile.naicsCode]
  const codes = [...new Set([...primary, ...registered.keys(), ...held.keys()])]
  const titles = await titleCodes(tx, codes)
  return codes
    .map((code): Industry => {
      const known = titles.get(code)
      return {
        code,
        title: known?.title ?? null,
        edition: known?.edition ?? null,
        groups: known?.groups ?? [],
        isPrimary: code === profile.naicsCode,
        isRegistered: registered.has(code),
        size: registered.get(code) ?? null,
        ...(held.get(code) ?? { awards: 0, active: 0, obligated: '0.00' }),
      }
    })
    .sort(
      (a, b) =>
        Number(b.isPrimary) - Number(a.isPrimary) ||
        Number(b.obligated) - Number(a.obligated) ||
        b.awards - a.awards ||
        a.code.localeCompare(b.code),
    )
}

/** "541511Y~541519E~541611 ": each code with Y small, N not small, E by exception, nothing not stated. */
function readCodes(codes: string, exceptions: string | null): [string, Industry['size']][] {
  const excepted = new Map(
    (exceptions ?? '').split('~').map(entry => [entry.slice(0, 6), entry.slice(6).includes('Y')] as const),
  )
  return codes.split('~').flatMap(entry => {
    const parts = /^(\d{6})([YNE]?)/.exec(entry.trim())
    if (!parts) return []
    const [, code = '', flag = ''] = parts
    const size = flag === 'E' && excepted.get(code) === false ? 'other' : sizes[flag]
    return [[code, size ?? null]]
  })
}

const sizes: Readonly<Record<string, Industry['size']>> = { Y: 'small', N: 'other', E: 'exception' }

type Titled = { title: string; edition: number; groups: { code: string; title: string }[] }

async function titleCodes(tx: Queryable, codes: readonly string[]): Promise<Map<string, Titled>> {
  const wanted = [...new Set(codes.flatMap(code => [2, 3, 4, 5, 6].map(length => code.slice(0, length))))]
  const rows = await tx.run<{ code: string; title: string; edition: number }>(sql`
    select distinct on (part.code) part.code, n.title, n.edition
    from (
      select code, code as given
      from contractors.naics_codes
      where code = any(${wanted}::text[])
      union all
      -- Three sectors are ranges of two digits: 31-33.
      select lpad(number::text, 2, '0'), code
      from contractors.naics_codes, generate_series(left(code, 2)::integer, right(code, 2)::integer) as number
      where code like '__-__'
    ) as part
    join contractors.naics_codes as n on n.code = part.given
    where part.code = any(${wanted}::text[])
    order by part.code, n.edition desc
  `)
  const known = new Map(rows.map(row => [row.code, row]))
  return new Map(
    codes.flatMap(code => {
      const own = known.get(code)
      if (!own) return []
      const groups = [2, 3, 4, 5]
        .filter(length => length < code.length)
        .flatMap(length => {
          const group = known.get(code.slice(0, length))
          return group ? [{ code: group.code, title: group.title }] : []
        })
        // A level that is not divided repeats the title of the one above.
        .filter((group, index, all) => group.title !== all[index - 1]?.title && group.title !== own.title)
      return [[code, { title: own.title, edition: own.edition, groups }]]
    }),
  )
}
