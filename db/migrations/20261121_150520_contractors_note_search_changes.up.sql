-- Made in a second: the catalogue is written by imports alone.
-- squawk-ignore-file require-concurrent-index-creation
create table contractors.catalogue_revisions (
  number bigint not null,
  made_at timestamptz(3) not null default clock_timestamp(),
  created_at_of_new timestamptz(3)[] not null default '{}',
  constraint catalogue_revisions_pkey primary key (number)
);
comment on table contractors.catalogue_revisions is
  'A transaction that has changed contractors, in the order of their commits: what saved searches have been held against ends with one. Kept for 40 days';
comment on column contractors.catalogue_revisions.created_at_of_new is 'Contractors with one of these as created_at are new in it';
create index catalogue_revisions_made_at_idx on contractors.catalogue_revisions (made_at);

create table contractors.catalogue_state (
  is_only boolean not null default true,
  revision bigint not null,
  constraint catalogue_state_pkey primary key (is_only),
  constraint catalogue_state_one check (is_only)
);
comment on table contractors.catalogue_state is
  'The number of the latest revision, in one row. Who makes a revision holds it until the commit: numbers are in the order of commits and none is missing';

create table contractors.search_changes (
  revision bigint not null,
  id uuid not null,
  uei text,
  cage_code text,
  city text,
  state text,
  congressional_district text,
  naics_code text,
  business_types jsonb not null,
  certifications jsonb not null,
  award_agencies text[] not null,
  active_contracts_count integer not null,
  registration_status text,
  registration_date date,
  value_rank bigint not null,
  family_rank bigint not null,
  family_uei text,
  merged_into uuid,
  is_placeholder boolean not null,
  is_hidden boolean not null,
  search_words tsvector not null,
  constraint search_changes_pkey primary key (revision, id),
  constraint search_changes_revision_fkey foreign key (revision) references contractors.catalogue_revisions (number) on delete cascade
);
comment on table contractors.search_changes is
  'What the search saw of a contractor before a revision changed it: whether a saved search had found it before is asked of this row, so that no ids need to be remembered';

create function contractors.begin_revision()
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  present bigint := nullif(current_setting('contractors.revision', true), '');
begin
  if present is null then
    insert into contractors.catalogue_state as state (revision)
    values (1)
    on conflict (is_only) do update
    set revision = state.revision + 1
    returning revision into present;
    insert into contractors.catalogue_revisions (number) values (present);
    delete from contractors.catalogue_revisions as old
    where old.made_at < now() - interval '40 days';
    perform set_config('contractors.revision', present::text, true);
  end if;
  return present;
end
$$;
comment on function contractors.begin_revision() is 'The number of this transaction''s revision; the first call waits for the transaction before it';
revoke execute on function contractors.begin_revision() from public;

create function contractors.note_search_changes()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  present bigint;
begin
  if tg_op = 'INSERT' then
    if not exists (select from new_rows) then
      return null;
    end if;
    present := contractors.begin_revision();
    update contractors.catalogue_revisions as revision
    set created_at_of_new = array(
      select unnest(revision.created_at_of_new)
      union
      select distinct created_at from new_rows
    )
    where revision.number = present;
    return null;
  end if;
  if not exists (
    select
    from new_rows as n
    join old_rows as o using (id)
    where (n.uei, n.cage_code, n.city, n.state, n.congressional_district, n.naics_code, n.business_types,
        n.certifications, n.award_agencies, n.active_contracts_count, n.registration_status, n.registration_date,
        n.value_rank, n.family_rank, n.family_uei, n.merged_into, n.is_placeholder, n.is_hidden, n.search_words)
      is distinct from (o.uei, o.cage_code, o.city, o.state, o.congressional_district, o.naics_code, o.business_types,
        o.certifications, o.award_agencies, o.active_contracts_count, o.registration_status, o.registration_date,
        o.value_rank, o.family_rank, o.family_uei, o.merged_into, o.is_placeholder, o.is_hidden, o.search_words)
  ) then
    return null;
  end if;
  present := contractors.begin_revision();
  insert into contractors.search_changes (
    revision, id, uei, cage_code, city, state, congressional_district, naics_code, business_types, certifications,
    award_agencies, active_contracts_count, registration_status, registration_date, value_rank, family_rank, family_uei,
    merged_into, is_placeholder, is_hidden, search_words
  )
  select
    present, o.id, o.uei, o.cage_code, o.city, o.state, o.congressional_district, o.naics_code, o.business_types,
    o.certifications, o.award_agencies, o.active_contracts_count, o.registration_status, o.registration_date,
    o.value_rank, o.family_rank, o.family_uei, o.merged_into, o.is_placeholder, o.is_hidden, o.search_words
  from new_rows as n
  join old_rows as o using (id)
  where (n.uei, n.cage_code, n.city, n.state, n.congressional_district, n.naics_code, n.business_types,
      n.certifications, n.award_agencies, n.active_contracts_count, n.registration_status, n.registration_date,
      n.value_rank, n.family_rank, n.family_uei, n.merged_into, n.is_placeholder, n.is_hidden, n.search_words)
    is distinct from (o.uei, o.cage_code, o.city, o.state, o.congressional_district, o.naics_code, o.business_types,
      o.certifications, o.award_agencies, o.active_contracts_count, o.registration_status, o.registration_date,
      o.value_rank, o.family_rank, o.family_uei, o.merged_into, o.is_placeholder, o.is_hidden, o.search_words)
    -- What is new in this very transaction has no time before it.
    and not exists (
      select
      from contractors.catalogue_revisions as revision
      where revision.number = present
        and o.created_at = any (revision.created_at_of_new)
    )
  -- Changed twice in one transaction: before it, it was what it was before the first change.
  on conflict do nothing;
  return null;
end
$$;
comment on function contractors.note_search_changes() is 'Keeps what the search saw of contractors before they changed: one statement for each that writes profiles';
revoke execute on function contractors.note_search_changes() from public;

create trigger note_search_changes_of_new after insert on contractors.contractor_profiles
  referencing new table as new_rows
  for each statement execute function contractors.note_search_changes();
create trigger note_search_changes_of_changed after update on contractors.contractor_profiles
  referencing old table as old_rows new table as new_rows
  for each statement execute function contractors.note_search_changes();
create index contractor_profiles_created_at_idx on contractors.contractor_profiles (created_at);

grant select on contractors.catalogue_revisions, contractors.catalogue_state, contractors.search_changes
  to commonhold_app, commonhold_readonly;
