create function access.explain(of_user_id uuid, of_tenant_id uuid, of_permission text)
returns table (
  user_id uuid,
  user_name text,
  email text,
  account_status text,
  is_account_active boolean,
  is_operator boolean,
  tenant_id uuid,
  tenant_name text,
  tenant_slug text,
  tenant_status text,
  description text,
  is_for_operators boolean,
  user_tenant_id uuid,
  expires_at timestamptz,
  is_in_date boolean,
  roles jsonb
)
language sql
stable
begin atomic
  select
    account.id,
    coalesce(account.full_name, account.email),
    account.email,
    account.status,
    coalesce(account.is_active, false),
    operator.user_id is not null,
    tenant.id,
    tenant.name,
    tenant.slug,
    tenant.status,
    permission.description,
    coalesce(permission.for_operators, false),
    membership.id,
    membership.expires_at,
    membership.id is not null and (membership.expires_at is null or membership.expires_at > pg_catalog.now()),
    coalesce(
      (
        select pg_catalog.jsonb_agg(
          pg_catalog.jsonb_build_object(
            'id', role.id,
            'name', role.name,
            'isBuiltIn', role.is_built_in,
            'scopes', role.scopes,
            'isHeld', held.role_id is not null,
            'isGranting', granted.role_id is not null
          )
          order by pg_catalog.array_position(array['owner', 'admin', 'member', 'viewer'], role.name), role.name
        )
        from access.roles as role
        left join access.user_tenant_roles as held
          on held.tenant_id = role.tenant_id and held.role_id = role.id and held.user_tenant_id = membership.id
        left join access.role_grants as granted
          on granted.tenant_id = role.tenant_id and granted.role_id = role.id and granted.permission = of_permission
        where role.tenant_id = of_tenant_id
          and (held.role_id is not null or granted.role_id is not null)
      ),
      '[]'
    )
  from (values (of_user_id, of_tenant_id, of_permission)) as asked (of_user, of_tenant, of_name)
  left join identity.users as account
    on account.id = asked.of_user
  left join identity.operators as operator
    on operator.user_id = account.id
  left join tenancy.tenants as tenant
    on tenant.id = asked.of_tenant
  left join access.permissions as permission
    on permission.name = asked.of_name
  left join tenancy.user_tenants as membership
    on membership.tenant_id = tenant.id and membership.user_id = account.id;
end;
comment on function access.explain(uuid, uuid, text) is
  'MT-20: all that decides whether this user may do this in this tenant, one row; what the scope does not see, or what is not there, is null';
revoke execute on function access.explain(uuid, uuid, text) from public;
grant execute on function access.explain(uuid, uuid, text) to commonhold_app;

create function access.list_role_members(of_role_id uuid, after_name text, after_id uuid, at_most integer)
returns table (
  user_tenant_id uuid,
  user_id uuid,
  full_name text,
  email text,
  is_service boolean,
  expires_at timestamptz,
  sort_name text
)
language sql
stable
begin atomic
  select
    membership.id,
    account.id,
    account.full_name,
    account.email,
    account.email like '%@service.invalid',
    membership.expires_at,
    pg_catalog.lower(coalesce(account.full_name, account.email)) as sort_name
  from access.user_tenant_roles as held
  join tenancy.user_tenants as membership
    on membership.tenant_id = held.tenant_id and membership.id = held.user_tenant_id
  join identity.users as account
    on account.id = membership.user_id
  where held.tenant_id = platform.current_tenant_id()
    and held.role_id = of_role_id
    and (
      after_name is null
      or (pg_catalog.lower(coalesce(account.full_name, account.email)), membership.id) > (after_name, after_id)
    )
  order by sort_name, membership.id
  limit at_most;
end;
comment on function access.list_role_members(uuid, text, uuid, integer) is
  'Who has a role of the scope''s tenant, by name; those too whose membership has expired';
revoke execute on function access.list_role_members(uuid, text, uuid, integer) from public;
grant execute on function access.list_role_members(uuid, text, uuid, integer) to commonhold_app;

create function access.find_grants_of(of_tenant_id uuid, of_user_tenant_id uuid)
returns table (
  role_id uuid,
  role_name text,
  scopes text[],
  permissions text[]
)
language sql
stable
begin atomic
  select
    role.id,
    role.name,
    role.scopes,
    array(
      select granted.permission
      from access.role_grants as granted
      where granted.tenant_id = role.tenant_id
        and granted.role_id = role.id
      order by granted.permission
    )
  from access.user_tenant_roles as held
  join access.roles as role
    on role.tenant_id = held.tenant_id and role.id = held.role_id
  where held.tenant_id = of_tenant_id
    and held.user_tenant_id = of_user_tenant_id
  order by role.name;
end;
comment on function access.find_grants_of(uuid, uuid) is
  'What each role of a membership permits, and what tokens may carry of it at most';
revoke execute on function access.find_grants_of(uuid, uuid) from public;
grant execute on function access.find_grants_of(uuid, uuid) to commonhold_app;
