create table tenancy.tenant_deletions (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  requested_at timestamptz not null default now(),
  requested_by uuid,
  by_operator boolean not null,
  reason text,
  previous_status text not null,
  scheduled_at timestamptz not null,
  told_half_at timestamptz,
  told_last_at timestamptz,
  begun_at timestamptz,
  owner_ids uuid[],
  removed jsonb not null default '{}',
  constraint tenant_deletions_pkey primary key (tenant_id, id),
  constraint tenant_deletions_once unique (tenant_id),
  constraint tenant_deletions_reason_length check (length(reason) between 1 and 500),
  constraint tenant_deletions_previous_status_known check (previous_status in ('active', 'suspended')),
  constraint tenant_deletions_after_request check (scheduled_at >= requested_at),
  constraint tenant_deletions_begun_in_time check (begun_at >= scheduled_at),
  constraint tenant_deletions_owners_known check ((begun_at is null) = (owner_ids is null)),
  constraint tenant_deletions_removed_object check (jsonb_typeof(removed) = 'object'),
  constraint tenant_deletions_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint tenant_deletions_requested_by_fkey foreign key (requested_by) references identity.users (id) on delete set null
);
comment on table tenancy.tenant_deletions is
  'A tenant that waits for its deletion, or is being removed (MT-11): gone when that is cancelled, and when it is done';
comment on column tenancy.tenant_deletions.previous_status is 'Where a cancelled deletion leads back to';
comment on column tenancy.tenant_deletions.told_half_at is 'When its owners were told a second time, half-way';
comment on column tenancy.tenant_deletions.told_last_at is 'When its owners were told for the last time, the day before';
comment on column tenancy.tenant_deletions.begun_at is 'From then on nothing brings the tenant back';
comment on column tenancy.tenant_deletions.owner_ids is 'Who owned it when the removal began: they get the certificate';
comment on column tenancy.tenant_deletions.removed is 'Table to the number of rows removed from it, counted in the transaction that removed them';
create index tenant_deletions_requested_by_idx on tenancy.tenant_deletions (requested_by) where requested_by is not null;
select platform.isolate('tenancy.tenant_deletions');
create policy tenant_deletions_system on tenancy.tenant_deletions
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select on tenancy.tenant_deletions to commonhold_app;
grant update (told_half_at, told_last_at) on tenancy.tenant_deletions to commonhold_app;
select audit.track('tenancy.tenant_deletions', ignore => '{removed,told_half_at,told_last_at}');

-- With the check that ties them to the status: only the functions below lead into a deletion, and out of it.
revoke update (deletion_requested_at, deletion_scheduled_at) on tenancy.tenants from commonhold_app;

-- No tenant_id: the tenant is no more, and what says so is the installation's own.
create table tenancy.deletion_certificates (
  id uuid not null,
  number bigint not null,
  document jsonb not null,
  signed_document text not null,
  created_at timestamptz not null default now(),
  constraint deletion_certificates_pkey primary key (id),
  constraint deletion_certificates_number_unique unique (number),
  constraint deletion_certificates_numbered_from_one check (number > 0),
  constraint deletion_certificates_document_object check (jsonb_typeof(document) = 'object')
);
comment on table tenancy.deletion_certificates is
  'What is left of a deleted tenant: a signed statement of when, by whom and how many rows of each table were removed (MT-11)';
comment on column tenancy.deletion_certificates.id is 'The id that the tenant had';
comment on column tenancy.deletion_certificates.number is 'Dense: each certificate names the hash of the one before';
comment on column tenancy.deletion_certificates.document is 'What is signed, to be read and searched; name and slug as hashes only';
comment on column tenancy.deletion_certificates.signed_document is 'The certificate itself: JWS in its compact form (RFC 7515), Ed25519';
alter table tenancy.deletion_certificates enable row level security;
alter table tenancy.deletion_certificates force row level security;
create policy deletion_certificates_system on tenancy.deletion_certificates
  for select
  using ((select platform.is_system()));
create policy deletion_certificates_owner_appends on tenancy.deletion_certificates for insert to commonhold_owner
  with check (true);
grant select on tenancy.deletion_certificates to commonhold_app;

