import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { nullable, oneOf, uuid } from '#platform/http'
import { money } from '../money.ts'
import { nameAgency } from './agencies.ts'
import { belongsTo, getProfileKey, type ProfileKey } from './profile-keys.ts'

const text = nullable(Type.String())

/** A contractor that is like another one, and why. */
export const SimilarContractor = Type.Object({
  id: uuid,
  uei: text,
  name: Type.String(),
  city: text,
  state: text,
  naicsCode: text,
  totalContractValue: money('Obligated over all known awards'),
  activeContractsCount: Type.Integer(),
  score: Type.Integer({ description: '0 to 100: the sum of what the reasons weigh' }),
  reasons: Type.Array(
    Type.Object({
      kind: oneOf(['industry', 'agency', 'place', 'size', 'certification', 'business_type']),
      text: Type.String(),
      weight: Type.Integer(),
    }),
    { description: 'The weightiest first' },
  ),
})
export type SimilarContractor = Static<typeof SimilarContractor>
type Reason = SimilarContractor['reasons'][number]

type Candidate = Omit<SimilarContractor, 'score' | 'reasons'> & {
  congressionalDistrict: string | null
  naicsDescription: string | null
  businessTypes: string[]
  certifications: Record<string, string>
  familyUei: string | null
  awardAgencies: string[]
}
type Agency = { id: string; name: string | null }

/**
 * Contractors like this one, outside its family: of the same industry and of nearly the same size, here or in its state,
 * and those that hold the most dollars in what it does for its agencies. Some hundreds are looked at, whatever the
 * catalogue holds: two indexes lead to the nearest in value.
 */
export async function listSimilar(tx: Reader, id: string, limit: number, today: string): Promise<SimilarContractor[]> {
  const key = await getProfileKey(tx, id)
  const [self, agencies] = await Promise.all([
    tx.one<Candidate & { valueRank: number }>(sql`
      select ${candidateColumns}, value_rank
      from contractors.contractor_profiles as p
      where id = ${id}
    `),
    listAgencies(tx, key),
  ])
  const found = await findCandidates(tx, id, self, agencies)
  const labels = await nameTypes(tx, self)
  return found
    .filter(({ familyUei }) => familyUei === null || familyUei !== self.familyUei)
    .map((other): SimilarContractor => {
      const reasons = [...compare(self, other, labels, today), ...compareAgencies(agencies, other.awardAgencies)]
      const {
        congressionalDistrict,
        naicsDescription,
        businessTypes,
        certifications,
        familyUei,
        awardAgencies,
        ...shown
      } = other
      return { ...shown, score: Math.min(100, weigh(reasons)), reasons: reasons.sort((a, b) => b.weight - a.weight) }
    })
    .filter(({ reasons }) => reasons.length > 0)
    .sort((a, b) => b.score - a.score || Number(b.totalContractValue) - Number(a.totalContractValue))
    .slice(0, limit)
}

const weigh = (reasons: readonly Reason[]) => reasons.reduce((sum, { weight }) => sum + weight, 0)

/** Those for which it has worked lately, the most dollars first. */
const listAgencies = (tx: Reader, key: ProfileKey) =>
  tx.run<Agency>(sql`
    select agency_id as id,
      coalesce(max(agency_name), (select name from contractors.agencies where code = agency_id)) as name
    from (
      select agency_id, agency_name, total_obligated
      from contractors.awards
      where ${belongsTo(key)}
      order by last_action_date desc
      limit 300
    ) as recent
    group by agency_id
    order by sum(total_obligated) desc nulls last, count(*) desc
    limit 6
  `)

