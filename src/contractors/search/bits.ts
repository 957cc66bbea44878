import { sql } from '#platform/database'
import type { Facetted } from './facets.ts'
import type { Search } from './search.ts'
import type { Sql, Target } from './targets.ts'

/** Conditions on the bits of `chunk` that must all hold; a facet's own does not narrow its counts. */
export type Bits = readonly { facet?: Facetted; bits: Sql }[]

/**
 * The conditions of a search as bit strings (contractors.search_bits); undefined where one of them has none: words, cities,
 * certifications, which end on a day, and families.
 */
export function bitsOf(search: Search): Bits | undefined {
  if (search.q?.trim() || search.city !== undefined || search.certification?.length || search.rollUp) return undefined
  const bits: { facet?: Facetted; bits: Sql }[] = []
  if (!search.includePlaceholders) bits.push({ bits: having('named', ['']) })
  if (search.hasActiveContracts) bits.push({ bits: having('active', ['']) })
  if (search.state?.length) {
    bits.push({
      facet: 'states',
      bits: having(
        'state',
        search.state.map(state => state.toUpperCase()),
      ),
    })
  }
  if (search.district?.length) {
    bits.push({
      bits: having(
        'district',
        search.district.map(district => district.toUpperCase()),
      ),
    })
  }
  if (search.naics?.length) bits.push({ facet: 'naics', bits: havingIndustry(search.naics) })
  if (search.agency?.length) bits.push({ facet: 'agencies', bits: having('agency', search.agency) })
  if (search.status?.length) bits.push({ facet: 'statuses', bits: having('status', search.status) })
  for (const type of search.businessType ?? []) bits.push({ bits: having('type', [type]) })
  if (search.registeredSince !== undefined) {
    const day = (Date.parse(search.registeredSince) - Date.parse('1900-01-01')) / 86_400_000
    if (!(day > 0 && day < 2 ** dayDigits)) return undefined
    bits.push({ bits: registeredSince(day) })
  }
  return bits
}

/** As many as a chunk has; the type of the column. */
export const chunkSize = 16_384
const none = sql`b'0'::bit(16384)`
const every = sql`~${none}`
const dayDigits = 16

/** Null where nobody in the chunk has any of the values: then nobody matches. */
function having(kind: string, values: readonly string[]): Sql {
  return sql`(
    select bit_or(holder.bits)
    from contractors.search_bits as holder
    where holder.kind = ${kind}
      and holder.value = any(${values}::text[])
      and holder.chunk = chunk.chunk
  )`
}

function havingIndustry(codes: readonly string[]): Sql {
  const begins = sql.join(
    codes.map(code => sql`holder.value ^@ ${code}`),
    sql` or `,
  )
  return sql`(
    select bit_or(holder.bits)
    from contractors.search_bits as holder
    where holder.kind = 'naics'
      and holder.chunk = chunk.chunk
      and (${begins})
  )`
}

/** Numbers are compared digit by digit, the lowest first: what a higher one says comes before what lower ones have said. */
function registeredSince(day: number): Sql {
  let isSince = every
  for (let digit = 0; digit < dayDigits; digit++) {
    const has = sql`coalesce(${having('registered', [String(digit)])}, ${none})`
    isSince = (day >> digit) & 1 ? sql`(${has} & ${isSince})` : sql`(${has} | ${isSince})`
  }
  return isSince
}

/** The first ordinal that does not fulfil a condition on what ordinals are in the order of. */
function firstWhere(condition: Sql): Sql {
  return sql`coalesce(
    (select ordinal from contractors.search_places where ${condition} order by value_rank desc, ordinal limit 1),
    (select profile_count from contractors.search_snapshot where is_only)
  )`
}

/** The chunks within the bounds of the value, without who has changed since: more common table expressions. */
export function selectChunks({ range }: Pick<Target, 'range'>, changed: readonly string[]): Sql {
  return sql`
    range as materialized (
      select
        ${range.most ? firstWhere(sql`value_rank <= ${range.most}`) : sql`0`} as first,
        ${range.least ? firstWhere(sql`value_rank < ${range.least}`) : sql`null::integer`} as behind
    ),
    touched as materialized (
      select ordinal / ${chunkSize} as chunk, bit_or(set_bit(${none}, ordinal % ${chunkSize}, 1)) as bits
      from contractors.search_places
      where id = any(${changed}::uuid[])
      group by 1
    ),
    chunk as materialized (
      select
        shown.chunk,
        shown.bits & ~coalesce(touched.bits, ${none})
          & (${every} >> greatest(first - shown.chunk * ${chunkSize}, 0))
          & case when behind is null then ${every} else ~(${every} >> greatest(behind - shown.chunk * ${chunkSize}, 0)) end
          as bits
      from range, contractors.search_bits as shown
      left join touched on touched.chunk = shown.chunk
      where shown.kind = 'shown'
    )
  `
}

/** The bits of each of `selectChunks` for which all conditions hold, but that of one facet. */
export function selectMatching(bits: Bits, but?: Facetted): Sql {
  const conditions = bits.filter(({ facet }) => facet === undefined || facet !== but).map(({ bits }) => sql`& ${bits}`)
  return sql`select chunk, bits ${sql.join(conditions, sql` `)} as bits from chunk`
}

/** Of the bits that are set in these chunks, up to so many, in order. */
export function ordinalsIn(chunks: readonly number[], bits: Buffer, limit: number): number[] {
  const ordinals: number[] = []
  for (let at = 0; at < bits.length && ordinals.length < limit; at++) {
    let byte = bits[at] ?? 0
    const first = (chunks[Math.floor((at * 8) / chunkSize)] ?? 0) * chunkSize + ((at * 8) % chunkSize)
    for (let bit = 0; byte !== 0; bit++, byte = (byte << 1) & 0xff) if (byte & 0x80) ordinals.push(first + bit)
  }
  return ordinals.slice(0, limit)
}
