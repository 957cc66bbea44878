-- As many rows as there are roles: checked and indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid
create unique index roles_name_unique_in_any_case on access.roles (tenant_id, lower(name));
alter table access.roles
  add constraint roles_name_trimmed check (name = btrim(name)),
  add constraint roles_name_reserved
    check (is_built_in or lower(name) not in ('owner', 'admin', 'member', 'viewer', 'user')),
  add constraint roles_scopes_shape check (
    array_position(scopes, null) is null
    and array_to_string(scopes, ' ') ~ '^((\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?)( (?!$)|$))*$'
  );
comment on column access.roles.scopes is
  'What tokens of its members may carry of this role at most: names of permissions or prefixes (`contractors.*`); empty is no bound';

create view access.role_grants
with (security_invoker = true)
as
select role.tenant_id, role.id as role_id, permission.name as permission
from access.roles as role
join access.built_in_role_permissions as granted
  on granted.role_name = role.name
join access.permissions as permission
  on permission.id = granted.permission_id
where role.is_built_in
union all
select granted.tenant_id, granted.role_id, permission.name
from access.role_permissions as granted
join access.permissions as permission
  on permission.id = granted.permission_id;
comment on view access.role_grants is 'What each role permits, by name, built-in or own';
grant select on access.role_grants to commonhold_app, commonhold_readonly;

create function access.find_own_roles(of_tenant_id uuid)
returns uuid[]
language sql
stable
begin atomic
  select coalesce(pg_catalog.array_agg(own.role_id), '{}')
  from tenancy.user_tenants as membership
  join access.user_tenant_roles as own
    on own.tenant_id = membership.tenant_id and own.user_tenant_id = membership.id
  where membership.tenant_id = of_tenant_id
    and membership.user_id = platform.current_user_id()
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now());
end;
comment on function access.find_own_roles(uuid) is 'The roles of the acting user in a tenant, while his membership lasts';
revoke execute on function access.find_own_roles(uuid) from public;
grant execute on function access.find_own_roles(uuid) to commonhold_app;

create function access.find_unheld(
  of_tenant_id uuid,
  of_role_ids uuid[],
  of_permissions text[],
  within text[],
  held_role_ids uuid[] default null
)
returns table (permissions text[], wants_owner boolean)
language sql
stable
begin atomic
  with held as (
    select pg_catalog.unnest(coalesce(held_role_ids, access.find_own_roles(of_tenant_id))) as role_id
  ),
  wanted as (
    select granted.permission
    from access.role_grants as granted
    where granted.tenant_id = of_tenant_id
      and granted.role_id = any (of_role_ids)
    union
    select pg_catalog.unnest(of_permissions)
  )
  select
    array(
      select wanted.permission
      from wanted
      where wanted.permission <> all (within)
        or not exists (
          select
          from held
          join access.role_grants as mine
            on mine.tenant_id = of_tenant_id and mine.role_id = held.role_id
          where mine.permission = wanted.permission
        )
      order by 1
    ),
    exists (
      select
      from access.roles as role
      where role.tenant_id = of_tenant_id
        and role.id = any (of_role_ids)
        and role.is_built_in
        and role.name = 'owner'
    )
    and not exists (
      select
      from held
      join access.roles as role
        on role.tenant_id = of_tenant_id and role.id = held.role_id
      where role.is_built_in
        and role.name = 'owner'
    );
end;
comment on function access.find_unheld(uuid, uuid[], text[], text[], uuid[]) is
  'Of what these roles permit, and of these permissions: what somebody with the held roles (null: those of the acting user) lacks, or what his credential (`within`, null is no bound) does not carry; and whether an owner''s role is among them and he is none';
revoke execute on function access.find_unheld(uuid, uuid[], text[], text[], uuid[]) from public;
grant execute on function access.find_unheld(uuid, uuid[], text[], text[], uuid[]) to commonhold_app;

create function access.require_held(
  of_tenant_id uuid,
  of_role_ids uuid[],
  of_permissions text[],
  held_role_ids uuid[] default null
)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  unheld record;
begin
  -- Without a tenant in the scope row security lets the program write nothing: this is an administrator of the database.
  if platform.is_system() or platform.current_tenant_id() is null then
    return;
  end if;
  select * into unheld
  from access.find_unheld(of_tenant_id, of_role_ids, of_permissions, null, held_role_ids);
  if unheld.wants_owner then
    raise exception 'only an owner makes owners, or takes that away'
      using errcode = 'insufficient_privilege', constraint = 'grants_of_owners', schema = 'access', table = 'user_tenant_roles';
  end if;
  if cardinality(unheld.permissions) > 0 then
    raise exception 'nobody gives or takes more than he holds himself'
      using errcode = 'insufficient_privilege', constraint = 'grants_within_own', schema = 'access', table = 'user_tenant_roles',
        detail = array_to_string(unheld.permissions, ', ');
  end if;
end
$$;
comment on function access.require_held(uuid, uuid[], text[], uuid[]) is
  'MT-20: outside the system scope nobody gives or takes more than he holds himself; the detail of the refusal names what he lacks';
