-- As in the log of this installation: addresses that an account has now stay, and who did it from where goes with who did it.
create or replace function operations.without_subject(entry jsonb, ids text[], pattern text)
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
      or (entry ->> 'user_id' is null and coalesce(entry ->> 'user_name' ~* pattern, false))
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

create or replace function operations.find_imported_subject(of_user_id uuid, addresses text[], of_tenant_id uuid default null)
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
    pattern := audit.address_pattern(
      identity.addresses_of_nobody(addresses || operations.imported_addresses(tenant, ids))
    );
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