create function tenancy.list_tenant_tables()
returns table (name text, root text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive
    tables as (
      select c.oid, c.oid::regclass::text as name, coalesce(pg_partition_root(c.oid), c.oid)::oid as root
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
      where c.relkind = 'r'
        and c.relpersistence <> 't'
        and a.atttypid = 'uuid'::regtype
        -- The law wants the log kept; it goes by its own retention.
        and n.nspname not in ('audit', 'pg_catalog', 'information_schema')
        and c.oid <> 'tenancy.tenant_deletions'::regclass
    ),
    links as (
      select distinct k.conrelid as child, k.confrelid as parent
      from pg_constraint k
      where k.contype = 'f'
        and k.conparentid = 0
        and k.conrelid <> k.confrelid
        and k.conrelid in (select root from tables)
        and k.confrelid in (select root from tables)
    ),
    heights (root, height, path) as (
      select distinct root, 0, array[root] from tables
      union all
      select links.parent, heights.height + 1, heights.path || links.parent
      from heights
      join links on links.child = heights.root
      where links.parent <> all (heights.path)
        and heights.height < 20
    )
  select tables.name, tables.root::regclass::text
  from tables
  join heights on heights.root = tables.root
  group by tables.name, tables.root
  order by max(heights.height), tables.name
$$;
comment on function tenancy.list_tenant_tables() is
  'Every table with rows of tenants, partitions one by one, as the catalog has them; those that others refer to after those';

create function tenancy.removal_faults()
returns setof text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive
    cascading (oid) as (
      select 'tenancy.tenants'::regclass::oid
      union
      select k.conrelid
      from cascading
      join pg_constraint k on k.confrelid = cascading.oid and k.contype = 'f' and k.confdeltype = 'c'
    ),
    tables as (
      select c.*, listed.name as listed_name
      from tenancy.list_tenant_tables() as listed
      join pg_class c on c.oid = listed.name::regclass
    )
  select t.listed_name || case
    when t.relowner <> 'commonhold_owner'::regrole then ' belongs to ' || t.relowner::regrole || ': it cannot be emptied'
    else ' has no policy by which commonhold_owner may see and delete rows of the scope''s tenant, and does not go with the tenant by a foreign key'
  end
  from tables t
  where t.relowner <> 'commonhold_owner'::regrole
    or t.relrowsecurity
      and t.oid not in (select oid from cascading)
      and (
        exists (
          select
          from pg_policy p
          where p.polrelid = t.oid
            and not p.polpermissive
            and p.polcmd in ('*', 'r', 'd')
            and (0 = any (p.polroles) or 'commonhold_owner'::regrole = any (p.polroles))
        )
        or exists (
          select
          from unnest(array['r', 'd']) as wanted
          where not exists (
            select
            from pg_policy p
            where p.polrelid = t.oid
              and p.polpermissive
              and p.polcmd in ('*', wanted::"char")
              and (0 = any (p.polroles) or 'commonhold_owner'::regrole = any (p.polroles))
              and pg_get_expr(p.polqual, p.polrelid) ~ 'app\.tenant_id|current_tenant_id|is_system|^true$'
          )
        )
      )
  order by 1
$$;
comment on function tenancy.removal_faults() is
  'Tables whose rows would outlive their tenant, a sentence each; none may, and no removal begins while there is one';

create function tenancy.count_rows()
returns table (root text, rows bigint)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
  listed record;
begin
  perform set_config('app.system', 'on', true);
  for listed in
    select tables.root, string_agg(format('(select count(*) from %s where tenant_id = $1)', tables.name), ' + ') as expression
    from tenancy.list_tenant_tables() as tables
    group by tables.root
    order by 1
  loop
    execute format('select %s', listed.expression) using platform.current_tenant_id() into rows;
    root := listed.root;
    if rows > 0 then
      return next;
    end if;
  end loop;
  perform set_config('app.system', was_system, true);
end
$$;
comment on function tenancy.count_rows() is 'How many rows of the scope''s tenant there are, by table: what its deletion would remove';

create function tenancy.request_deletion(after_days integer, by_operator boolean, reason text)
returns timestamptz
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  tenant tenancy.tenants;
  at_time timestamptz;
begin
  select * into tenant
  from tenancy.tenants
  where id = platform.current_tenant_id()
  for update;
  if not found then
    raise exception 'There is no such tenant' using errcode = 'no_data_found';
  end if;
  if tenant.status = 'pending_deletion' then
    raise exception 'The tenant waits for its deletion already'
      using errcode = 'check_violation', constraint = 'tenant_deletions_once', schema = 'tenancy', table = 'tenant_deletions';
  end if;
  if not by_operator and (tenant.status <> 'active' or after_days is not null) then
    raise exception 'Owners delete an active tenant, after the days that are set for it'
      using errcode = 'check_violation', constraint = 'tenant_deletions_grace', schema = 'tenancy', table = 'tenant_deletions';
  end if;
  at_time := now() + coalesce(after_days, tenant.grace_period_days) * interval '1 day';
  insert into tenancy.tenant_deletions (tenant_id, requested_by, by_operator, reason, previous_status, scheduled_at)
  values (tenant.id, platform.current_user_id(), by_operator, request_deletion.reason, tenant.status, at_time);
  update tenancy.tenants
  set
    status = 'pending_deletion',
    status_reason = request_deletion.reason,
    status_changed_at = now(),
    deletion_requested_at = now(),
    deletion_scheduled_at = at_time
  where id = tenant.id;
  return at_time;
end
$$;
comment on function tenancy.request_deletion(integer, boolean, text) is
  'MT-11: the scope''s tenant waits for its deletion from now on, for its own days of grace; operators may say other ones. Returns when its time comes';

create function tenancy.cancel_deletion()
returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  deletion tenancy.tenant_deletions;
begin
  -- The tenant first, as everywhere: who begins the removal waits here, or this one for him.
  perform from tenancy.tenants where id = platform.current_tenant_id() for update;
  delete from tenancy.tenant_deletions
  where tenant_id = platform.current_tenant_id()
    and begun_at is null
  returning * into deletion;
  if not found then
    raise exception 'No deletion waits that could be cancelled'
      using errcode = 'check_violation', constraint = 'tenant_deletions_waiting', schema = 'tenancy', table = 'tenant_deletions';
  end if;
  update tenancy.tenants
  set
    status = deletion.previous_status,
    status_reason = null,
    status_changed_at = now(),
    deletion_requested_at = null,
    deletion_scheduled_at = null
  where id = deletion.tenant_id;
  return deletion.previous_status;
end
$$;
comment on function tenancy.cancel_deletion() is
  'MT-11: the scope''s tenant is again what it was, unless its removal has begun. Returns its status';

create function tenancy.begin_removal(of_owner_ids uuid[])
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  fault text;
begin
  perform from tenancy.tenants where id = platform.current_tenant_id() for update;
  if exists (select from tenancy.tenant_deletions where tenant_id = platform.current_tenant_id() and begun_at is not null) then
    return true;
  end if;
  select string_agg(listed.sentence, '; ') into fault from tenancy.removal_faults() as listed (sentence);
  if fault is not null then
    raise exception 'Rows would be left behind: %', fault using errcode = 'object_not_in_prerequisite_state';
  end if;
  update tenancy.tenant_deletions as deletion
  set begun_at = now(), owner_ids = of_owner_ids
  from tenancy.tenants as tenant
  where deletion.tenant_id = platform.current_tenant_id()
    and tenant.id = deletion.tenant_id
    and tenant.status = 'pending_deletion'
    and deletion.scheduled_at <= now();
  return found;
end
$$;
comment on function tenancy.begin_removal(uuid[]) is
  'From here nothing brings the scope''s tenant back: false unless it waits for its deletion and the time has come';

create function tenancy.require_removal()
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- After the end too, for what a request that was under way has left behind.
  if not exists (
      select
      from tenancy.tenant_deletions as deletion
      join tenancy.tenants as tenant on tenant.id = deletion.tenant_id and tenant.status = 'pending_deletion'
      where deletion.tenant_id = platform.current_tenant_id()
        and deletion.scheduled_at <= now()
        and deletion.begun_at is not null
    )
    and not exists (
      select
      from tenancy.deletion_certificates as certificate
      where certificate.id = platform.current_tenant_id()
        and not exists (select from tenancy.tenants as tenant where tenant.id = certificate.id)
    )
  then
    raise exception 'The removal of this tenant has not begun' using errcode = 'insufficient_privilege';
  end if;
end
$$;
comment on function tenancy.require_removal() is 'Refuses unless the scope''s tenant is being removed, or has been';

create function tenancy.count_removed(counts jsonb)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  update tenancy.tenant_deletions as deletion
  set removed = deletion.removed || (
    select coalesce(jsonb_object_agg(key, value::bigint + coalesce((deletion.removed ->> key)::bigint, 0)), '{}')
    from jsonb_each_text(counts)
    where value::bigint > 0
  )
  where deletion.tenant_id = platform.current_tenant_id()
$$;
comment on function tenancy.count_removed(jsonb) is 'Adds to the numbers of the certificate';

create function tenancy.remove_rows(of_table text, most integer)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  root_name text;
  still_needed text;
  removed integer;
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  perform tenancy.require_removal();
  select root into root_name from tenancy.list_tenant_tables() where name = of_table;
  if not found then
    raise exception '% is no table with rows of tenants', of_table using errcode = 'undefined_table';
  end if;
  if most not between 1 and 100000 then
    raise exception 'At most 100000 rows at a time, not %', most using errcode = 'numeric_value_out_of_range';
  end if;
  -- Of a tree whose rows hold each other the leaves go first.
  select string_agg(
    format(
      ' and not exists (select from %s as child where %s)',
      k.confrelid::regclass,
      (
        select string_agg(format('child.%I = doomed.%I', child_column.attname, own_column.attname), ' and ')
        from unnest(k.conkey, k.confkey) as pair (child_number, own_number)
        join pg_attribute child_column on child_column.attrelid = k.conrelid and child_column.attnum = pair.child_number
        join pg_attribute own_column on own_column.attrelid = k.confrelid and own_column.attnum = pair.own_number
      )
    ),
    ''
  ) into still_needed
  from pg_constraint k
  where k.conrelid = root_name::regclass
    and k.confrelid = k.conrelid
    and k.contype = 'f'
    and k.confdeltype in ('a', 'r');

  perform audit.begin_unlogged_deletes();
  execute format(
    'delete from %1$s where ctid = any (array(select doomed.ctid from %1$s as doomed where doomed.tenant_id = $1%2$s limit $2))',
    of_table, coalesce(still_needed, '')
  )
  using platform.current_tenant_id(), most;
  get diagnostics removed = row_count;
  perform audit.end_unlogged_deletes();
  perform tenancy.count_removed(jsonb_build_object(root_name, removed));
  perform set_config('app.system', was_system, true);
  return removed;
end
$$;
comment on function tenancy.remove_rows(text, integer) is
  'Removes up to so many rows of the scope''s tenant, whose removal has begun, from one table or partition; returns how many. Not logged one by one, but counted';

create function tenancy.remove_traces(most integer)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  forgetting record;
  counts jsonb;
  removed integer := 0;
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  perform tenancy.require_removal();
  for forgetting in
    select p.oid::regproc as name
    from pg_proc p
    where p.proname = 'forget_tenant'
      and p.proargtypes = '2950 23'::oidvector
      and p.prorettype = 'jsonb'::regtype
      and p.proowner = 'commonhold_owner'::regrole
    order by 1
  loop
    perform audit.begin_unlogged_deletes();
    execute format('select %s($1, $2)', forgetting.name) using platform.current_tenant_id(), most into counts;
    perform audit.end_unlogged_deletes();
    perform tenancy.count_removed(counts);
    removed := removed + (select coalesce(sum(value::integer), 0) from jsonb_each_text(counts));
  end loop;
  perform set_config('app.system', was_system, true);
  return removed;
end
$$;
comment on function tenancy.remove_traces(integer) is
  'Removes what names the scope''s tenant elsewhere than in a column tenant_id: each module''s forget_tenant(tenant, most) does, found in the catalog, and returns table to count';

create function tenancy.prepare_certificate()
returns table (
  name text,
  slug text,
  requested_at timestamptz,
  requested_by uuid,
  by_operator boolean,
  scheduled_at timestamptz,
  begun_at timestamptz,
  finished_at timestamptz,
  owner_ids uuid[],
  removed jsonb,
  previous_number bigint,
  previous_document text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
  listed record;
  in_pass integer;
begin
  perform set_config('app.system', 'on', true);
  perform tenancy.require_removal();
  -- Whoever writes a row that refers to the tenant has it locked: he is waited for, and nobody comes after. What they have
  -- written since the last pass is little; waiting until nobody writes could last for ever.
  perform from tenancy.tenants as tenant where tenant.id = platform.current_tenant_id() for update;
  for pass in 1 .. 10 loop
    in_pass := 0;
    for listed in select tables.name from tenancy.list_tenant_tables() as tables loop
      begin
        in_pass := in_pass + tenancy.remove_rows(listed.name, 100000);
      exception
        when foreign_key_violation or restrict_violation then
          -- Held by rows that go in this pass.
          in_pass := in_pass + 1;
      end;
    end loop;
    exit when in_pass = 0;
  end loop;
  -- One certificate after another: each names the one before.
  lock table tenancy.deletion_certificates in share row exclusive mode;
  return query
  select
    tenant.name,
    tenant.slug,
    deletion.requested_at,
    deletion.requested_by,
    deletion.by_operator,
    deletion.scheduled_at,
    deletion.begun_at,
    now(),
    deletion.owner_ids,
    deletion.removed || '{"tenancy.tenants": 1}',
    coalesce(previous.number, 0),
    previous.signed_document
  from tenancy.tenants as tenant
  join tenancy.tenant_deletions as deletion on deletion.tenant_id = tenant.id
  left join lateral (
    select certificate.number, certificate.signed_document
    from tenancy.deletion_certificates as certificate
    order by certificate.number desc
    limit 1
  ) as previous on true
  where tenant.id = platform.current_tenant_id();
  perform set_config('app.system', was_system, true);
end
$$;
comment on function tenancy.prepare_certificate() is
  'Locks the scope''s tenant, removes what was written into it meanwhile, and says what its certificate has to say; no row where somebody else has ended it';

create function tenancy.finish_removal(of_document jsonb, of_signed_document text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
  counted jsonb;
  last_number bigint;
begin
  perform set_config('app.system', 'on', true);
  perform tenancy.require_removal();
  select deletion.removed || '{"tenancy.tenants": 1}' into strict counted
  from tenancy.tenant_deletions as deletion
  where deletion.tenant_id = platform.current_tenant_id();
  select coalesce(max(number), 0) into last_number from tenancy.deletion_certificates;
  if of_document ->> 'tenantId' is distinct from platform.current_tenant_id()::text
    or (of_document ->> 'number')::bigint is distinct from last_number + 1
    or of_document -> 'removed' is distinct from counted
  then
    raise exception 'The certificate says something else than what was done' using errcode = 'check_violation';
  end if;
  insert into tenancy.deletion_certificates (id, number, document, signed_document)
  values (platform.current_tenant_id(), last_number + 1, of_document, of_signed_document);
  perform audit.record_event('delete', 'tenancy.tenants', platform.current_tenant_id()::text, of_document);
  perform audit.begin_unlogged_deletes();
  delete from tenancy.tenants where id = platform.current_tenant_id();
  perform audit.end_unlogged_deletes();
  perform set_config('app.system', was_system, true);
end
$$;
comment on function tenancy.finish_removal(jsonb, text) is
  'Removes the row of the scope''s tenant, after prepare_certificate() in the same transaction, and keeps the certificate of that: both or neither';

revoke execute
  on function tenancy.list_tenant_tables(), tenancy.removal_faults(), tenancy.count_rows(),
    tenancy.request_deletion(integer, boolean, text), tenancy.cancel_deletion(), tenancy.begin_removal(uuid[]), tenancy.require_removal(), tenancy.count_removed(jsonb),
    tenancy.remove_rows(text, integer), tenancy.remove_traces(integer), tenancy.prepare_certificate(),
    tenancy.finish_removal(jsonb, text)
  from public;
grant execute
  on function tenancy.list_tenant_tables(), tenancy.removal_faults(), tenancy.count_rows(),
    tenancy.request_deletion(integer, boolean, text), tenancy.cancel_deletion(), tenancy.begin_removal(uuid[]), tenancy.remove_rows(text, integer),
    tenancy.remove_traces(integer), tenancy.prepare_certificate(), tenancy.finish_removal(jsonb, text)
  to commonhold_app;