revoke execute on function access.require_held(uuid, uuid[], text[], uuid[]) from public;
grant execute on function access.require_held(uuid, uuid[], text[], uuid[]) to commonhold_app;

-- Once for a statement: it may be of ten thousand members whose role goes.
create function access.guard_given_roles()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  of_tenant_id constant uuid := platform.current_tenant_id();
begin
  perform access.require_held(
    of_tenant_id,
    array(select distinct role_id from new_rows),
    '{}',
    -- What somebody has just given himself he does not give by.
    array(
      select role_id
      from unnest(access.find_own_roles(of_tenant_id)) as role_id
      except
      select given.role_id
      from new_rows as given
      join tenancy.user_tenants as membership
        on membership.tenant_id = given.tenant_id and membership.id = given.user_tenant_id
      where membership.user_id = platform.current_user_id()
    )
  );
  return null;
end
$$;
comment on function access.guard_given_roles() is 'MT-20: a role is given by who holds all that it permits';
revoke execute on function access.guard_given_roles() from public;
create trigger guard_given_roles after insert on access.user_tenant_roles
  referencing new table as new_rows
  for each statement execute function access.guard_given_roles();

create function access.guard_taken_roles()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  of_tenant_id constant uuid := platform.current_tenant_id();
begin
  perform access.require_held(
    of_tenant_id,
    -- Where the membership or the role itself goes, it has been asked there, while its taker still had his own.
    array(
      select distinct taken.role_id
      from old_rows as taken
      join tenancy.user_tenants as membership
        on membership.tenant_id = taken.tenant_id and membership.id = taken.user_tenant_id
      join access.roles as role
        on role.tenant_id = taken.tenant_id and role.id = taken.role_id
    ),
    '{}',
    array(
      select role_id
      from unnest(access.find_own_roles(of_tenant_id)) as role_id
      union
      select taken.role_id
      from old_rows as taken
      join tenancy.user_tenants as membership
        on membership.tenant_id = taken.tenant_id and membership.id = taken.user_tenant_id
      where membership.user_id = platform.current_user_id()
        and (membership.expires_at is null or membership.expires_at > now())
    )
  );
  return null;
end
$$;
comment on function access.guard_taken_roles() is
  'MT-20: a role is taken away by who holds all that it permits, he himself included';
revoke execute on function access.guard_taken_roles() from public;
create trigger guard_taken_roles after delete on access.user_tenant_roles
  referencing old table as old_rows
  for each statement execute function access.guard_taken_roles();

create function access.guard_role_permission()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  changed record := coalesce(new, old);
begin
  if tg_op <> 'DELETE'
    and exists (select from access.roles where tenant_id = new.tenant_id and id = new.role_id and is_built_in) then
    raise exception 'the modules say what a built-in role permits'
      using errcode = 'check_violation', constraint = 'roles_built_in_fixed', schema = 'access', table = 'role_permissions';
  end if;
  if pg_trigger_depth() > 1 then
    return changed;
  end if;
  if tg_op <> 'INSERT' then
    perform access.require_held(
      old.tenant_id,
      array[old.role_id],
      array(select name from access.permissions where id = old.permission_id)
    );
  end if;
  if tg_op <> 'DELETE' then
    perform access.require_held(
      new.tenant_id,
      array[new.role_id],
      array(select name from access.permissions where id = new.permission_id)
    );
  end if;
  return changed;
end
$$;
comment on function access.guard_role_permission() is
  'MT-20: what a role permits is changed by who holds all of it and what is added; built-in roles have no rows here';
revoke execute on function access.guard_role_permission() from public;
create trigger guard_role_permission before insert or update or delete on access.role_permissions
  for each row execute function access.guard_role_permission();

create function access.guard_role()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if platform.is_system() or platform.current_tenant_id() is null or pg_trigger_depth() > 1 then
    return coalesce(new, old);
  end if;
  if tg_op = 'INSERT' and new.is_built_in
    or tg_op = 'DELETE' and old.is_built_in
    or tg_op = 'UPDATE' and old.is_built_in
      and (new.name, new.description, new.scopes, new.is_built_in)
        is distinct from (old.name, old.description, old.scopes, old.is_built_in) then
    raise exception 'the built-in roles stay as they are'
      using errcode = 'check_violation', constraint = 'roles_built_in_fixed', schema = 'access', table = 'roles';
  end if;
  if tg_op = 'DELETE' then
    if old.is_default then
      raise exception 'new members get this role'
        using errcode = 'check_violation', constraint = 'roles_default_stays', schema = 'access', table = 'roles';
    end if;
    perform access.require_held(old.tenant_id, array[old.id], '{}');
    return old;
  end if;
  if tg_op = 'UPDATE' and (
    (new.name, new.description, new.scopes) is distinct from (old.name, old.description, old.scopes)
    or new.is_default and not old.is_default
  ) then
    perform access.require_held(new.tenant_id, array[new.id], '{}');
  end if;
  -- The policy of the tenant spares roles the second factor by their names: taking such a name changes the policy.
  if (tg_op = 'INSERT' or new.name is distinct from old.name) and exists (
    select
    from tenancy.tenants
    where id = new.tenant_id
      and security_policy #> '{twoFactor,exemptRoles}' ? new.name
  ) then
    perform access.require_held(new.tenant_id, '{}', '{tenancy.security.write}');
  end if;
  return new;
