import {
  as,
  cleanCodes,
  cleanCompactDate,
  cleanCountry,
  cleanDistrict,
  cleanMonthDay,
  cleanNaics,
  cleanProvince,
  cleanState,
  cleanZipPlus4,
  from,
} from './cleaning.ts'
import type { Source } from './source.ts'

/** Fields of a record, the end mark included (SAM Master Extract Mapping v6.0, Public File V2). */
export const samFieldCount = 142

/**
 * The fields that are kept, by position from 1. Left out are points of contact (personal data), mailing addresses, the
 * deprecated field 2 that once held the DUNS number, and flex fields.
 */
export const samFields: ReadonlyArray<readonly [position: number, name: string]> = [
  [1, 'unique_entity_id'],
  [3, 'entity_eft_indicator'],
  [4, 'cage_code'],
  [5, 'dodaac'],
  [6, 'sam_extract_code'],
  [7, 'purpose_of_registration'],
  [8, 'initial_registration_date'],
  [9, 'registration_expiration_date'],
  [10, 'last_update_date'],
  [11, 'activation_date'],
  [12, 'legal_business_name'],
  [13, 'dba_name'],
  [14, 'entity_division_name'],
  [15, 'entity_division_number'],
  [16, 'physical_address_line_1'],
  [17, 'physical_address_line_2'],
  [18, 'physical_address_city'],
  [19, 'physical_address_province_or_state'],
  [20, 'physical_address_zip_postal_code'],
  [21, 'physical_address_zip_code_4'],
  [22, 'physical_address_country_code'],
  [23, 'physical_address_congressional_district'],
  [25, 'entity_start_date'],
  [26, 'fiscal_year_end_close_date'],
  [27, 'entity_url'],
  [28, 'entity_structure'],
  [29, 'state_of_incorporation'],
  [30, 'country_of_incorporation'],
  [31, 'business_type_counter'],
  [32, 'bus_type_string'],
  [33, 'primary_naics'],
  [34, 'naics_code_counter'],
  [35, 'naics_code_string'],
  [36, 'psc_code_counter'],
  [37, 'psc_code_string'],
  [113, 'naics_exception_counter'],
  [114, 'naics_exception_string'],
  [115, 'debt_subject_to_offset_flag'],
  [116, 'exclusion_status_flag'],
  [117, 'sba_business_types_counter'],
  [118, 'sba_business_types_string'],
  [119, 'no_public_display_flag'],
  [120, 'disaster_response_counter'],
  [121, 'disaster_response_string'],
  [122, 'entity_evs_source'],
]

/** The columns of a raw record; record_part is "ended" for what a daily file says with identifiers alone. */
export const samColumns: readonly string[] = [...samFields.map(([, name]) => name), 'record_part']

/**
 * The kept values of a record of `fileDate` (YYYYMMDD). Of a registrant who did not authorise public display only the
 * identifiers and that fact are kept. Codes 1 and 4 come with identifiers alone: a record of its own, so that the end of
 * a registration does not wipe out what the complete record said.
 */
export function readSamRecord(values: readonly string[], fileDate: string): string[] {
  const kept = samFields.map(([position]) => values[position - 1]!.trim())
  const keptValue = (name: string) => kept[samColumns.indexOf(name)]!
  if (keptValue('no_public_display_flag') === 'NPDY') {
    const shown = new Set(['unique_entity_id', 'entity_eft_indicator', 'no_public_display_flag'])
    return [...kept.map((value, index) => (shown.has(samColumns[index]!) ? value : '')), '']
  }
  if (keptValue('sam_extract_code') !== '1' && keptValue('sam_extract_code') !== '4') return [...kept, '']
  kept[samColumns.indexOf('last_update_date')] = fileDate
  return [...kept, 'ended']
}

const statusOfCode: Readonly<Record<string, string>> = {
  A: 'Active',
  E: 'Expired',
  1: 'Inactive',
  2: 'Active',
  3: 'Active',
  4: 'Expired',
}

const meaningOfStructure: Readonly<Record<string, string>> = {
  '2J': 'Sole Proprietorship',
  '2K': 'Partnership or Limited Liability Partnership',
  '2L': 'Corporate Entity (Not Tax Exempt)',
  '8H': 'Corporate Entity (Tax Exempt)',
  '2A': 'U.S. Government Entity',
  CY: 'Country - Foreign Government',
  X6: 'International Organization',
  ZZ: 'Other',
}

/** The public entity extract of the System for Award Management, version 2 (`|` between fields, `!end` after the last). */
export const samV2: Source = {
  name: 'sam_v2',
  aliases: ['sam', 'sam_public_v2'],
  title: 'SAM public entity registrations',
  format: 'sam',
  required: [],
  checks: {
    unique_entity_id: 'uei',
    entity_eft_indicator: 4,
    cage_code: 5,
    initial_registration_date: 'compactDate',
    registration_expiration_date: 'compactDate',
    last_update_date: 'compactDate',
    activation_date: 'compactDate',
    entity_start_date: 'compactDate',
    legal_business_name: 500,
    dba_name: 500,
    physical_address_line_1: 255,
    physical_address_line_2: 255,
    physical_address_city: 100,
    business_type_counter: 'count',
    naics_code_counter: 'count',
    psc_code_counter: 'count',
    naics_exception_counter: 'count',
    sba_business_types_counter: 'count',
    disaster_response_counter: 'count',
  },
  uei: 'unique_entity_id',
  observedOn: 'last_update_date',
  key: ['unique_entity_id', 'entity_eft_indicator', 'record_part'],
  priority: 40,
  fields: {
    cageCode: as('cage_code'),
    legalBusinessName: as('legal_business_name'),
    dbaName: as('dba_name'),
    addressLine1: as('physical_address_line_1'),
    addressLine2: as('physical_address_line_2'),
    city: as('physical_address_city'),
    state: from(['physical_address_province_or_state', 'physical_address_country_code'], cleanState),
    province: from(['physical_address_province_or_state', 'physical_address_country_code'], cleanProvince),
    zipCode: from(
      ['physical_address_zip_postal_code', 'physical_address_zip_code_4', 'physical_address_country_code'],
      cleanZipPlus4,
    ),
    country: from('physical_address_country_code', cleanCountry),
    congressionalDistrict: from('physical_address_congressional_district', cleanDistrict),
    businessStartDate: from('entity_start_date', cleanCompactDate),
    fiscalYearEndDate: from('fiscal_year_end_close_date', cleanMonthDay),
    naicsCode: from('primary_naics', cleanNaics),
    entityStructure: from('entity_structure', code => meaningOfStructure[code]),
    businessTypes: from('bus_type_string', cleanCodes('~')),
    certifications: from('sba_business_types_string', cleanCertifications),
    registrationDate: from('initial_registration_date', cleanCompactDate),
    registrationStatus: from('sam_extract_code', code => statusOfCode[code]),
    lastUpdatedDate: from('last_update_date', cleanCompactDate),
    isHidden: from('no_public_display_flag', flag => flag === 'NPDY' || undefined),
    stateOfIncorporation: as('state_of_incorporation'),
    website: as('entity_url'),
  },
}

/** "A620191108~XX20191108": code and the day on which it ends. */
function cleanCertifications(text: string): Record<string, string> | undefined {
  const entries = text.split('~').flatMap(entry => {
    const parts = /^(\w{2})(\d{4})(\d{2})(\d{2})$/.exec(entry)
    return parts ? [[parts[1]!, `${parts[2]}-${parts[3]}-${parts[4]}`] as const] : []
  })
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}
