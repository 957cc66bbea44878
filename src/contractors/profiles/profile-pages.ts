import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, date, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { money } from '../money.ts'

const text = nullable(Type.String())

/** A contractor as the catalogue knows it. Money is US dollars as decimal text; what no source has is null. */
export const Contractor = Type.Object({
  id: uuid,
  uei: Type.String({ description: 'Unique Entity Identifier' }),
  cageCode: nullable(Type.String({ description: 'Commercial and Government Entity code' })),
  name: Type.String(),
  dbaName: nullable(Type.String({ description: 'Doing business as' })),
  legalBusinessName: text,
  addressLine1: text,
  addressLine2: text,
  city: text,
  state: nullable(Type.String({ description: 'Two-letter code of a US state or territory; null abroad' })),
  zipCode: text,
  country: nullable(Type.String({ description: 'ISO 3166 alpha-3' })),
  congressionalDistrict: nullable(Type.String({ description: 'Two digits within the state' })),
  businessStartDate: nullable(date),
  fiscalYearEndDate: nullable(Type.String({ description: '`MM-DD`' })),
  naicsCode: nullable(Type.String({ description: 'Primary industry' })),
  naicsDescription: text,
  entityStructure: text,
  organizationType: text,
  businessTypes: Type.Array(Type.String(), { description: 'SAM business type codes' }),
  employeeCount: nullable(Type.Integer()),
  annualRevenue: money('Revenue of a year'),
  totalContractValue: money('Obligated over all known awards'),
  activeContractsCount: Type.Integer({ description: 'Awards whose completion date has not passed' }),
  completedContractsCount: Type.Integer({ description: 'Awards whose completion date has passed' }),
  averageContractValue: money('Total contract value by number of awards'),
  certifications: Type.Unsafe<Record<string, unknown>>(
    Type.Object({}, { additionalProperties: true, description: 'Code to the date on which it ends' }),
  ),
  performanceRating: nullable(Type.String({ description: '0.00 to 5.00' })),
  capabilities: nullable(Type.Array(Type.String())),
  registrationDate: nullable(date),
  registrationStatus: text,
  lastUpdatedDate: nullable(timestamp),
  isPlaceholder: Type.Boolean({ description: 'Stands for recipients that are not named; no contractor' }),
})
export type Contractor = Static<typeof Contractor>

/** The columns of `contractors.contractor_profiles` that make a `Contractor`. */
export const contractorColumns = sql`
  id, uei, cage_code, contractor_profiles.name, dba_name, legal_business_name, address_line_1, address_line_2, city,
  state, zip_code, country, congressional_district, business_start_date, fiscal_year_end_date, naics_code,
  naics_description, entity_structure, organization_type, business_types, employee_count, annual_revenue,
  total_contract_value, active_contracts_count, completed_contracts_count, average_contract_value, certifications,
  performance_rating, capabilities, registration_date, registration_status, last_updated_date, is_placeholder
`

const source = {
  source: Type.String({ description: 'Name of the source', examples: ['sam_v2'] }),
  importedAt: timestamp,
}

const FieldSource = Type.Object({ ...source, sourceId: text })
export type FieldSource = Static<typeof FieldSource>

/** A contractor with where its values come from. */
export const ContractorPage = Type.Object({
  ...Contractor.properties,
  sources: Type.Record(Type.String(), FieldSource, {
    description:
      'Field to the raw record that gave it. What is computed from awards has the source `awards` and no `sourceId`.',
  }),
  businessTypeLabels: Type.Array(Type.Object({ code: Type.String(), name: Type.String() })),
  recordCount: Type.Integer({ description: 'Raw records in all' }),
  records: Type.Array(Type.Object({ ...source, sourceId: Type.String(), updatedAt: timestamp }), {
    description: 'Raw records, the latest change first, at most 100',
  }),
})
export type ContractorPage = Static<typeof ContractorPage>

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
  const [fields, labels, records, { recordCount }] = await Promise.all([
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
    tx.one<{ recordCount: number }>(sql`
      select count(*) as record_count
      from contractors.contractors
      where uei = ${profile.uei}
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
  return { ...profile, sources, businessTypeLabels: labels, recordCount, records }
}

const countedFromAwards = [
  'totalContractValue',
  'averageContractValue',
  'activeContractsCount',
  'completedContractsCount',
] as const

/** An award of a contractor; amounts in US dollars as decimal text. */
export const Award = Type.Object({
  id: uuid,
  piid: Type.String({ description: 'Procurement Instrument Identifier' }),
  agencyId: Type.String(),
  agencyName: text,
  referencedPiid: nullable(Type.String({ description: 'Of the parent award' })),
  description: text,
  naicsCode: text,
  pscCode: nullable(Type.String({ description: 'Product or service code' })),
  signedDate: nullable({ ...date, description: 'Of the first action' }),
  lastActionDate: nullable({ ...date, description: 'Signature of the latest action' }),
  completionDate: nullable(date),
  obligatedAmount: money('Obligated by the latest action alone; negative when it takes back'),
  totalObligated: money('Obligated in all'),
  status: nullable(oneOf(['active', 'completed'], { description: 'By completion date; null without one' })),
})
export type Award = Static<typeof Award>

/** Awards of a contractor, the latest action first. `status` is active until the completion date has passed. */
export async function listAwards(tx: Queryable, id: string, page: { limit: number; cursor?: string | undefined }) {
  const uei = await getUei(tx, id)
  const fingerprint = `contractor-awards ${id}`
  const after = readCursor(page.cursor, fingerprint, awardPosition)
  const rows = await tx.run<Award & { actedOn: string }>(sql`
    select
      id, piid, agency_id, agency_name, referenced_piid, description, naics_code, psc_code, signed_date,
      last_action_date, completion_date, obligated_amount, total_obligated,
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
  const found = await tx.maybe<{ uei: string }>(sql`
    select uei
    from contractors.contractor_profiles
    where id = ${id}
      and not is_hidden
  `)
  if (!found) throw errors.contractorNotFound({ id })
  return found.uei
}
