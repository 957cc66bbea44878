create schema contractors;
comment on schema contractors is 'Contractor intelligence: a catalogue of public data, shared by all tenants, and the tenants'' own lists on it';
grant usage on schema contractors to commonhold_app, commonhold_readonly;

create table contractors.contractor_profiles (
  id uuid not null default gen_random_uuid(),
  uei text not null,
  cage_code text,
  name text not null,
  dba_name text,
  legal_business_name text,
  address_line_1 text,
  address_line_2 text,
  city text,
  state text,
  zip_code text,
  country text default 'USA',
  congressional_district text,
  business_start_date date,
  fiscal_year_end_date text,
  naics_code text,
  naics_description text,
  entity_structure text,
  organization_type text,
  business_types jsonb not null default '[]',
  employee_count integer,
  annual_revenue numeric(15, 2),
  total_contract_value numeric(15, 2),
  active_contracts_count integer not null default 0,
  completed_contracts_count integer not null default 0,
  average_contract_value numeric(15, 2),
  certifications jsonb not null default '{}',
  performance_rating numeric(3, 2),
  capabilities text[],
  registration_date date,
  registration_status text,
  last_updated_date timestamptz(3),
  metadata jsonb not null default '{}',
  is_placeholder boolean not null default false,
  is_hidden boolean not null default false,
  field_sources jsonb not null default '{}',
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint contractor_profiles_pkey primary key (id),
  constraint contractor_profiles_uei_unique unique (uei),
  constraint contractor_profiles_uei_shape check (uei ~ '^[A-HJ-NP-Z0-9]{12}$'),
  constraint contractor_profiles_lengths check (
    length(name) between 1 and 500
    and length(dba_name) <= 500
    and length(legal_business_name) <= 500
    and length(cage_code) <= 10
    and length(address_line_1) <= 255
    and length(address_line_2) <= 255
    and length(city) <= 100
    and length(state) <= 2
    and length(zip_code) <= 10
    and length(country) <= 3
    and length(congressional_district) <= 10
    and length(fiscal_year_end_date) <= 5
    and length(naics_code) <= 10
    and length(entity_structure) <= 100
    and length(organization_type) <= 100
    and length(registration_status) <= 50
  ),
  constraint contractor_profiles_counts_not_negative check (
    active_contracts_count >= 0 and completed_contracts_count >= 0 and employee_count >= 0
  )
);
comment on table contractors.contractor_profiles is
  'One contractor, by its Unique Entity Identifier, as the raw records of all sources together describe it (GG-06, GG-08). Written by imports only';
comment on column contractors.contractor_profiles.id is 'Made once for a UEI and kept by every later import';
comment on column contractors.contractor_profiles.uei is 'Unique Entity Identifier: 12 characters without I and O';
comment on column contractors.contractor_profiles.cage_code is 'Commercial and Government Entity code';
comment on column contractors.contractor_profiles.name is 'Legal business name, else the doing-business-as name, else the UEI';
comment on column contractors.contractor_profiles.state is 'Two-letter code of a US state or territory; empty abroad';
comment on column contractors.contractor_profiles.zip_code is 'US: 5 digits, or 5+4 with a hyphen; else the postal code as published';
comment on column contractors.contractor_profiles.country is 'ISO 3166 alpha-3';
comment on column contractors.contractor_profiles.congressional_district is 'Two digits within the state; 98 is a delegate''s';
comment on column contractors.contractor_profiles.fiscal_year_end_date is 'MM-DD';
comment on column contractors.contractor_profiles.naics_code is 'Primary industry: the registered one, else that of the newest record; codes of several editions occur';
comment on column contractors.contractor_profiles.naics_description is 'Title of the code in the 2022 edition, else in that of 2017';
comment on column contractors.contractor_profiles.business_types is 'SAM business type codes (contractors.business_types)';
comment on column contractors.contractor_profiles.employee_count is 'No public source has it: stays empty';
comment on column contractors.contractor_profiles.annual_revenue is 'No public source has it: stays empty';
comment on column contractors.contractor_profiles.performance_rating is 'No public source has it: stays empty';
comment on column contractors.contractor_profiles.capabilities is 'No public source has it: stays empty';
comment on column contractors.contractor_profiles.total_contract_value is 'US dollars obligated over all known awards of this UEI; empty when none is known';
comment on column contractors.contractor_profiles.active_contracts_count is 'Awards whose completion date had not passed at the last count';
comment on column contractors.contractor_profiles.completed_contracts_count is 'Awards whose completion date had passed at the last count';
comment on column contractors.contractor_profiles.certifications is 'SBA certification code to the date on which it ends';
comment on column contractors.contractor_profiles.last_updated_date is 'When the registration was last updated, as the registry says';
comment on column contractors.contractor_profiles.metadata is 'What sources say beyond the columns: parentUei, parentName, website, province, stateOfIncorporation';
comment on column contractors.contractor_profiles.is_placeholder is 'Stands for recipients that are not named (classified, undisclosed, consolidated): no contractor';
comment on column contractors.contractor_profiles.is_hidden is 'The registrant did not authorise public display: never shown';
comment on column contractors.contractor_profiles.field_sources is
  'Raw record id to the columns (camelCase) that it gave; read it through contractors.contractor_field_sources. Money and counts come from contractors.awards';
