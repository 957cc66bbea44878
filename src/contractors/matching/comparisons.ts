import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { nullable, oneOf, uuid } from '#platform/http'
import { money } from '../money.ts'
import { type Address, type Nearness, nearnessOf, normalAddress } from './addresses.ts'
import { readKnown } from './candidates.ts'
import { normalNames } from './normal-names.ts'

const text = nullable(Type.String())
const verdicts = ['same', 'similar', 'different', 'missing'] as const

/** Two values side by side; `missing` where one of the two says nothing. */
export const ComparedField = Type.Object({
  field: oneOf(['name', 'otherNames', 'street', 'city', 'state', 'zipCode', 'country', 'cageCode', 'uei', 'parentUei']),
  one: text,
  other: text,
  verdict: oneOf(verdicts),
})
export type ComparedField = Static<typeof ComparedField>
type Verdict = (typeof verdicts)[number]

/** A contractor as a reviewer sees it beside another. */
export const ComparedContractor = Type.Object({
  id: uuid,
  uei: nullable(Type.String({ description: 'Null for a vendor of whom only texts are known' })),
  name: Type.String(),
  names: Type.Array(Type.Object({ name: Type.String(), kind: Type.String() })),
  street: text,
  city: text,
  state: text,
  zipCode: text,
  country: text,
  cageCode: text,
  parentUei: text,
  registrationStatus: text,
  awards: Type.Integer({ description: 'Known awards' }),
  records: Type.Integer({ description: 'Raw records' }),
  mentions: Type.Integer({ description: 'Vendors’ texts that were found to be it' }),
  totalContractValue: money('Obligated over all known awards'),
})
export type ComparedContractor = Static<typeof ComparedContractor>

/** These contractors in the order asked, absorbed ones as the one that absorbed them; hidden ones are left out. */
export async function readCompared(tx: Queryable, ids: readonly string[]): Promise<Map<string, ComparedContractor>> {
  const rows = await tx.run<ComparedContractor & { asked: string }>(sql`
    select asked.id as asked, profile.id, profile.uei, profile.name, '[]'::jsonb as names,
      profile.address_line_1 as street, profile.city, profile.state, profile.zip_code, profile.country,
      profile.cage_code, profile.parent_uei, profile.registration_status, profile.total_contract_value,
      profile.active_contracts_count + profile.completed_contracts_count as awards,
      (
        select count(*)
        from contractors.contractors as c
        where c.uei = any (contractors.profile_ueis(profile.id))
      )::integer as records,
      cardinality(contractors.profile_mentions(profile.id)) as mentions
    from unnest(${ids}::uuid[]) as asked (id)
    join contractors.contractor_profiles as named on named.id = asked.id
    join contractors.contractor_profiles as profile on profile.id = coalesce(named.merged_into, named.id)
    where not profile.is_hidden
  `)
  const known = await readKnown(
    tx,
    rows.map(({ id }) => id),
  )
  return new Map(rows.map(({ asked, ...row }) => [asked, { ...row, names: [...(known.get(row.id)?.names ?? [])] }]))
}

/** What is told of a vendor, whether in a text or in the catalogue. */
export type Told = Address & {
  name: string
  names?: readonly { name: string }[]
  cageCode?: string | null
  uei?: string | null
  parentUei?: string | null
}

/** Field by field, with what a reviewer should look at: names without legal forms, streets without suites. */
export function compare(one: Told, other: Told): ComparedField[] {
  const nearness = nearnessOf(normalAddress(one), normalAddress(other))
  const rows: ComparedField[] = [
    field('name', one.name, other.name, compareNames(one.name, other)),
    field('otherNames', otherNames(one), otherNames(other), 'missing'),
    field('street', one.street, other.street, streets[nearness]),
    field('city', one.city, other.city),
    field('state', one.state, other.state),
    field('zipCode', one.zipCode, other.zipCode, sameStart(one.zipCode, other.zipCode)),
    field('country', one.country, other.country),
    field('cageCode', one.cageCode, other.cageCode),
    field('uei', one.uei, other.uei),
    field('parentUei', one.parentUei, other.parentUei),
  ]
  return rows.filter(row => row.one !== null || row.other !== null)
}

const streets: Record<Nearness, Verdict> = {
  street: 'same',
  zip: 'similar',
  city: 'similar',
  state: 'different',
  apart: 'different',
  unknown: 'missing',
}

function field(
  name: ComparedField['field'],
  one: string | null | undefined,
  other: string | null | undefined,
  verdict?: Verdict,
): ComparedField {
  const [left, right] = [one || null, other || null]
  const told =
    left === null || right === null
      ? 'missing'
      : (verdict ?? (left.trim().toUpperCase() === right.trim().toUpperCase() ? 'same' : 'different'))
  return { field: name, one: left, other: right, verdict: told }
}

function compareNames(name: string, { name: other, names = [] }: Told): Verdict {
  const spellings = (given: string) => normalNames(given).map(({ words }) => words.join(' '))
  const mine = new Set(spellings(name))
  if (spellings(other).some(spelling => mine.has(spelling))) return 'same'
  if (names.some(each => spellings(each.name).some(spelling => mine.has(spelling)))) return 'similar'
  const words = new Set([...mine].flatMap(spelling => spelling.split(' ')))
  return spellings(other).some(spelling => spelling.split(' ').some(word => word.length > 2 && words.has(word)))
    ? 'similar'
    : 'different'
}

const otherNames = ({ name, names = [] }: Told) =>
  [...new Set(names.map(each => each.name))].filter(each => each !== name).join('; ') || null

function sameStart(one: string | null | undefined, other: string | null | undefined): Verdict {
  return one && other && one.slice(0, 5) === other.slice(0, 5) ? 'same' : 'different'
}
