-- The table that gets a policy is written by imports alone: nobody waits for its lock.
-- squawk-ignore-file require-timeout-settings
create table operations.imported_people (
  tenant_id uuid not null,
  former_id uuid not null,
  user_id uuid not null,
  constraint imported_people_pkey primary key (tenant_id, former_id),
  constraint imported_people_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table operations.imported_people is
  'By what ids people are told of in a tenant''s imported log, where they have other ones here: else nobody could be found in it to be erased';
comment on column operations.imported_people.former_id is 'The account''s there';
comment on column operations.imported_people.user_id is 'The account''s here. No foreign key: it outlives the account, whose part of the log is erased afterwards';
create index imported_people_user_idx on operations.imported_people (user_id);
select platform.isolate('operations.imported_people');
grant select on operations.imported_people to commonhold_app, commonhold_readonly;
create policy imported_people_erased on operations.imported_people for select to commonhold_owner
  using ((select platform.is_system()));
create policy imported_logs_erased on operations.imported_logs to commonhold_owner
  using ((select platform.is_system()))
  with check ((select platform.is_system()));

create function operations.tells_of(entry jsonb, ids text[], subjects text[])
returns boolean
language sql
immutable
return exists (
  select
  from unnest(subjects) as subject
  where case subject
    when 'resource_id' then array[entry ->> 'resource_id']
    else array[
      entry #>> array['details', subject], entry #>> array['changes', subject, 'new'], entry #>> array['changes', subject, 'old']
    ]
  end && ids
);
comment on function operations.tells_of(jsonb, text[], text[]) is
  'Whether an imported entry tells of who has one of these ids; subjects says where they stand (audit.personal_columns)';

create function operations.without_subject(entry jsonb, ids text[], pattern text)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  declared audit.personal_columns;
  remaining jsonb := entry;
  erased jsonb := case when jsonb_typeof(entry -> 'erased') = 'object' then entry -> 'erased' else '{}' end;
  is_about boolean;
begin
  select * into declared
  from audit.personal_columns as of_table
  where of_table.format = (select max(format) from audit.personal_columns)
    and of_table.resource = coalesce(entry ->> 'resource', '');
  is_about := operations.tells_of(entry, ids, declared.subjects);

  if num_nonnulls(entry ->> 'user_name', entry ->> 'ip_address', entry ->> 'user_agent') > 0
    and (
      coalesce(entry ->> 'user_id' = any (ids), is_about)
      or coalesce(entry ->> 'user_name' ~* pattern, false)
    )
  then
    remaining := remaining || '{"user_name": null, "ip_address": null, "user_agent": null}';
    erased := erased || '{"person": {}}';
  end if;

  if is_about then
    if jsonb_typeof(entry -> 'changes') = 'object' then
      remaining := jsonb_set(remaining, '{changes}', (entry -> 'changes') - declared.columns);
    end if;
    if jsonb_typeof(entry -> 'details') = 'object' then
      remaining := jsonb_set(remaining, '{details}', (entry -> 'details') - declared.columns);
    end if;
    if remaining -> 'changes' is distinct from entry -> 'changes' or remaining -> 'details' is distinct from entry -> 'details' then
      erased := erased || '{"values": {}}';
    end if;
  end if;

  if remaining::text ~* pattern then
    remaining := regexp_replace(remaining::text, pattern, '[erased]', 'gi')::jsonb;
    erased := erased || '{"content": {}}';
  end if;
  if remaining = entry then
    return entry;
  end if;
  return (remaining - 'salt') || jsonb_build_object('erased', erased);
end
$$;
comment on function operations.without_subject(jsonb, text[], text) is
  'PE-07: an imported entry without what is personal of who has one of these ids there, or whose addresses the pattern finds; the entry itself where there is nothing. Nothing seals it here, so nothing is kept of what goes';

create function operations.imported_addresses(of_tenant_id uuid, ids text[])
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(distinct lower(told.address)), '{}')
  from operations.imported_logs as log
  join audit.personal_columns as declared
    on declared.format = (select max(format) from audit.personal_columns)
    and declared.resource = log.entry ->> 'resource'
  cross join unnest(declared.columns) as name
  cross join lateral (
    values
      (log.entry #>> array['details', name]),
      (log.entry #>> array['changes', name, 'new']),
      (log.entry #>> array['changes', name, 'old'])
  ) as told (address)
  where log.tenant_id = of_tenant_id
    and name like '%email'
    and told.address like '%_@_%'
    and operations.tells_of(log.entry, ids, declared.subjects)
$$;
comment on function operations.imported_addresses(uuid, text[]) is
  'The e-mail addresses that a tenant''s imported log knows of who has one of these ids there';

create function operations.find_imported_subject(of_user_id uuid, addresses text[], of_tenant_id uuid default null)
returns table (tenant_id uuid, id uuid, remaining jsonb)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenant uuid;
  ids text[];
  pattern text;
begin
  for tenant in
    select tenants.id
    from tenancy.tenants as tenants
    where (of_tenant_id is null or tenants.id = of_tenant_id)
      and exists (select from operations.imported_logs as log where log.tenant_id = tenants.id)
  loop
    ids := array[of_user_id::text] || array(
      select person.former_id::text
      from operations.imported_people as person
      where person.tenant_id = tenant
        and person.user_id = of_user_id
    );
    pattern := audit.address_pattern(addresses || operations.imported_addresses(tenant, ids));
    return query
    select log.tenant_id, log.id, left_of.entry
    from operations.imported_logs as log
    cross join lateral operations.without_subject(log.entry, ids, pattern) as left_of (entry)
    where log.tenant_id = tenant
      and (
        log.entry::text ~* pattern
        or exists (select from unnest(ids) as one (id) where strpos(log.entry::text, one.id) > 0)
      )
      and left_of.entry <> log.entry;
  end loop;
end
$$;
comment on function operations.find_imported_subject(uuid, text[], uuid) is
  'Entries of imported logs, of one tenant or of all, with something personal of that person, and what is left of each without it; for the system scope';

create function operations.erase_imported_subject(of_user_id uuid, addresses text[])
returns table (tenant_id uuid, entries bigint)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if not exists (select from audit.erased_subjects as subject where subject.user_id = of_user_id) then
    raise exception 'Nobody has asked to erase %', of_user_id using errcode = 'insufficient_privilege';
  end if;
  return query
  with erased as (
    update operations.imported_logs as log
    set entry = found.remaining
    from operations.find_imported_subject(of_user_id, addresses) as found
    where log.tenant_id = found.tenant_id
      and log.id = found.id
    returning log.tenant_id
  )
  select erased.tenant_id, count(*)
  from erased
  group by erased.tenant_id;
end
$$;
comment on function operations.erase_imported_subject(uuid, text[]) is
  'PE-07: takes what is personal of somebody out of all imported logs, in one go; of whom it may was said by identity.begin_log_erasure';
revoke execute on function
  operations.tells_of(jsonb, text[], text[]),
  operations.without_subject(jsonb, text[], text),
  operations.imported_addresses(uuid, text[]),
  operations.find_imported_subject(uuid, text[], uuid),
  operations.erase_imported_subject(uuid, text[])
from public;
grant execute on function
  operations.find_imported_subject(uuid, text[], uuid),
  operations.erase_imported_subject(uuid, text[])
to commonhold_app;