create index contractor_profiles_cage_code_idx on contractors.contractor_profiles (cage_code);

create table contractors.contractors (
  id uuid not null,
  source text not null,
  source_id text collate "C" not null,
  data jsonb not null,
  imported_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  uei text,
  observation_id uuid,
  observed_on date,
  content_hash uuid not null,
  constraint contractors_pkey primary key (id),
  constraint contractors_source_id_unique unique (source, source_id),
  constraint contractors_lengths check (length(source) <= 50 and length(source_id) <= 255)
);
comment on table contractors.contractors is 'Raw records as their source published them, empty values left out (GG-07)';
comment on column contractors.contractors.id is 'Ascending with time (UUID v7)';
comment on column contractors.contractors.source_id is
  'What the source knows the record by; an action of an award: agency|PIID|parent agency|parent PIID|modification';
comment on column contractors.contractors.data is 'Column of the source to its text';
comment on column contractors.contractors.updated_at is 'When an import last brought other content';
comment on column contractors.contractors.observation_id is 'What this record says about its contractor';
comment on column contractors.contractors.observed_on is 'As of when the record says it';
comment on column contractors.contractors.content_hash is 'First half of SHA-256 over data: tells a changed record from an unchanged one';
create index contractors_uei_idx on contractors.contractors (uei);

create table contractors.observations (
  id uuid not null,
  uei text not null,
  source text not null,
  fields jsonb not null,
  constraint observations_pkey primary key (id)
);
comment on table contractors.observations is
  'What a source says about a contractor, once however many records repeat it: a profile is folded from these (GG-08)';
comment on column contractors.observations.id is 'First half of SHA-256 over source, UEI and fields';
comment on column contractors.observations.fields is 'Column of contractor_profiles in camelCase to its cleaned value; street holds both address lines, which go together';
create index observations_uei_idx on contractors.observations (uei);

create table contractors.awards (
  id uuid not null,
  uei text not null,
  kind text not null,
  agency_id text not null,
  agency_name text,
  piid text not null,
  referenced_agency_id text,
  referenced_piid text,
  mod_number text,
  description text,
  naics_code text,
  psc_code text,
  signed_date date,
  last_action_date date,
  completion_date date,
  obligated_amount numeric(15, 2),
  total_obligated numeric(15, 2),
  potential_value numeric(18, 2),
  reported_status text,
  record_id uuid not null,
  constraint awards_pkey primary key (id),
  constraint awards_kind_known check (kind in ('award', 'vehicle'))
);
comment on table contractors.awards is
  'One award: agency, PIID and parent award; as its latest known action leaves it, over all sources, so that no source counts twice';
comment on column contractors.awards.id is 'First half of SHA-256 over agency, PIID and parent award: unique by them';
comment on column contractors.awards.kind is 'award: a contract or order; vehicle: an indefinite delivery vehicle on which orders are placed';
comment on column contractors.awards.piid is 'Procurement Instrument Identifier; unique only together with agency and parent award';
comment on column contractors.awards.mod_number is 'Modification that is the latest known action';
comment on column contractors.awards.signed_date is 'Signature of the earliest known action';
comment on column contractors.awards.last_action_date is 'Signature of the latest known action';
comment on column contractors.awards.completion_date is 'Current completion; for a vehicle the last date to order';
comment on column contractors.awards.obligated_amount is 'US dollars obligated by the latest action alone; negative when it takes back';
comment on column contractors.awards.total_obligated is 'US dollars obligated in all: the latest action''s total, else the sum over the known actions';
comment on column contractors.awards.potential_value is 'US dollars with all options';
comment on column contractors.awards.reported_status is 'As the source words it; whether an award is active is told by its completion date';
comment on column contractors.awards.record_id is 'Raw record of the latest known action';
create index awards_uei_idx on contractors.awards (uei, last_action_date desc, id);

