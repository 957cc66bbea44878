drop function contractors.open_import_staging();
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

drop index contractors.naics_codes_parent_idx;
comment on column contractors.contractor_profiles.certifications is 'SBA certification code to the date on which it ends';
alter table contractors.business_types drop column meaning, drop column is_certification;
drop table contractors.import_rejects;
delete from contractors.imports where status = 'queued';
alter table contractors.imports
  drop constraint imports_status_known,
  drop column user_id,
  drop column file_id,
  drop column is_dry_run,
  drop column published_on,
  drop column is_full,
  drop column phase,
  drop column bytes,
  drop column bytes_read,
  drop column rows_ended,
  drop column profiles_inserted,
  drop column profiles_updated,
  drop column warnings;
alter table contractors.imports add constraint imports_status_known check (status in ('running', 'done', 'failed'));
drop table contractors.import_file_parts;
drop table contractors.import_files;
drop index contractors.contractors_ended_idx;
alter table contractors.contractors drop column published_on;
