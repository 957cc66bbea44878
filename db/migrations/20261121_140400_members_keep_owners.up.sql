create schema members;
comment on schema members is 'Who belongs to a tenant: functions over identity, tenancy and access, and no tables';
grant usage on schema members to commonhold_app;

create function members.require_other_owner(of_tenant_id uuid, besides_id uuid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Of two owners who go at once the second waits here, and then sees that he is the last. Once the time of a deletion is up,
  -- or where the tenant's own row has gone, everybody goes.
  perform
  from tenancy.tenants as tenant
  where tenant.id = of_tenant_id
    and not (tenant.status = 'pending_deletion' and tenant.deletion_scheduled_at <= now())
  for no key update;
  if not found then
    return;
  end if;
  if not exists (
    select
    from tenancy.user_tenants as membership
    join identity.users as account
      on account.id = membership.user_id and account.is_active and account.kind = 'person'
    join access.user_tenant_roles as held
      on held.tenant_id = membership.tenant_id and held.user_tenant_id = membership.id
    join access.roles as role
      on role.tenant_id = held.tenant_id and role.id = held.role_id and role.is_built_in and role.name = 'owner'
    where membership.tenant_id = of_tenant_id
      and membership.id <> besides_id
      and membership.expires_at is null
  ) then
    raise exception 'A tenant keeps an owner whose account is active and whose membership does not end'
      using errcode = 'CH001', constraint = 'members.last_owner', schema = 'tenancy', table = 'user_tenants';
  end if;
end
$$;
comment on function members.require_other_owner(uuid, uuid) is
  'GG-04: refuses unless somebody besides this membership owns the tenant for good; locks the tenant, so that owners go one after another';

create function members.take_turn()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Before the lock on any row, or two who change the same membership by two tables could wait for each other.
  perform
  from tenancy.tenants as tenant
  where tenant.id = platform.current_tenant_id()
  for no key update;
  return null;
end
$$;
comment on function members.take_turn() is 'Whatever may take an owner from a tenant happens one after another there, and beside other tenants';

create function members.keep_owner_as_member()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Accounts that are erased, suspended or over are owners no more: they go without being asked.
  if (old.expires_at is null or old.expires_at > now())
    and exists (
      select
      from access.user_tenant_roles as held
      join access.roles as role
        on role.tenant_id = held.tenant_id and role.id = held.role_id and role.is_built_in and role.name = 'owner'
      join identity.users as account on account.id = old.user_id and account.is_active
      where held.tenant_id = old.tenant_id
        and held.user_tenant_id = old.id
    )
  then
    perform members.require_other_owner(old.tenant_id, old.id);
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end
$$;
comment on function members.keep_owner_as_member() is 'Refuses that the last owner''s membership goes, gets an end, or becomes somebody else''s';

create function members.keep_owner_in_role()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Of a role that goes itself nothing is left to be read: it was the owner's where the tenant now has none such.
  if (
      exists (
        select
        from access.roles as role
        where role.tenant_id = old.tenant_id and role.id = old.role_id and role.is_built_in and role.name = 'owner'
      )
      or not exists (
        select
        from access.roles as role
        where role.tenant_id = old.tenant_id and role.is_built_in and role.name = 'owner'
      )
    )
    -- Where the membership itself goes that was asked already.
    and exists (
      select
      from tenancy.user_tenants as membership
      join identity.users as account on account.id = membership.user_id and account.is_active
      where membership.tenant_id = old.tenant_id
        and membership.id = old.user_tenant_id
        and (membership.expires_at is null or membership.expires_at > now())
    )
  then
    perform members.require_other_owner(old.tenant_id, old.user_tenant_id);
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end
$$;
comment on function members.keep_owner_in_role() is 'Refuses to take the owner''s role from the last who has it for good';

create function members.keep_owner_with_account()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform
  from tenancy.tenants as tenant
  where tenant.id in (select membership.tenant_id from tenancy.user_tenants as membership where membership.user_id = new.id)
  order by tenant.id
  for no key update;
  -- An operator may shut any account, at once: who has taken one over must not be safe behind having removed the other owners.
  if new.status_changed_by = new.id and exists (select from accounts.find_owned_alone(new.id)) then
    raise exception 'A tenant in which others work keeps an owner whose account is active and whose membership does not end'
      using errcode = 'CH001', constraint = 'members.last_owner', schema = 'tenancy', table = 'user_tenants';
  end if;
  return null;
end
$$;
comment on function members.keep_owner_with_account() is
  'Refuses that somebody shuts his own account as the last owner of a tenant where others work; who goes there meanwhile waits';

revoke execute
  on function members.require_other_owner(uuid, uuid), members.take_turn(), members.keep_owner_as_member(),
    members.keep_owner_in_role(), members.keep_owner_with_account()
  from public;
-- The triggers run as whoever makes the change, bound by his row security: in his tenant he sees all of its members.
grant execute on function members.require_other_owner(uuid, uuid) to commonhold_app;

create trigger take_turn before delete or update of tenant_id, id, user_id, expires_at on tenancy.user_tenants
  for each statement execute function members.take_turn();
create trigger take_turn before delete or update on access.user_tenant_roles
  for each statement execute function members.take_turn();
create trigger keep_owner_removed before delete on tenancy.user_tenants
  for each row execute function members.keep_owner_as_member();
create trigger keep_owner_changed before update of tenant_id, id, user_id, expires_at on tenancy.user_tenants
  for each row
  when (
    (old.expires_at is null and new.expires_at is not null)
    or (old.tenant_id, old.id, old.user_id) is distinct from (new.tenant_id, new.id, new.user_id)
  )
  execute function members.keep_owner_as_member();
create trigger keep_owner before delete or update on access.user_tenant_roles
  for each row execute function members.keep_owner_in_role();
create trigger keep_owner after update of status on identity.users
  for each row
  when (old.status = 'active' and new.status <> 'active')
  execute function members.keep_owner_with_account();