create table contractors.imports (
  id uuid not null default gen_random_uuid(),
  source text not null,
  file_name text not null,
  file_hash text,
  status text not null default 'running',
  actor text,
  rows_read bigint not null default 0,
  rows_inserted bigint not null default 0,
  rows_updated bigint not null default 0,
  rows_unchanged bigint not null default 0,
  rows_rejected bigint not null default 0,
  failure text,
  started_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  constraint imports_pkey primary key (id),
  constraint imports_status_known check (status in ('running', 'done', 'failed'))
);
comment on table contractors.imports is 'Each run of an import; done is written in the transaction that brings the rows';
comment on column contractors.imports.status is 'A run whose process was killed stays running: it has brought nothing';
comment on column contractors.imports.file_hash is 'SHA-256 of the file as it lies there, compressed or not';
comment on column contractors.imports.actor is 'Who started it: a user''s id or the account at the command line';
create index imports_started_at_idx on contractors.imports (started_at desc);

create table contractors.naics_codes (
  code text not null,
  edition smallint not null,
  level smallint not null,
  title text not null,
  parent_code text,
  constraint naics_codes_pkey primary key (code, edition)
);
comment on table contractors.naics_codes is 'North American Industry Classification System, of the Census Bureau';
comment on column contractors.naics_codes.code is '2 to 6 digits; three sectors are ranges such as 31-33';
comment on column contractors.naics_codes.level is 'Number of digits that the level has';

create table contractors.business_types (
  code text not null,
  name text not null,
  category text not null,
  constraint business_types_pkey primary key (code)
);
comment on table contractors.business_types is 'SAM business type codes';
comment on column contractors.business_types.category is 'government, socioeconomic, sba_certified, profit_structure, organization_factor or other';

create view contractors.contractor_field_sources
with (security_invoker = true)
as
select
  profile.id as contractor_profile_id,
  given.field,
  record.id as record_id,
  record.source,
  record.source_id,
  record.imported_at
from contractors.contractor_profiles as profile
cross join lateral jsonb_each(profile.field_sources) as entry (record_id, fields)
cross join lateral jsonb_array_elements_text(entry.fields) as given (field)
join contractors.contractors as record on record.id = entry.record_id::uuid;
comment on view contractors.contractor_field_sources is 'Which raw record gave which column of a profile (GG-08)';

grant select, insert, update, delete
  on contractors.contractor_profiles, contractors.contractors, contractors.observations, contractors.awards,
    contractors.naics_codes, contractors.business_types
  to commonhold_app;
grant select, insert, update on contractors.imports to commonhold_app;
grant select on contractors.contractor_field_sources to commonhold_app;
grant select
  on contractors.contractor_profiles, contractors.contractors, contractors.observations, contractors.awards,
    contractors.naics_codes, contractors.business_types, contractors.imports, contractors.contractor_field_sources
  to commonhold_readonly;

-- The program has no DDL and no right to temporary tables: this makes the one that an import needs, for its own session.
create function contractors.open_import_staging()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  create temporary table import_rows (
    line integer not null,
    is_known boolean not null,
    is_stored boolean not null,
    id uuid not null,
    source text not null,
    source_id text collate "C" not null,
    uei text,
    old_uei text,
    observation_id uuid,
    observed_on date,
    content_hash uuid,
    data jsonb,
    fields jsonb,
    award_id uuid,
    kind text,
    agency_id text,
    agency_name text,
    piid text,
    referenced_agency_id text,
    referenced_piid text,
    mod_number text,
    description text,
    naics_code text,
    psc_code text,
    signed_date date,
    completion_date date,
    obligated_amount numeric,
    total_obligated numeric,
    potential_value numeric,
    reported_status text
  );
  create temporary table import_ueis (uei text primary key);
  grant select, insert, update, delete on pg_temp.import_rows, pg_temp.import_ueis to commonhold_app;
end
$$;
comment on function contractors.open_import_staging() is
  'Makes the staging tables import_rows and import_ueis of this session; they go with its connection, so a killed import leaves nothing';
revoke execute on function contractors.open_import_staging() from public;
grant execute on function contractors.open_import_staging() to commonhold_app;
