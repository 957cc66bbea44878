-- Entries from here on are of format 2: what is personal in them is hashed apart, each with a key of its own. Older ones have none.
-- squawk-ignore-file adding-field-with-default, require-timeout-settings
alter table audit.audit_logs
  add column format smallint,
  add column salt bytea,
  add column erased jsonb;
alter table audit.audit_logs
  alter column format set default 2,
  alter column salt set default uuid_send(gen_random_uuid());
comment on column audit.audit_logs.format is
  'How the entry is sealed, and which of its columns are personal (audit.personal_columns); null for entries from before there were formats';
comment on column audit.audit_logs.salt is
  'Of it the keys come that the personal parts are hashed with: without it nobody can try whether a guess is right. Gone once a part is erased';
comment on column audit.audit_logs.erased is
  'Which personal parts are gone: of each the hash that was sealed and the erasure that it went with; keys of the parts that are left';

create table audit.personal_columns (
  format smallint not null,
  resource text not null,
  columns text[] not null,
  subjects text[] not null,
  constraint personal_columns_pkey primary key (format, resource)
);
comment on table audit.personal_columns is
  'Which values in changes and details of a table''s entries are personal; written by audit.declare_personal in migrations only. Rows of a format never change: seals are made by them';
comment on column audit.personal_columns.resource is 'The table, with its schema; empty for entries of none';
comment on column audit.personal_columns.columns is 'Keys of changes and details';
comment on column audit.personal_columns.subjects is 'Where the person''s id stands: resource_id, or a key of changes or details. Empty where only an address tells';
grant select on audit.personal_columns to commonhold_app, commonhold_readonly;

create table audit.erased_subjects (
  user_id uuid not null,
  asked_at timestamptz not null default now(),
  finished_at timestamptz,
  entries bigint not null default 0,
  constraint erased_subjects_pkey primary key (user_id)
);
comment on table audit.erased_subjects is 'Whose part of the log of this database is erased, or is being erased';
comment on column audit.erased_subjects.finished_at is 'Null while it is under way: it goes on where it was interrupted';
comment on column audit.erased_subjects.entries is 'From how many entries something was taken';
alter table audit.erased_subjects enable row level security;
alter table audit.erased_subjects force row level security;
create policy erased_subjects_system on audit.erased_subjects
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy erased_subjects_owner on audit.erased_subjects to commonhold_owner
  using (true)
  with check (true);
grant select, update (finished_at, entries) on audit.erased_subjects to commonhold_app;

create table audit.erasing_transactions (
  id xid8 not null,
  constraint erasing_transactions_pkey primary key (id)
);
comment on table audit.erasing_transactions is
  'Transactions in which entries lose personal parts. A row is gone before its transaction ends, and nobody but the owner can write one: a setting could be set by anybody';
alter table audit.erasing_transactions enable row level security;
alter table audit.erasing_transactions force row level security;
create policy erasing_transactions_owner on audit.erasing_transactions to commonhold_owner
  using (true)
  with check (true);

do $$
declare
  part regclass;
begin
  for part in select relid from pg_partition_tree('audit.audit_logs'::regclass) loop
    execute format('create policy owner_erases on %s for update to commonhold_owner using (true) with check (true)', part);
  end loop;
end
$$;

create or replace function audit.refuse_change()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and tg_table_name ~ '^audit_logs' and current_user = 'commonhold_owner' then
    if exists (select from audit.erasing_transactions where id = pg_current_xact_id()) then
      return null;
    end if;
  end if;
  raise exception 'Audit entries are append-only: % of %.% is refused', lower(tg_op), tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;
comment on function audit.refuse_change() is
  'PE-07: refuses update, delete and truncate of audit entries, save that audit.erase_entries takes personal parts out of them';

create function audit.personal_keys(format smallint, resource text)
returns text[]
language sql
immutable
return null::text[];
comment on function audit.personal_keys(smallint, text) is
  'Of audit.personal_columns what a leaf needs, as constants: looked up in the table it would take longer than the leaf itself. Written by audit.declare_personal';

