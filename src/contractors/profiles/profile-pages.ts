import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { date, nullable, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { money } from '../money.ts'
import { belongsTo, getProfileKey } from './profile-keys.ts'
import { findRegistration, Registration } from './registrations.ts'

const text = nullable(Type.String())

/** A contractor as the catalogue knows it. Money is US dollars as decimal text; what no source has is null. */
export const Contractor = Type.Object({
  id: uuid,
  uei: nullable(
    Type.String({
      description: 'Unique Entity Identifier; null for a vendor of whom only texts without one are known',
    }),
  ),
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
  mergedInto: nullable(
    Type.Object(
      { id: uuid, name: Type.String(), uei: text },
      { description: 'The contractor that has absorbed this one, and has its records and awards now' },
    ),
  ),
  absorbed: Type.Array(Type.Object({ id: uuid, name: Type.String(), uei: text }), {
    description: 'Contractors that this one has absorbed',
  }),
  parent: nullable(
    Type.Object({
      uei: Type.String(),
      id: nullable({ ...uuid, description: 'null: no source describes the parent itself' }),
      name: text,
    }),
  ),
  familyUei: { ...text, description: 'Top of the chain of parents; the contractor itself where it has no parent' },
  familySize: Type.Integer({ description: 'Known contractors of the family, this one included' }),
  website: { ...text, description: 'As registered: text of a stranger, which need not be an address' },
  stateOfIncorporation: text,
  province: text,
  registration: nullable(Registration),
  awardCount: Type.Integer({ description: 'Awards in all, those without a completion date included' }),
  businessTypeLabels: Type.Array(Type.Object({ code: Type.String(), name: Type.String() })),
  recordCount: Type.Integer({ description: 'Raw records in all' }),
  records: Type.Array(Type.Object({ ...source, sourceId: Type.String(), updatedAt: timestamp }), {
    description: 'Raw records, the latest change first, at most 100',
  }),
})
export type ContractorPage = Static<typeof ContractorPage>

/** By id or UEI. Contractors who did not agree to be shown do not exist here. */
export async function getContractorPage(
  tx: Queryable,
  by: { id: string } | { uei: string },
  today: string,
): Promise<ContractorPage> {
  const is = 'id' in by ? sql`id = ${by.id}` : sql`uei = ${by.uei.toUpperCase()}`
  const found = await tx.maybe<Contractor & Beyond>(sql`
    select ${contractorColumns}, updated_at, merged_into, parent_uei, family_uei, metadata
    from contractors.contractor_profiles
    where ${is}
      and not is_hidden
  `)
  if (!found) throw errors.contractorNotFound({ id: 'id' in by ? by.id : by.uei })
  const { updatedAt, mergedInto, parentUei, familyUei, metadata, ...profile } = found
  const key = await getProfileKey(tx, profile.id)
  const [fields, labels, records, counts, family, relatives, registration] = await Promise.all([
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
      where ${belongsTo(key)}
      order by updated_at desc, id desc
      limit 100
    `),
    tx.one<{ recordCount: number; awardCount: number }>(sql`
      select
        (select count(*)::integer from contractors.contractors where ${belongsTo(key)}) as record_count,
        (select count(*)::integer from contractors.awards where ${belongsTo(key)}) as award_count
    `),
    tx.maybe<{ profileCount: number }>(sql`
      select profile_count
      from contractors.families
      where uei = ${familyUei}
    `),
    tx.run<Relative>(sql`
      select id, name, uei, merged_into
      from contractors.contractor_profiles
      where (id = ${mergedInto} or merged_into = ${profile.id} or uei = ${parentUei})
        and not is_hidden
      order by name
    `),
    findRegistration(tx, key, today),
  ])
  const sources = Object.fromEntries(
    fields.map(({ field, source, sourceId, importedAt }) => [field, { source, sourceId, importedAt }]),
  )
  if (counts.awardCount > 0 || profile.totalContractValue !== null) {
    for (const field of countedFromAwards) {
      if (profile[field] !== null) sources[field] = { source: 'awards', sourceId: null, importedAt: updatedAt }
    }
  }
  const parent = relatives.find(({ uei }) => uei !== null && uei === parentUei)
  const named = ({ id, name, uei }: Relative) => ({ id, name, uei })
  return {
    ...profile,
    ...counts,
    mergedInto: relatives.filter(({ id }) => id === mergedInto).map(named)[0] ?? null,
    absorbed: relatives.filter(relative => relative.mergedInto === profile.id).map(named),
    parent:
      parentUei === null
        ? null
        : { uei: parentUei, id: parent?.id ?? null, name: parent?.name ?? (metadata.parentName || null) },
    familyUei,
    familySize: family?.profileCount ?? 1,
    website: metadata.website ?? null,
    stateOfIncorporation: metadata.stateOfIncorporation ?? null,
    province: metadata.province ?? null,
    registration: registration ?? null,
    sources,
    businessTypeLabels: labels,
    records,
  }
}

type Beyond = {
  updatedAt: Date
  mergedInto: string | null
  parentUei: string | null
  familyUei: string | null
  metadata: { website?: string; stateOfIncorporation?: string; province?: string; parentName?: string }
}
type Relative = { id: string; name: string; uei: string | null; mergedInto: string | null }

const countedFromAwards = [
  'totalContractValue',
  'averageContractValue',
  'activeContractsCount',
  'completedContractsCount',
] as const
