create table operations.legal_holds (
  id uuid not null default gen_random_uuid(),
  held_tenant_id uuid,
  held_user_id uuid,
  reason text not null,
  held_from timestamptz not null default now(),
  added_by uuid,
  released_at timestamptz,
  released_by uuid,
  release_reason text,
  constraint legal_holds_pkey primary key (id),
  constraint legal_holds_of_one check (num_nonnulls(held_tenant_id, held_user_id) = 1),
  constraint legal_holds_reason_length check (length(reason) between 1 and 500),
  constraint legal_holds_release_explained check ((released_at is null) = (release_reason is null)),
  constraint legal_holds_released_after check (released_at >= held_from),
  constraint legal_holds_release_reason_length check (length(release_reason) between 1 and 500),
  constraint legal_holds_added_by_fkey foreign key (added_by) references identity.users (id) on delete set null,
  constraint legal_holds_released_by_fkey foreign key (released_by) references identity.users (id) on delete set null
);
comment on table operations.legal_holds is
  'GG-16: whose rows nothing removes by the clock, and who cannot be deleted, until it is released. Rows stay for good: who held what, and why';
comment on column operations.legal_holds.held_tenant_id is 'No foreign key: the record outlives the tenant once it is released';
comment on column operations.legal_holds.held_user_id is 'No foreign key: the record outlives the account once it is released';
comment on column operations.legal_holds.added_by is 'Null for who did it at the command line';
create index legal_holds_tenant_idx on operations.legal_holds (held_tenant_id) where released_at is null;
create index legal_holds_user_idx on operations.legal_holds (held_user_id) where released_at is null;
create index legal_holds_added_by_idx on operations.legal_holds (added_by);
create index legal_holds_released_by_idx on operations.legal_holds (released_by);
alter table operations.legal_holds enable row level security;
alter table operations.legal_holds force row level security;
create policy legal_holds_system on operations.legal_holds
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant
  select,
  insert (held_tenant_id, held_user_id, reason, added_by),
  update (released_at, released_by, release_reason)
on operations.legal_holds to commonhold_app;
select audit.track('operations.legal_holds');

create function operations.begin_hold()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  is_going boolean;
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  perform pg_advisory_xact_lock(hashtext('commonhold'), hashtext('legal holds'));
  select exists (
    select
    from tenancy.tenant_deletions as deletion
    where deletion.tenant_id = new.held_tenant_id
      and deletion.begun_at is not null
  )
  into is_going;
  if is_going then
    raise exception 'Its removal has begun' using errcode = 'CH001', constraint = 'operations.hold_too_late';
  end if;
  perform set_config('app.system', was_system, true);
  return new;
end
$$;
comment on function operations.begin_hold() is
  'A new hold waits for the end of whatever removes rows at this moment: afterwards nobody removes what it holds. Refuses a tenant whose removal has begun';
revoke execute on function operations.begin_hold() from public;
create trigger begin_hold before insert on operations.legal_holds
  for each row execute function operations.begin_hold();

