import type { ClientBase } from 'pg'
import { placeholderUeis } from '../uei.ts'
import { fieldPriorities } from './sources.ts'

/** What an import did to the profiles. */
export type ProfileCounts = { inserted: number; updated: number }

// The columns that an import writes; the others no source has.
const folded = [
  'cage_code',
  'name',
  'dba_name',
  'legal_business_name',
  'address_line_1',
  'address_line_2',
  'city',
  'state',
  'zip_code',
  'country',
  'congressional_district',
  'business_start_date',
  'fiscal_year_end_date',
  'naics_code',
  'naics_description',
  'entity_structure',
  'organization_type',
  'business_types',
  'total_contract_value',
  'active_contracts_count',
  'completed_contracts_count',
  'average_contract_value',
  'certifications',
  'registration_date',
  'registration_status',
  'last_updated_date',
  'metadata',
  'is_placeholder',
  'is_hidden',
  'field_sources',
]

/**
 * Makes anew the profiles of the contractors whose records the import has brought or changed (GG-08): for each field the
 * value of the source that is trusted most with it, of equal ones the newest; an empty value never counts. Money and
 * counts come from the awards, active and completed as of `now` (its UTC day).
 */
export async function mergeProfiles(client: ClientBase, now: Date): Promise<ProfileCounts> {
  await client.query(
    `insert into pg_temp.import_ueis (uei)
     select uei from pg_temp.import_rows
     union
     select old_uei from pg_temp.import_rows where is_known and old_uei is not null
     on conflict do nothing`,
  )
  const { rows } = await client.query(
    `with said as materialized (
       select distinct on (c.observation_id) c.observation_id, c.observed_on, c.id as record_id, c.source_id
       from pg_temp.import_ueis as touched
       join contractors.contractors as c on c.uei = touched.uei
       order by c.observation_id, c.observed_on desc nulls last, c.source_id desc
     ),
     best as (
       select distinct on (o.uei, given.field) o.uei, given.field, given.value, said.record_id
       from said
       join contractors.observations as o on o.id = said.observation_id
       cross join lateral jsonb_each(o.fields) as given (field, value)
       order by o.uei, given.field,
         coalesce(($1::jsonb -> o.source -> given.field)::integer, ($1::jsonb -> o.source -> '*')::integer) desc,
         said.observed_on desc nulls last,
         o.source,
         said.source_id desc
     ),
     won as (
       select best.uei, coalesce(part.field, best.field) as field, coalesce(part.value, best.value) as value, best.record_id
       from best
       left join lateral jsonb_each(case best.field when 'street' then best.value end) as part (field, value) on true
     ),
     given as (
       select uei, record_id, jsonb_object_agg(field, value) as fields, jsonb_agg(field order by field) as names
       from won
       group by uei, record_id
     ),
     told as (
       select uei, jsonb_object_agg(record_id, names) as field_sources
       from given
       group by uei
     ),
     folded as (
       select uei, jsonb_object_agg(field, value) as fields
       from won
       group by uei
     ),
     money as (
       select a.uei,
         sum(a.total_obligated) as total,
         round(sum(a.total_obligated) / nullif(count(a.total_obligated), 0), 2) as average,
         count(*) filter (where a.completion_date >= $2::date) as active,
         count(*) filter (where a.completion_date < $2::date) as completed
       from pg_temp.import_ueis as touched
       join contractors.awards as a on a.uei = touched.uei
       group by a.uei
     ),
     profiles as (
       select
         touched.uei,
         f.*,
         naics.title as naics_description,
         money.total,
         money.average,
         coalesce(money.active, 0) as active,
         coalesce(money.completed, 0) as completed,
         jsonb_strip_nulls(
           jsonb_build_object(
             'parentUei', f."parentUei",
             'parentName', f."parentName",
             'province', f.province,
             'stateOfIncorporation', f."stateOfIncorporation",
             'website', f.website
           )
         ) as metadata,
         coalesce(told.field_sources, '{}') as field_sources
       from pg_temp.import_ueis as touched
       left join folded on folded.uei = touched.uei
       left join told on told.uei = touched.uei
       left join money on money.uei = touched.uei
       cross join lateral jsonb_to_record(coalesce(folded.fields, '{}')) as f (
         "cageCode" text,
         "legalBusinessName" text,
         "dbaName" text,
         "addressLine1" text,
         "addressLine2" text,
         city text,
         state text,
         "zipCode" text,
         country text,
         "congressionalDistrict" text,
         "businessStartDate" date,
         "fiscalYearEndDate" text,
         "naicsCode" text,
         "entityStructure" text,
         "organizationType" text,
         "businessTypes" jsonb,
         certifications jsonb,
         "registrationDate" date,
         "registrationStatus" text,
         "lastUpdatedDate" date,
         "isHidden" boolean,
         "parentUei" text,
         "parentName" text,
         province text,
         "stateOfIncorporation" text,
         website text
       )
       left join lateral (
         select n.title
         from contractors.naics_codes as n
         where n.code = f."naicsCode"
         order by n.edition desc
         limit 1
       ) as naics on true
       where folded.uei is not null
         and (not coalesce(f."isHidden", false) or folded.fields - 'isHidden' <> '{}' or money.uei is not null)
         or exists (select from contractors.contractor_profiles as p where p.uei = touched.uei)
     ),
     merged as (
       insert into contractors.contractor_profiles as p
         (uei, cage_code, name, dba_name, legal_business_name, address_line_1, address_line_2, city, state, zip_code,
          country, congressional_district, business_start_date, fiscal_year_end_date, naics_code, naics_description,
          entity_structure, organization_type, business_types, total_contract_value, active_contracts_count,
          completed_contracts_count, average_contract_value, certifications, registration_date, registration_status,
          last_updated_date, metadata, is_placeholder, is_hidden, field_sources, created_at, updated_at)
       select uei, "cageCode", coalesce("legalBusinessName", "dbaName", uei), "dbaName", "legalBusinessName",
         "addressLine1", "addressLine2", city, state, "zipCode", coalesce(country, 'USA'), "congressionalDistrict",
         "businessStartDate", "fiscalYearEndDate", "naicsCode", naics_description, "entityStructure", "organizationType",
         coalesce("businessTypes", '[]'), total, active, completed, average, coalesce(certifications, '{}'),
         "registrationDate", "registrationStatus", "lastUpdatedDate"::timestamp at time zone 'UTC', metadata,
         uei = any($3::text[]), coalesce("isHidden", false), field_sources, $4::timestamptz, $4::timestamptz
       from profiles
       on conflict (uei) do update
       set ${folded.map(column => `${column} = excluded.${column}`).join(', ')},
         updated_at = excluded.updated_at
       where (${folded.map(column => `p.${column}`).join(', ')})
         is distinct from (${folded.map(column => `excluded.${column}`).join(', ')})
       returning (xmax = 0) as is_new
     )
     select count(*) filter (where is_new)::integer as inserted, count(*) filter (where not is_new)::integer as updated
     from merged`,
    [JSON.stringify(fieldPriorities()), now.toISOString().slice(0, 10), placeholderUeis, now],
  )
  return rows[0]
}