end
$$;
comment on function access.guard_role() is
  'MT-20: a role is changed, removed and made the default by who holds all that it permits; the built-in ones stay';
revoke execute on function access.guard_role() from public;
create trigger guard_role before insert or update or delete on access.roles
  for each row execute function access.guard_role();

create function access.guard_membership()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if platform.is_system() or platform.current_tenant_id() is null or pg_trigger_depth() > 1 then
    return coalesce(new, old);
  end if;
  if old.user_id = platform.current_user_id() then
    if tg_op = 'UPDATE' and coalesce(new.expires_at, 'infinity') > coalesce(old.expires_at, 'infinity') then
      raise exception 'nobody prolongs his own membership'
        using errcode = 'insufficient_privilege', constraint = 'user_tenants_not_prolonged_by_oneself',
          schema = 'tenancy', table = 'user_tenants';
    end if;
    return coalesce(new, old);
  end if;
  perform access.require_held(
    old.tenant_id,
    array(
      select role_id
      from access.user_tenant_roles
      where tenant_id = old.tenant_id
        and user_tenant_id = old.id
    ),
    '{}'
  );
  return coalesce(new, old);
end
$$;
comment on function access.guard_membership() is
  'MT-20: a membership is ended, shortened and prolonged by who holds all that its roles permit; everybody may leave, and nobody prolong his own';
revoke execute on function access.guard_membership() from public;
create trigger guard_removal before delete on tenancy.user_tenants
  for each row execute function access.guard_membership();
create trigger guard_expiry before update of expires_at on tenancy.user_tenants
  for each row when (new.expires_at is distinct from old.expires_at) execute function access.guard_membership();

-- One role is the default, never none: two statements of the program could leave it so, this function cannot.
revoke update (is_default) on access.roles from commonhold_app;
create function access.set_default_role(of_role_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- One after another: who waited for the role that was the default would not see which one is now.
  perform
  from tenancy.tenants
  where id = platform.current_tenant_id()
  for no key update;
  -- Nor can the role go meanwhile, which would leave none.
  perform
  from access.roles
  where tenant_id = platform.current_tenant_id()
    and id = of_role_id
  for no key update;
  if not found then
    raise exception 'there is no role %', of_role_id
      using errcode = 'foreign_key_violation', constraint = 'roles_pkey', schema = 'access', table = 'roles';
  end if;
  update access.roles
  set is_default = false
  where tenant_id = platform.current_tenant_id()
    and is_default
    and id <> of_role_id;
  update access.roles
  set is_default = true
  where tenant_id = platform.current_tenant_id()
    and id = of_role_id
    and not is_default;
end
$$;
comment on function access.set_default_role(uuid) is
  'New members of the scope''s tenant get this role from now on; of two at once one is after the other';
revoke execute on function access.set_default_role(uuid) from public;
grant execute on function access.set_default_role(uuid) to commonhold_app;

create function access.set_roles_of(of_user_tenant_id uuid, of_role_ids uuid[])
returns table (given uuid[], taken uuid[])
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The tenant first, as whoever ends a membership does: in another order two of them would wait for each other.
  perform
  from tenancy.tenants
  where id = platform.current_tenant_id()
  for no key update;
  -- Two who give roles to one member at once: one after the other, or he has those of both.
  perform
  from tenancy.user_tenants
  where tenant_id = platform.current_tenant_id()
    and id = of_user_tenant_id
  for update;
  if not found then
    raise exception 'there is no member %', of_user_tenant_id
      using errcode = 'foreign_key_violation', constraint = 'user_tenant_roles_user_tenant_id_fkey';
  end if;
  -- Giving first: somebody changing his own still has what he gives by.
  with inserted as (
    insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id)
    select platform.current_tenant_id(), of_user_tenant_id, wanted
    from unnest(of_role_ids) as wanted
    where not exists (
      select
      from access.user_tenant_roles as held
      where held.tenant_id = platform.current_tenant_id()
        and held.user_tenant_id = of_user_tenant_id
        and held.role_id = wanted
    )
    group by wanted
    returning role_id
  )
  select coalesce(array_agg(role_id), '{}') into given from inserted;
  with deleted as (
    delete from access.user_tenant_roles
    where tenant_id = platform.current_tenant_id()
      and user_tenant_id = of_user_tenant_id
      and role_id <> all (of_role_ids)
    returning role_id
  )
  select coalesce(array_agg(role_id), '{}') into taken from deleted;
  return next;
end
$$;
comment on function access.set_roles_of(uuid, uuid[]) is
  'A member of the scope''s tenant has these roles and no others (MT-13); answers which are new and which are gone';
revoke execute on function access.set_roles_of(uuid, uuid[]) from public;
grant execute on function access.set_roles_of(uuid, uuid[]) to commonhold_app;