async function findCandidates(
  tx: Reader,
  id: string,
  self: Candidate & { valueRank: number },
  agencies: readonly Agency[],
) {
  const { naicsCode, state, valueRank } = self
  // Said here too, not only below: one of the indexes has nobody else.
  const isShown = sql`not is_hidden and merged_into is null`
  const near = (where: ReturnType<typeof sql>) => sql`
    (select id from contractors.contractor_profiles where ${where} and ${isShown} and value_rank <= ${valueRank}::bigint
      order by value_rank desc limit 50)
    union
    (select id from contractors.contractor_profiles where ${where} and ${isShown} and value_rank > ${valueRank}::bigint
      order by value_rank limit 50)
  `
  const sets = [
    naicsCode !== null && near(sql`naics_code = ${naicsCode}`),
    naicsCode !== null && state !== null && near(sql`naics_code = ${naicsCode} and state = ${state}`),
    naicsCode === null && state !== null && near(sql`state = ${state}`),
    naicsCode !== null &&
      agencies.length > 0 &&
      sql`
        select holder.id
        from unnest(${agencies.slice(0, 4).map(agency => agency.id)}::text[]) as agency (id)
        cross join lateral (
          select uei
          from contractors.awards
          where agency_id = agency.id
            and naics_code = ${naicsCode}
            and total_obligated is not null
          order by total_obligated desc
          limit 30
        ) as held
        join contractors.contractor_profiles as holder on holder.uei = held.uei
      `,
  ].filter(set => !!set)
  if (sets.length === 0) return []
  return await tx.run<Candidate>(sql`
    select ${candidateColumns}
    from (${sql.join(sets, sql` union `)}) as near
    join contractors.contractor_profiles as p on p.id = near.id
    where p.id <> ${id}
      and not p.is_hidden
      and not p.is_placeholder
      and p.merged_into is null
  `)
}

const nameTypes = async (tx: Reader, { businessTypes, certifications }: Candidate) => {
  const rows = await tx.run<{ code: string; name: string; category: string }>(sql`
    select code, name, category
    from contractors.business_types
    where code = any(${[...businessTypes, ...Object.keys(certifications)]}::text[])
  `)
  return new Map(rows.map(row => [row.code, row]))
}

function compare(
  self: Candidate,
  other: Candidate,
  labels: ReadonlyMap<string, { name: string; category: string }>,
  today: string,
): Reason[] {
  const reasons: Reason[] = []
  const give = (kind: Reason['kind'], weight: number, text: string) => reasons.push({ kind, weight, text })

  if (self.naicsCode !== null && self.naicsCode === other.naicsCode)
    give('industry', 35, `Same industry: ${self.naicsDescription ?? `NAICS ${self.naicsCode}`}`)
  else if (self.naicsCode !== null && self.naicsCode.slice(0, 4) === other.naicsCode?.slice(0, 4))
    give('industry', 18, `Related industry: ${other.naicsDescription ?? `NAICS ${other.naicsCode}`}`)

  if (self.state !== null && self.state === other.state) {
    const district = self.congressionalDistrict
    if (self.city !== null && self.city === other.city) give('place', 16, 'In the same town')
    else if (district !== null && district === other.congressionalDistrict)
      give('place', 14, `In the same congressional district, ${self.state}-${district}`)
    else give('place', 8, 'In the same state')
  }

  const [mine, theirs] = [Number(self.totalContractValue), Number(other.totalContractValue)]
  if (mine > 0 && theirs > 0) {
    const ratio = Math.max(mine, theirs) / Math.min(mine, theirs)
    if (ratio <= 1.5) give('size', 16, 'Nearly the same dollars in awards')
    else if (ratio <= 3) give('size', 10, 'Similar dollars in awards')
    else if (ratio <= 10) give('size', 4, 'Dollars in awards of the same order')
  }

  const isHeld = (until: string | undefined) => until !== undefined && until >= today
  const certified = Object.keys(self.certifications).filter(
    code => isHeld(self.certifications[code]) && isHeld(other.certifications[code]),
  )
  if (certified.length > 0)
    give('certification', Math.min(20, certified.length * 12), `Both hold: ${namesOf(certified, labels)}`)
  const types = self.businessTypes.filter(
    code => labels.get(code)?.category === 'socioeconomic' && other.businessTypes.includes(code),
  )
  if (types.length > 0) give('business_type', Math.min(12, types.length * 4), `Both are: ${namesOf(types, labels)}`)
  return reasons
}

function compareAgencies(agencies: readonly Agency[], theirs: readonly string[]): Reason[] {
  const shared = agencies.filter(({ id }) => theirs.includes(id))
  if (shared.length === 0) return []
  const names = shared.slice(0, 3).map(({ id, name }) => nameAgency(id, name))
  const more = shared.length > 3 ? ` and ${shared.length - 3} more` : ''
  return [
    { kind: 'agency', weight: Math.min(30, shared.length * 12), text: `Both work for ${names.join(', ')}${more}` },
  ]
}

const namesOf = (codes: readonly string[], labels: ReadonlyMap<string, { name: string }>) =>
  codes.map(code => labels.get(code)?.name ?? code).join(', ')

const candidateColumns = sql`
  p.id, p.uei, p.name, p.city, p.state, p.congressional_district, p.naics_code, p.naics_description,
  p.total_contract_value, p.active_contracts_count, p.business_types, p.certifications, p.family_uei,
  p.award_agencies
`
