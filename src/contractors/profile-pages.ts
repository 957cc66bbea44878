import { Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, readCursor } from '#platform/http'
import { errors } from './errors.ts'

/** A contractor as the catalogue knows it. Money is US dollars as decimal text; what no source has is null. */
export type Contractor = {
  id: string
  uei: string
  cageCode: string | null
  name: string
  dbaName: string | null
  legalBusinessName: string | null
  addressLine1: string | null
  addressLine2: string | null
  city: string | null
  state: string | null
  zipCode: string | null
  country: string | null
  congressionalDistrict: string | null
  businessStartDate: string | null
  fiscalYearEndDate: string | null
  naicsCode: string | null
  naicsDescription: string | null
  entityStructure: string | null
  organizationType: string | null
  businessTypes: string[]
  employeeCount: number | null
  annualRevenue: string | null
  totalContractValue: string | null
  activeContractsCount: number
  completedContractsCount: number
  averageContractValue: string | null
  certifications: Record<string, unknown>
  performanceRating: string | null
  capabilities: string[] | null
  registrationDate: string | null
  registrationStatus: string | null
  lastUpdatedDate: Date | null
  isPlaceholder: boolean
}

/** The columns of `contractors.contractor_profiles` that make a `Contractor`. */
export const contractorColumns = sql`
  id, uei, cage_code, contractor_profiles.name, dba_name, legal_business_name, address_line_1, address_line_2, city,
  state, zip_code, country, congressional_district, business_start_date, fiscal_year_end_date, naics_code,
  naics_description, entity_structure, organization_type, business_types, employee_count, annual_revenue,
  total_contract_value, active_contracts_count, completed_contracts_count, average_contract_value, certifications,
  performance_rating, capabilities, registration_date, registration_status, last_updated_date, is_placeholder
`

export type FieldSource = { source: string; sourceId: string | null; importedAt: Date }

export type ContractorPage = Contractor & {
  /** Which raw record gave which field; what is computed from awards has the source `awards` and no record. */
  sources: Record<string, FieldSource>
  businessTypeLabels: { code: string; name: string }[]
  /** The raw records of this contractor, the latest change first, at most 100. */
  records: { source: string; sourceId: string; importedAt: Date; updatedAt: Date }[]
}

/** By id or UEI. Contractors who did not agree to be shown do not exist here. */
export async function getContractorPage(tx: Queryable, key: { id: string } | { uei: string }): Promise<ContractorPage> {
  const is = 'id' in key ? sql`id = ${key.id}` : sql`uei = ${key.uei.toUpperCase()}`
  const contractor = await tx.maybe<Contractor & { updatedAt: Date }>(sql`
    select ${contractorColumns}, updated_at
    from contractors.contractor_profiles
    where ${is}
      and not is_hidden
  `)
  if (!contractor) throw errors.contractorNotFound({ id: 'id' in key ? key.id : key.uei })
  const { updatedAt, ...profile } = contractor
  const [fields, labels, records] = await Promise.all([
    tx.run<FieldSource & { field: string }>(sql`
      select field, source, source_id, imported_at
      from contractors.contractor_field_sources
      where contractor_profile_id = ${profile.id}
    `),
    tx.run<{ code: string; name: string }>(sql`
      select code, name
      from contractors.business_types
      where code = any(${profile.businessTypes})
      order by name
    `),
    tx.run<ContractorPage['records'][number]>(sql`
      select source, source_id, imported_at, updated_at
      from contractors.contractors
      where uei = ${profile.uei}
      order by updated_at desc, id desc
      limit 100
    `),
  ])
  const sources = Object.fromEntries(
    fields.map(({ field, source, sourceId, importedAt }) => [field, { source, sourceId, importedAt }]),
  )
  if (profile.activeContractsCount + profile.completedContractsCount > 0 || profile.totalContractValue !== null) {
    for (const field of countedFromAwards) {
      if (profile[field] !== null) sources[field] = { source: 'awards', sourceId: null, importedAt: updatedAt }
    }
  }
  return { ...profile, sources, businessTypeLabels: labels, records }
}

const countedFromAwards = [
  'totalContractValue',
  'averageContractValue',
  'activeContractsCount',
  'completedContractsCount',
] as const

/** An award of a contractor; amounts in US dollars as decimal text. */
export type Award = {
  id: string
  piid: string
  agencyId: string
  agencyName: string | null
  referencedPiid: string | null
  description: string | null
  naicsCode: string | null
  pscCode: string | null
  signedDate: string | null
  completionDate: string | null
  obligatedAmount: string | null
  totalObligated: string | null
  status: 'active' | 'completed' | null
}

/** Awards of a contractor, the latest action first. `status` is active until the completion date has passed. */
export async function listAwards(tx: Queryable, id: string, page: { limit: number; cursor?: string | undefined }) {
  const uei = await getUei(tx, id)
  const fingerprint = `contractor-awards ${id}`
  const after = readCursor(page.cursor, fingerprint, awardPosition)
  const rows = await tx.run<Award & { actedOn: string }>(sql`
    select
      id, piid, agency_id, agency_name, referenced_piid, description, naics_code, psc_code, signed_date,
      completion_date, obligated_amount, total_obligated,
      case when completion_date >= current_date then 'active' when completion_date < current_date then 'completed' end
        as status,
      ${actedOn}::text as acted_on
    from contractors.awards
    where uei = ${uei}
      ${after ? sql`and ${actedOn} <= ${after[0]}::date and (${actedOn} < ${after[0]}::date or id > ${after[1]})` : sql``}
    order by ${actedOn} desc, id
    limit ${page.limit + 1}
  `)
  const { items, nextCursor } = cutPage(rows, page.limit, fingerprint, row => [row.actedOn, row.id])
  return { items: items.map(({ actedOn, ...award }) => award as Award), nextCursor }
}

/** Awards without a known action come last. */
const actedOn = sql`coalesce(last_action_date, '0001-01-01')`
const awardPosition = Type.Tuple([
  Type.String({ format: 'date', pattern: '^(?!0000)' }),
  Type.String({ format: 'uuid' }),
])

/** Number and obligated US dollars of a contractor's awards by calendar year of signing; undated ones are left out. */
export async function totalAwards(tx: Queryable, id: string) {
  const uei = await getUei(tx, id)
  return await tx.run<{ year: number; awards: number; obligated: string }>(sql`
    select
      extract(year from signed_date)::integer as year,
      count(*)::integer as awards,
      coalesce(sum(total_obligated), 0)::numeric(20, 2) as obligated
    from contractors.awards
    where uei = ${uei}
      and signed_date is not null
    group by 1
    order by 1
  `)
}

async function getUei(tx: Queryable, id: string): Promise<string> {
  const found = await tx.maybe<{ uei: string }>(
    sql`select uei from contractors.contractor_profiles where id = ${id} and not is_hidden`,
  )
  if (!found) throw errors.contractorNotFound({ id })
  return found.uei
}
