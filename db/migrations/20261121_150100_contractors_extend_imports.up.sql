-- The catalogue is written by imports only, which take turns with this; what is added is empty.
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, require-concurrent-index-creation, adding-field-with-default, ban-drop-column
alter table contractors.contractors add column published_on date;
comment on column contractors.contractors.published_on is
  'Day of the file that brought it, where files say theirs (SAM): an older file does not undo it';
-- Ends of registrations are few; a full or daily file takes some of them back.
create index contractors_ended_idx on contractors.contractors (source, source_id) where source_id like '%|ended';

create table contractors.import_files (
  id uuid not null default gen_random_uuid(),
  file_name text not null,
  bytes bigint not null,
  bytes_received bigint not null default 0,
  created_by uuid,
  created_at timestamptz(3) not null default now(),
  constraint import_files_pkey primary key (id),
  constraint import_files_name_length check (length(file_name) between 1 and 255),
  constraint import_files_size check (bytes > 0 and bytes_received between 0 and bytes),
  constraint import_files_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table contractors.import_files is
  'A file that an operator sends to be imported, in parts; goes when it has been imported, or after a day';
comment on column contractors.import_files.bytes is 'How large it is, as its sender says beforehand';
create index import_files_created_by_idx on contractors.import_files (created_by);
create index import_files_created_at_idx on contractors.import_files (created_at);

create table contractors.import_file_parts (
  file_id uuid not null,
  number integer not null,
  content bytea not null,
  constraint import_file_parts_pkey primary key (file_id, number),
  constraint import_file_parts_number_not_negative check (number >= 0),
  constraint import_file_parts_file_id_fkey foreign key (file_id)
    references contractors.import_files (id) on delete cascade
);
comment on table contractors.import_file_parts is 'Parts of a file in their order; in the database, so that any worker can import it';
alter table contractors.import_file_parts alter column content set storage external;

alter table contractors.imports
  add column user_id uuid,
  add column file_id uuid,
  add column is_dry_run boolean not null default false,
  add column published_on date,
  add column is_full boolean not null default false,
  add column phase text,
  add column bytes bigint,
  add column bytes_read bigint not null default 0,
  add column rows_ended bigint not null default 0,
  add column profiles_inserted bigint not null default 0,
  add column profiles_updated bigint not null default 0,
  add column warnings text[] not null default '{}',
  add constraint imports_user_id_fkey foreign key (user_id) references identity.users (id) on delete set null,
  add constraint imports_file_id_fkey foreign key (file_id) references contractors.import_files (id) on delete set null,
  drop constraint imports_status_known;
alter table contractors.imports
  add constraint imports_status_known check (status in ('queued', 'running', 'done', 'failed'));
comment on column contractors.imports.user_id is 'Who started it through the API; at the command line there is an account only';
comment on column contractors.imports.file_id is 'The file sent through the API, while it is kept';
comment on column contractors.imports.is_dry_run is 'It told what would change, and changed nothing';
comment on column contractors.imports.published_on is 'The day of the file, where files say theirs (SAM)';
comment on column contractors.imports.is_full is 'The file had all records of its source: what it lacks is no longer published';
comment on column contractors.imports.phase is 'What it does now: reading or merging';
comment on column contractors.imports.bytes is 'Size of the file as it lies there';
comment on column contractors.imports.rows_ended is 'Registrations that a full file no longer has: marked as ended';
create index imports_user_id_idx on contractors.imports (user_id);
create index imports_file_id_idx on contractors.imports (file_id) where file_id is not null;
create index imports_full_idx on contractors.imports (source, published_on) where is_full;

create table contractors.import_rejects (
  import_id uuid not null,
  line integer not null,
  column_name text not null,
  reason text not null,
  raw text not null,
  constraint import_rejects_pkey primary key (import_id, line),
  constraint import_rejects_import_id_fkey foreign key (import_id) references contractors.imports (id) on delete cascade
);
comment on table contractors.import_rejects is
  'Rows that an import through the API has refused, the first ten thousand; without DUNS numbers and points of contact';

alter table contractors.business_types
  add column meaning text,
  add column is_certification boolean not null default false;
comment on column contractors.business_types.meaning is 'What it means beyond its name; empty where the name says it';
comment on column contractors.business_types.is_certification is 'Given by the SBA, and ends: the day is in contractor_profiles.certifications';
comment on column contractors.contractor_profiles.certifications is
  'SBA certification code to the date on which it ends, null where none is told';

create index naics_codes_parent_idx on contractors.naics_codes (edition, parent_code, code);

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
    old_observation_id uuid,
    observed_on date,
    content_hash uuid,
    data jsonb,
    fields jsonb,
    mention_id uuid,
    old_mention_id uuid,
    mention jsonb,
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

grant select, insert, update, delete
  on contractors.import_files, contractors.import_file_parts, contractors.import_rejects
  to commonhold_app;
grant select on contractors.import_files, contractors.import_rejects to commonhold_readonly;
