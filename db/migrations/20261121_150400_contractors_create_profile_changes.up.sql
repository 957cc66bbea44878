create table contractors.profile_changes (
  id uuid not null default platform.uuid_v7(),
  changed_at timestamptz(3) not null default now(),
  profile_id uuid not null,
  changes jsonb not null,
  import_id uuid,
  changed_by uuid,
  constraint profile_changes_pkey primary key (id, changed_at),
  constraint profile_changes_not_empty check (changes <> '{}')
)
partition by range (changed_at);
comment on table contractors.profile_changes is
  'GG-06, GG-15: what became of a contractor''s profile, one row for each time that values of it changed';
comment on column contractors.profile_changes.id is 'Ascending with time (UUID v7)';
comment on column contractors.profile_changes.profile_id is 'The profile; no foreign key, so that a large import does not ask for each row whether it is there';
comment on column contractors.profile_changes.changes is 'Column in camelCase, or what metadata says, to its value before and its value after; only what differs';
comment on column contractors.profile_changes.import_id is 'The run of an import that brought it: contractors.imports';
comment on column contractors.profile_changes.changed_by is 'Who did it by hand, such as a merge';
create index profile_changes_profile_idx on contractors.profile_changes (profile_id, changed_at desc, id desc);
select platform.ensure_month_partitions('contractors.profile_changes', 3);

-- One pass over the rows of a statement, each column compared once: a difference of two jsonb documents took three times as long.
create function contractors.log_profile_changes()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into contractors.profile_changes (profile_id, changes, import_id, changed_by)
  select change.id, change.fields, nullif(current_setting('contractors.import_id', true), '')::uuid,
    platform.current_user_id()
  from (
    select n.id,
      -- Of somebody who does not want to be shown nothing more is written down than that.
      case when o.is_hidden or n.is_hidden then case when o.is_hidden = n.is_hidden then '{}'
        else jsonb_build_object('isHidden', jsonb_build_array(o.is_hidden, n.is_hidden)) end
      else jsonb_strip_nulls(
        jsonb_build_object(
          'uei', case when o.uei is distinct from n.uei then jsonb_build_array(o.uei, n.uei) end,
          'cageCode', case when o.cage_code is distinct from n.cage_code then jsonb_build_array(o.cage_code, n.cage_code) end,
          'name', case when o.name <> n.name then jsonb_build_array(o.name, n.name) end,
          'dbaName', case when o.dba_name is distinct from n.dba_name then jsonb_build_array(o.dba_name, n.dba_name) end,
          'legalBusinessName', case when o.legal_business_name is distinct from n.legal_business_name
            then jsonb_build_array(o.legal_business_name, n.legal_business_name) end,
          'addressLine1', case when o.address_line_1 is distinct from n.address_line_1
            then jsonb_build_array(o.address_line_1, n.address_line_1) end,
          'addressLine2', case when o.address_line_2 is distinct from n.address_line_2
            then jsonb_build_array(o.address_line_2, n.address_line_2) end,
          'city', case when o.city is distinct from n.city then jsonb_build_array(o.city, n.city) end,
          'state', case when o.state is distinct from n.state then jsonb_build_array(o.state, n.state) end,
          'zipCode', case when o.zip_code is distinct from n.zip_code then jsonb_build_array(o.zip_code, n.zip_code) end,
          'country', case when o.country is distinct from n.country then jsonb_build_array(o.country, n.country) end,
          'congressionalDistrict', case when o.congressional_district is distinct from n.congressional_district
            then jsonb_build_array(o.congressional_district, n.congressional_district) end,
          'businessStartDate', case when o.business_start_date is distinct from n.business_start_date
            then jsonb_build_array(o.business_start_date, n.business_start_date) end,
          'fiscalYearEndDate', case when o.fiscal_year_end_date is distinct from n.fiscal_year_end_date
            then jsonb_build_array(o.fiscal_year_end_date, n.fiscal_year_end_date) end,
          'naicsCode', case when o.naics_code is distinct from n.naics_code
            then jsonb_build_array(o.naics_code, n.naics_code) end,
          'entityStructure', case when o.entity_structure is distinct from n.entity_structure
            then jsonb_build_array(o.entity_structure, n.entity_structure) end,
          'organizationType', case when o.organization_type is distinct from n.organization_type
            then jsonb_build_array(o.organization_type, n.organization_type) end,
          'businessTypes', case when o.business_types <> n.business_types
            then jsonb_build_array(o.business_types, n.business_types) end
        )
        || jsonb_build_object(
          'totalContractValue', case when o.total_contract_value is distinct from n.total_contract_value
            then jsonb_build_array(o.total_contract_value::text, n.total_contract_value::text) end,
          'activeContractsCount', case when o.active_contracts_count <> n.active_contracts_count
            then jsonb_build_array(o.active_contracts_count, n.active_contracts_count) end,
          'completedContractsCount', case when o.completed_contracts_count <> n.completed_contracts_count
            then jsonb_build_array(o.completed_contracts_count, n.completed_contracts_count) end,
          'certifications', case when o.certifications <> n.certifications
            then jsonb_build_array(o.certifications, n.certifications) end,
          'registrationDate', case when o.registration_date is distinct from n.registration_date
            then jsonb_build_array(o.registration_date, n.registration_date) end,
          'registrationStatus', case when o.registration_status is distinct from n.registration_status
            then jsonb_build_array(o.registration_status, n.registration_status) end,
          'lastUpdatedDate', case when o.last_updated_date is distinct from n.last_updated_date
            then jsonb_build_array(o.last_updated_date, n.last_updated_date) end,
          'parentUei', case when o.parent_uei is distinct from n.parent_uei
            then jsonb_build_array(o.parent_uei, n.parent_uei) end,
          'mergedInto', case when o.merged_into is distinct from n.merged_into
            then jsonb_build_array(o.merged_into, n.merged_into) end
        )
        || case when o.metadata = n.metadata then '{}' else jsonb_build_object(
          'website', case when o.metadata ->> 'website' is distinct from n.metadata ->> 'website'
            then jsonb_build_array(o.metadata ->> 'website', n.metadata ->> 'website') end,
          'parentName', case when o.metadata ->> 'parentName' is distinct from n.metadata ->> 'parentName'
            then jsonb_build_array(o.metadata ->> 'parentName', n.metadata ->> 'parentName') end,
          'province', case when o.metadata ->> 'province' is distinct from n.metadata ->> 'province'
            then jsonb_build_array(o.metadata ->> 'province', n.metadata ->> 'province') end,
          'stateOfIncorporation', case
            when o.metadata ->> 'stateOfIncorporation' is distinct from n.metadata ->> 'stateOfIncorporation'
            then jsonb_build_array(o.metadata ->> 'stateOfIncorporation', n.metadata ->> 'stateOfIncorporation') end
        ) end
      ) end as fields
    from new_rows as n
    join old_rows as o on o.id = n.id
  ) as change
  where change.fields <> '{}';
  return null;
end
$$;
comment on function contractors.log_profile_changes() is
  'GG-15: each change of a profile has its row, one statement for each statement that writes profiles';
revoke execute on function contractors.log_profile_changes() from public;

create trigger log_profile_changes after update on contractors.contractor_profiles
  referencing old table as old_rows new table as new_rows
  for each statement execute function contractors.log_profile_changes();

grant select on contractors.profile_changes to commonhold_app, commonhold_readonly;
