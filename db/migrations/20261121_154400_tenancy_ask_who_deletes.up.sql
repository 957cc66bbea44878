-- Who may, the program asks before it calls these. But they act for the owner of the schema: whoever could run a statement in
-- a tenant's scope could have it deleted, as an operator with no days of grace. Now they ask themselves.
create function tenancy.require_deleter(as_operator boolean)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  asker constant uuid := platform.current_user_id();
  is_system constant boolean := platform.is_system();
  may boolean;
begin
  -- Operators are no members: what they do, the platform does, at the command line without any user.
  may := is_system
    and (asker is null or exists (select from identity.operators as operator where operator.user_id = asker));
  if not may and not as_operator then
    perform set_config('app.system', 'on', true);
    may := exists (select from accounts.list_owners(platform.current_tenant_id()) as owner where owner.id = asker);
    perform set_config('app.system', case when is_system then 'on' else '' end, true);
  end if;
  if not may then
    raise exception 'Only an owner of the tenant, or an operator, has it deleted or kept'
      using errcode = 'insufficient_privilege';
  end if;
end
$$;
comment on function tenancy.require_deleter(boolean) is
  'MT-11: refuses who neither owns the scope''s tenant now nor is an operator; with true, whoever is no operator';
revoke execute on function tenancy.require_deleter(boolean) from public;

create or replace function tenancy.request_deletion(after_days integer, by_operator boolean, reason text)
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
  perform tenancy.require_deleter(by_operator);
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

create or replace function tenancy.cancel_deletion()
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
  perform tenancy.require_deleter(deletion.by_operator);
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
