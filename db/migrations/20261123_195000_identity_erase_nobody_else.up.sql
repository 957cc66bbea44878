-- Row security holds the owner too: in a scope that saw no accounts, everybody passed for erased.
create or replace function identity.begin_log_erasure(of_user_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  if exists (select from identity.users where id = of_user_id) then
    raise exception 'The account % still exists', of_user_id
      using errcode = 'CH001', constraint = 'identity.account_exists', schema = 'identity', table = 'users';
  end if;
  perform set_config('app.system', was_system, true);
  insert into audit.erased_subjects (user_id)
  values (of_user_id)
  on conflict (user_id) do update set finished_at = null;
end
$$;

create function identity.addresses_of_nobody(addresses text[])
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
  free text[];
begin
  perform set_config('app.system', 'on', true);
  free := array(
    select address
    from unnest(addresses) as address
    where not exists (select from identity.users as account where account.email = address)
  );
  perform set_config('app.system', was_system, true);
  return free;
end
$$;
comment on function identity.addresses_of_nobody(text[]) is
  'Those of these addresses that no account has now. Who takes over the address of an account that was deleted is somebody else: what the log tells of him goes with him';
revoke execute on function identity.addresses_of_nobody(text[]) from public;

-- Who did it from where goes with who did it. Before, a name that held an erased address took the place and the browser of
-- somebody along who still has an account.
create or replace function audit.find_subject(of_user_id uuid, addresses text[], since timestamptz, until timestamptz)
returns table (tenant_id uuid, created_at text, id uuid, is_source boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  pattern constant text := audit.address_pattern(identity.addresses_of_nobody(addresses));
  newest constant smallint := (select max(format) from audit.personal_columns);
begin
  return query
  select
    entry.tenant_id,
    entry.created_at::text,
    entry.id,
    entry.resource in ('identity.users', 'identity.external_identities')
      and (coalesce(entry.changes ? 'email', false) or coalesce(entry.details ? 'email', false))
  from audit.audit_logs as entry
  left join audit.personal_columns as declared
    on declared.format = coalesce(entry.format, newest)
    and declared.resource = coalesce(entry.resource, '')
  where entry.created_at >= since
    and entry.created_at < until
    and (
      (
        num_nonnulls(entry.user_name, entry.ip_address, entry.user_agent) > 0
        and (
          entry.user_id = of_user_id
          or (entry.user_id is null and declared.subjects is not null and audit.is_about(entry, of_user_id, declared.subjects))
        )
      )
      or (
        declared.columns is not null
        and (coalesce(entry.changes ?| declared.columns, false) or coalesce(entry.details ?| declared.columns, false))
        and audit.is_about(entry, of_user_id, declared.subjects)
      )
      or (
        strpos(concat_ws(' ', entry.changes::text, entry.details::text, entry.user_name), '@') > 0
        and concat_ws(
          ' ',
          entry.changes::text,
          entry.details::text,
          case when entry.user_id is null then entry.user_name end
        ) ~* pattern
      )
    )
  order by entry.created_at, entry.id;
end
$$;

create or replace function audit.erase_entries(
  of_user_id uuid, addresses text[], of_tenant_id uuid, times timestamptz[], ids uuid[], erasure uuid
)
returns table (id uuid, part text, item bytea)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  pattern constant text := audit.address_pattern(identity.addresses_of_nobody(addresses));
  newest constant smallint := (select max(format) from audit.personal_columns);
  old_entry audit.audit_logs;
  entry audit.audit_logs;
  declared audit.personal_columns;
  sealed bytea;
  was jsonb;
  mark jsonb;
  is_about boolean;
begin
  if not exists (select from audit.erased_subjects as subject where subject.user_id = of_user_id) then
    raise exception 'Nobody has asked to erase %', of_user_id using errcode = 'insufficient_privilege';
  end if;
  insert into audit.erasing_transactions (id) values (pg_current_xact_id());
  for old_entry in
    select log.*
    from unnest(times, ids) as wanted (created_at, id)
    join audit.audit_logs as log
      on log.tenant_id = of_tenant_id
      and log.created_at = wanted.created_at
      and log.id = wanted.id
    order by log.created_at, log.id
    for update of log
  loop
    entry := old_entry;
    entry.erased := coalesce(entry.erased, '{}');
    select * into declared
    from audit.personal_columns as of_table
    where of_table.format = coalesce(old_entry.format, newest)
      and of_table.resource = coalesce(old_entry.resource, '');
    is_about := audit.is_about(old_entry, of_user_id, declared.subjects);

    if num_nonnulls(old_entry.user_name, old_entry.ip_address, old_entry.user_agent) > 0
      and (
        old_entry.user_id = of_user_id
        or (old_entry.user_id is null and is_about)
        or (old_entry.user_id is null and coalesce(old_entry.user_name ~* pattern, false))
      )
    then
      sealed := sha256(
        case when old_entry.format is null then ''::bytea else audit.key_of(old_entry, 'person') end
        || convert_to(audit.entry_person(old_entry), 'UTF8')
      );
      entry.user_name := null;
      entry.ip_address := null;
      entry.user_agent := null;
      entry.erased := jsonb_set(
        entry.erased, '{person}', jsonb_build_object('in', erasure, 'hash', encode(sealed, 'hex'))
      );
      id := entry.id;
      part := 'person';
      item := audit.erasure_item(entry.id, part, sealed, null);
      return next;
    end if;

    if old_entry.format is not null
      and audit.has_values(old_entry)
      and (is_about or audit.values_name(old_entry, declared.columns, pattern))
    then
      sealed := sha256(audit.key_of(old_entry, 'values') || convert_to(audit.entry_values(old_entry), 'UTF8'));
      entry.changes := audit.without(entry.changes, declared.columns);
      entry.details := audit.without(entry.details, declared.columns);
      entry.erased := jsonb_set(
        entry.erased,
        '{values}',
        jsonb_build_object(
          'in', erasure,
          'hash', encode(sealed, 'hex'),
          'columns', audit.columns_in(old_entry, declared.columns)
        )
      );
      id := entry.id;
      part := 'values';
      item := audit.erasure_item(entry.id, part, sealed, null);
      return next;
    end if;

    -- What was sealed as one text: its hash stays, and what is left of it is told by the record alone.
    if old_entry.format is null and is_about then
      entry.changes := audit.without(entry.changes, declared.columns);
      entry.details := audit.without(entry.details, declared.columns);
    end if;
    if pattern is not null then
      entry.changes := regexp_replace(entry.changes::text, pattern, '[erased]', 'gi')::jsonb;
      entry.details := regexp_replace(entry.details::text, pattern, '[erased]', 'gi')::jsonb;
    end if;
    if audit.entry_content(entry) <> audit.entry_content(old_entry) then
      sealed := coalesce(
        audit.hash_of(old_entry.erased, 'content'), sha256(convert_to(audit.entry_content(old_entry), 'UTF8'))
      );
      was := coalesce(old_entry.erased #> '{content,was}', '[]');
      if old_entry.erased ? 'content' then
        was := was || jsonb_build_array((old_entry.erased -> 'content') - '{hash,was,columns}'::text[]);
      end if;
      mark := jsonb_build_object(
        'in', erasure,
        'hash', encode(sealed, 'hex'),
        'rest', encode(sha256(convert_to(audit.entry_content(entry), 'UTF8')), 'hex'),
        'was', was,
        'columns', coalesce(old_entry.erased #> '{content,columns}', '[]')
          || case when old_entry.format is null and is_about then audit.columns_in(old_entry, declared.columns) else '[]' end
      );
      entry.erased := jsonb_set(entry.erased, '{content}', mark);
      id := entry.id;
      part := 'content';
      item := audit.erasure_item(entry.id, part, sealed, decode(mark ->> 'rest', 'hex'));
      return next;
    end if;

    continue when entry.erased = coalesce(old_entry.erased, '{}');
    if old_entry.salt is not null and entry.erased ?| '{person,values}' then
      entry.salt := null;
      entry.erased := jsonb_set(
        entry.erased,
        '{keys}',
        jsonb_strip_nulls(jsonb_build_object(
          'person', case when not entry.erased ? 'person' then encode(audit.key_of(old_entry, 'person'), 'hex') end,
          'values', case when audit.has_values(entry) then encode(audit.key_of(old_entry, 'values'), 'hex') end
        ))
      );
    elsif old_entry.erased ? 'keys' then
      entry.erased := jsonb_set(
        entry.erased,
        '{keys}',
        (entry.erased -> 'keys')
          - case when entry.erased ? 'person' then 'person' else '' end
          - case when audit.has_values(entry) then '' else 'values' end
      );
    end if;
    update audit.audit_logs as log
    set
      user_name = entry.user_name,
      ip_address = entry.ip_address,
      user_agent = entry.user_agent,
      changes = entry.changes,
      details = entry.details,
      salt = entry.salt,
      erased = entry.erased
    where log.tenant_id = entry.tenant_id
      and log.created_at = entry.created_at
      and log.id = entry.id;
    if audit.entry_leaf(entry) <> audit.entry_leaf(old_entry) then
      raise exception 'Entry % would not fit its seal any more', entry.id;
    end if;
  end loop;
  delete from audit.erasing_transactions as erasing where erasing.id = pg_current_xact_id();
end
$$;