create function audit.declare_personal(new_format smallint, declarations jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  source text;
begin
  insert into audit.personal_columns (format, resource, columns, subjects)
  select
    new_format,
    coalesce(new.key, old.resource),
    case
      when new.key is null then old.columns
      else array(select jsonb_array_elements_text(new.value -> 'columns') order by 1)
    end,
    case
      when new.key is null then old.subjects
      else array(select jsonb_array_elements_text(coalesce(new.value -> 'subjects', '[]')) order by 1)
    end
  from jsonb_each(declarations) as new
  full join (select * from audit.personal_columns where format = new_format - 1) as old on old.resource = new.key;

  select 'case format ' || string_agg(of_format, ' ' order by format) || ' end'
  into source
  from (
    select
      format,
      format('when %s then case coalesce(resource, %L)', format, '')
        || string_agg(format(' when %L then %L::text[]', resource, columns), '' order by resource)
        || ' end' as of_format
    from audit.personal_columns
    group by format
  ) as formats;
  execute format(
    'create or replace function audit.personal_keys(format smallint, resource text) returns text[] language sql immutable return %s',
    source
  );
  execute format('alter table audit.audit_logs alter column format set default %s', new_format);
end
$$;
comment on function audit.declare_personal(smallint, jsonb) is
  'Begins a format of entries: the declarations of the one before, with these instead or beside: table to {columns, subjects}. For migrations';
revoke execute on function audit.declare_personal(smallint, jsonb) from public;

select audit.declare_personal(2::smallint, '{
  "": {"columns": ["email"]},
  "identity.users": {
    "columns": ["email", "username", "full_name", "status_reason", "deactivation_reason", "reason"], "subjects": ["resource_id"]
  },
  "identity.user_profiles": {
    "columns": [
      "first_name", "last_name", "phone", "address", "avatar_url", "bio", "title", "department", "social_links", "skills", "metadata"
    ],
    "subjects": ["user_id"]
  },
  "identity.external_identities": {"columns": ["email", "subject"], "subjects": ["user_id"]},
  "identity.authenticators": {"columns": ["friendly_name"], "subjects": ["user_id"]},
  "identity.avatars": {"columns": ["content_hash"], "subjects": ["resource_id"]},
  "tenancy.user_tenants": {"columns": ["email"], "subjects": ["user_id"]},
  "members.invitations": {"columns": ["email"], "subjects": ["accepted_by"]},
  "contractors.contractor_list_shares": {"columns": ["shared_with_email"], "subjects": ["shared_with_user_id"]},
  "contractors.contractor_list_comments": {"columns": ["guest_email"]},
  "contractors.match_decisions": {"columns": ["decided_by_name", "undone_by_name"], "subjects": ["decided_by", "undone_by"]}
}');

create function audit.hash_of(erased jsonb, part text)
returns bytea
language sql
immutable
return case
  when erased -> part ->> 'hash' ~ '^[0-9a-f]{64}$' then pg_catalog.decode(erased -> part ->> 'hash', 'hex')
end;
comment on function audit.hash_of(jsonb, text) is 'The sealed hash of a part that is erased; null where it has none';

create function audit.key_of(entry audit.audit_logs, part text)
returns bytea
language sql
stable
return case
  when entry.erased -> 'keys' ->> part ~ '^[0-9a-f]{64}$' then pg_catalog.decode(entry.erased -> 'keys' ->> part, 'hex')
  else pg_catalog.sha256(entry.salt || case part when 'person' then '\x01'::bytea else '\x02'::bytea end)
end;
comment on function audit.key_of(audit.audit_logs, text) is
  'What a personal part (person or values) is hashed with: SHA-256 of the salt and 0x01 or 0x02, or what is kept of it where the other part is erased';

create or replace function audit.entry_content(entry audit.audit_logs)
returns text
language sql
stable
return pg_catalog.json_build_array(
  entry.tenant_id,
  entry.id,
  pg_catalog.to_char(entry.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  entry.user_id,
  entry.action,
  entry.resource,
  entry.resource_id,
  case
    when audit.personal_keys(entry.format, entry.resource) is null
      or pg_catalog.jsonb_typeof(entry.changes) <> 'object' then entry.changes
    else entry.changes - audit.personal_keys(entry.format, entry.resource)
  end,
  case
    when audit.personal_keys(entry.format, entry.resource) is null
      or pg_catalog.jsonb_typeof(entry.details) <> 'object' then entry.details
    else entry.details - audit.personal_keys(entry.format, entry.resource)
  end,
  entry.request_id
)::text;
comment on function audit.entry_content(audit.audit_logs) is
  'The text of an entry that is sealed, save for what is personal: docs/audit.md. Never changed for a format that was used, else no seal fits';

create function audit.entry_values(entry audit.audit_logs)
returns text
language sql
stable
return pg_catalog.json_build_array(entry.changes, entry.details)::text;
comment on function audit.entry_values(audit.audit_logs) is
  'The text with the personal values of an entry, hashed apart: changes and details as they are, with these values in their places';

create function audit.has_values(entry audit.audit_logs)
returns boolean
language sql
stable
return coalesce(entry.changes ?| audit.personal_keys(entry.format, entry.resource), false)
  or coalesce(entry.details ?| audit.personal_keys(entry.format, entry.resource), false);
comment on function audit.has_values(audit.audit_logs) is 'Whether personal values stand in changes or details';

create or replace function audit.entry_leaf(entry audit.audit_logs)
returns bytea
language sql
stable
return coalesce(
  pg_catalog.sha256(
    '\x00'::bytea
    || case
      when entry.erased ? 'content' then audit.hash_of(entry.erased, 'content')
      else pg_catalog.sha256(pg_catalog.convert_to(audit.entry_content(entry), 'UTF8'))
    end
    || case
      when entry.erased ? 'person' and num_nonnulls(entry.user_name, entry.ip_address, entry.user_agent) = 0
        then audit.hash_of(entry.erased, 'person')
      when entry.format is null then pg_catalog.sha256(pg_catalog.convert_to(audit.entry_person(entry), 'UTF8'))
      else pg_catalog.sha256(audit.key_of(entry, 'person') || pg_catalog.convert_to(audit.entry_person(entry), 'UTF8'))
    end
    || case
      when audit.personal_keys(entry.format, entry.resource) is null then ''::bytea
      when audit.has_values(entry)
        then pg_catalog.sha256(audit.key_of(entry, 'values') || pg_catalog.convert_to(audit.entry_values(entry), 'UTF8'))
      when entry.erased ? 'values' then audit.hash_of(entry.erased, 'values')
      else ''::bytea
    end
  ),
  ''::bytea
);
comment on function audit.entry_leaf(audit.audit_logs) is
  'The leaf of an entry in its tenant''s tree (RFC 6962): 0x00, hash of the content, hash of the personal part, and where there are personal values their hash; empty where it cannot be told';

create function audit.address_pattern(addresses text[])
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select '(?<![[:alnum:]._%+-])('
    || string_agg(regexp_replace(substr(json, 2, length(json) - 2), '([]\\.|*+?^$(){}[])', '\\\1', 'g'), '|' order by json)
    || ')(?![[:alnum:]_-]|\.[[:alnum:]])'
  from unnest(addresses) as address
  cross join lateral (select to_json(address)::text as json) as written
$$;
comment on function audit.address_pattern(text[]) is
  'A regular expression that finds each address in the text of a JSON value, and no longer one that contains it; null for none';
revoke execute on function audit.address_pattern(text[]) from public;

create function audit.is_about(entry audit.audit_logs, of_user_id uuid, subjects text[])
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(bool_or(
    case subject
      when 'resource_id' then entry.resource_id = of_user_id::text
      else coalesce(
        of_user_id::text in (entry.details ->> subject, entry.changes #>> array[subject, 'new'], entry.changes #>> array[subject, 'old']),
        false
      )
    end
  ), false)
  from unnest(subjects) as subject
$$;
comment on function audit.is_about(audit.audit_logs, uuid, text[]) is 'Whether an entry tells of that person';
revoke execute on function audit.is_about(audit.audit_logs, uuid, text[]) from public;

create function audit.find_addresses(of_user_id uuid)
returns setof text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select distinct lower(address)
  from audit.audit_logs as entry
  cross join lateral (
    values (entry.changes #>> '{email,old}'), (entry.changes #>> '{email,new}'), (entry.details ->> 'email')
  ) as told (address)
  where address like '%_@_%'
    and (
      (entry.resource = 'identity.users' and entry.resource_id = of_user_id::text)
      or (
        entry.resource = 'identity.external_identities'
        and of_user_id::text in (entry.details ->> 'user_id', entry.changes #>> '{user_id,new}')
      )
    )
$$;
comment on function audit.find_addresses(uuid) is
  'The e-mail addresses that the log knows of a person. In an erasure they go last, so that one that was interrupted finds them again';
revoke execute on function audit.find_addresses(uuid) from public;
grant execute on function audit.find_addresses(uuid) to commonhold_app;

create function audit.find_subject(of_user_id uuid, addresses text[], since timestamptz, until timestamptz)
returns table (tenant_id uuid, created_at text, id uuid, is_source boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  pattern constant text := audit.address_pattern(addresses);
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
        and concat_ws(' ', entry.changes::text, entry.details::text, entry.user_name) ~* pattern
      )
    )
  order by entry.created_at, entry.id;
end
$$;
comment on function audit.find_subject(uuid, text[], timestamptz, timestamptz) is
  'Entries of a time with something personal of that person that can be erased: what he did, what tells of him, what names his addresses; is_source for those that the addresses are known from';
revoke execute on function audit.find_subject(uuid, text[], timestamptz, timestamptz) from public;
grant execute on function audit.find_subject(uuid, text[], timestamptz, timestamptz) to commonhold_app;

create function audit.erase_entries(
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
  pattern constant text := audit.address_pattern(addresses);
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
        or coalesce(old_entry.user_name ~* pattern, false)
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
comment on function audit.erase_entries(uuid, text[], uuid, timestamptz[], uuid[], uuid) is
  'Takes what is personal of somebody out of a tenant''s entries and destroys what it was hashed with; the leaf of each stays as it is. Returns what the record of it must name: the caller signs that and appends it in the same transaction, else verification finds the entries';

create function audit.without(value jsonb, keys text[])
returns jsonb
language sql
immutable
return case when jsonb_typeof(value) = 'object' then value - keys else value end;
comment on function audit.without(jsonb, text[]) is 'An object without those keys';

create function audit.values_name(entry audit.audit_logs, columns text[], pattern text)
returns boolean
language sql
stable
return exists (
  select
  from unnest(columns) as name
  where concat_ws(' ', (entry.changes -> name)::text, (entry.details -> name)::text) ~* pattern
);
comment on function audit.values_name(audit.audit_logs, text[], text) is 'Whether a personal value of the entry has one of the addresses';

create function audit.erasure_item(entry_id uuid, part text, sealed bytea, rest bytea)
returns bytea
language sql
immutable
return substr(sha256(uuid_send(entry_id) || convert_to(part, 'UTF8') || sealed || coalesce(rest, ''::bytea)), 1, 16);
comment on function audit.erasure_item(uuid, text, bytea, bytea) is
  'How the record of an erasure names a part: 16 bytes of SHA-256 over the entry''s id, the part''s name, its sealed hash and, of a content, the hash of what is left';

create function audit.columns_in(entry audit.audit_logs, columns text[])
returns jsonb
language sql
stable
return (
  select coalesce(jsonb_agg(name order by name), '[]')
  from unnest(columns) as name
  where entry.changes ? name
    or entry.details ? name
);
comment on function audit.columns_in(audit.audit_logs, text[]) is 'Which of the columns the entry has values of';
revoke execute on function
  audit.erase_entries(uuid, text[], uuid, timestamptz[], uuid[], uuid),
  audit.erasure_item(uuid, text, bytea, bytea),
  audit.columns_in(audit.audit_logs, text[]),
  audit.values_name(audit.audit_logs, text[], text),
  audit.without(jsonb, text[])
from public;
grant execute on function audit.erase_entries(uuid, text[], uuid, timestamptz[], uuid[], uuid) to commonhold_app;

create function audit.subject_months()
returns table (since timestamptz, until timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select month, month + interval '1 month'
  from pg_inherits
  cross join lateral (select to_timestamp(right(inhrelid::regclass::text, 7), 'YYYY_MM') as month) as part
  where inhparent = 'audit.audit_logs'::regclass
  order by month
$$;
comment on function audit.subject_months() is 'The months that the log has partitions of, oldest first';
revoke execute on function audit.subject_months() from public;
grant execute on function audit.subject_months() to commonhold_app;