create function operations.list_holds(with_released boolean)
returns table (
  id uuid, tenant_id uuid, tenant_name text, user_id uuid, user_email text, reason text, held_from timestamptz,
  added_by uuid, released_at timestamptz, released_by uuid, release_reason text
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    hold.id,
    hold.held_tenant_id,
    tenant.name,
    hold.held_user_id,
    account.email,
    hold.reason,
    hold.held_from,
    hold.added_by,
    hold.released_at,
    hold.released_by,
    hold.release_reason
  from operations.legal_holds as hold
  left join tenancy.tenants as tenant on tenant.id = hold.held_tenant_id
  left join identity.users as account on account.id = hold.held_user_id
  where with_released
    or hold.released_at is null
  order by hold.released_at is not null, hold.held_from desc, hold.id
$$;
comment on function operations.list_holds(boolean) is 'Legal holds with the names of who is held, those that stand first; for the system scope';
revoke execute on function operations.list_holds(boolean) from public;
grant execute on function operations.list_holds(boolean) to commonhold_app;

create function operations.keep_release()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'A legal hold that was released stays as it is'
    using errcode = 'CH001', constraint = 'operations.hold_released', schema = 'operations', table = 'legal_holds';
end
$$;
comment on function operations.keep_release() is 'What was released is a record of what was';
revoke execute on function operations.keep_release() from public;
create trigger keep_release before update on operations.legal_holds
  for each row
  when (old.released_at is not null and new.released_at is distinct from old.released_at)
  execute function operations.keep_release();

create function platform.find_hold(of_tenant_id uuid, of_user_id uuid)
returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  found_reason text;
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  select hold.reason into found_reason
  from operations.legal_holds as hold
  where hold.released_at is null
    and (
      hold.held_tenant_id = of_tenant_id
      or hold.held_user_id = of_user_id
      or exists (
        select
        from tenancy.user_tenants as member
        where (member.tenant_id = hold.held_tenant_id and member.user_id = of_user_id)
          or (member.user_id = hold.held_user_id and member.tenant_id = of_tenant_id)
      )
    )
  order by hold.held_from
  limit 1;
  perform set_config('app.system', was_system, true);
  return found_reason;
end
$$;
comment on function platform.find_hold(uuid, uuid) is
  'GG-16: why a tenant or an account cannot be removed: it is held, or the account''s tenant is, or a member of the tenant. Null where it can';
revoke execute on function platform.find_hold(uuid, uuid) from public;
grant execute on function platform.find_hold(uuid, uuid) to commonhold_app;

create function operations.refuse_held(of_tenant_id uuid, of_user_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  hold text;
begin
  -- A hold that is being written is waited for; the next statement sees it.
  perform pg_advisory_xact_lock_shared(hashtext('commonhold'), hashtext('legal holds'));
  hold := platform.find_hold(of_tenant_id, of_user_id);
  if hold is not null then
    raise exception 'A legal hold stands: %', hold
      using errcode = 'CH001', constraint = 'operations.held', detail = jsonb_build_object('reason', hold)::text;
  end if;
end
$$;
comment on function operations.refuse_held(uuid, uuid) is 'Refuses with operations.held what a legal hold keeps';
revoke execute on function operations.refuse_held(uuid, uuid) from public;

create function operations.keep_held_user()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform operations.refuse_held(null, old.id);
  return old;
end
$$;
comment on function operations.keep_held_user() is 'GG-16: an account under a legal hold is erased by nobody';
revoke execute on function operations.keep_held_user() from public;
create trigger keep_held before delete on identity.users
  for each row execute function operations.keep_held_user();

create function operations.keep_held_tenant()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    perform operations.refuse_held(old.id, null);
    return old;
  end if;
  perform operations.refuse_held(new.tenant_id, null);
  return new;
end
$$;
comment on function operations.keep_held_tenant() is
  'GG-16: the deletion of a tenant under a legal hold is neither asked for nor begun, and its row goes by nobody';
revoke execute on function operations.keep_held_tenant() from public;
create trigger keep_held before delete on tenancy.tenants
  for each row execute function operations.keep_held_tenant();
create trigger keep_held_asked before insert on tenancy.tenant_deletions
  for each row execute function operations.keep_held_tenant();
create trigger keep_held_begun before update on tenancy.tenant_deletions
  for each row
  when (old.begun_at is null and new.begun_at is not null)
  execute function operations.keep_held_tenant();

-- Archiving reads a partition of all tenants as the owner, where the administrator is no superuser.
do $$
declare
  part regclass;
begin
  for part in select relid from pg_partition_tree('contractors.contractor_list_activity'::regclass) loop
    execute format('create policy owner_reads on %s for select to commonhold_owner using (true)', part);
  end loop;
end
$$;

create table operations.retention_runs (
  id uuid not null default gen_random_uuid(),
  declaration text not null,
  database_name text,
  status text not null default 'running',
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  requested_by text,
  removed bigint not null default 0,
  archived bigint not null default 0,
  steps jsonb not null default '[]',
  reason text,
  constraint retention_runs_pkey primary key (id),
  constraint retention_runs_status_known check (status in ('running', 'done', 'failed')),
  constraint retention_runs_ended check ((status = 'running') = (ended_at is null))
);
comment on table operations.retention_runs is 'GG-16: each run of a declared retention with what went; kept for 400 days';
comment on column operations.retention_runs.declaration is 'Name of the declaration: module.what';
comment on column operations.retention_runs.database_name is 'Host, port and name of a database that tenants have of their own; null for the main one';
comment on column operations.retention_runs.requested_by is 'From where it was asked for, no person; null for the one of every night';
comment on column operations.retention_runs.removed is 'Rows';
comment on column operations.retention_runs.archived is 'Rows in the partitions that went into archives';
comment on column operations.retention_runs.steps is 'What became of each partition';
create index retention_runs_started_at_idx on operations.retention_runs (started_at desc);
create index retention_runs_declaration_idx on operations.retention_runs (declaration, started_at desc);
alter table operations.retention_runs enable row level security;
alter table operations.retention_runs force row level security;
create policy retention_runs_system on operations.retention_runs
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, update (status, ended_at, removed, archived, steps, reason), delete
on operations.retention_runs to commonhold_app;
