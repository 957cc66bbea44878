create schema accounts;
comment on schema accounts is 'Where identity, tenancy and access meet: who a session is, and where it may work';
grant usage on schema accounts to commonhold_app;

create function accounts.find_memberships(of_user_id uuid)
returns table (
  tenant_id uuid,
  user_tenant_id uuid,
  name text,
  slug text,
  status text,
  is_active boolean,
  is_default boolean,
  roles text[]
)
language sql
stable
set search_path = ''
begin atomic
  select
    tenant.id,
    membership.id,
    tenant.name,
    tenant.slug,
    tenant.status,
    tenant.is_active,
    coalesce(account.default_tenant_id = tenant.id, false),
    array(
      select role.name
      from access.user_tenant_roles as held
      join access.roles as role
        on role.tenant_id = held.tenant_id and role.id = held.role_id
      where held.tenant_id = membership.tenant_id
        and held.user_tenant_id = membership.id
      order by pg_catalog.array_position(array['owner', 'admin', 'member', 'viewer'], role.name), role.name
    )
  from tenancy.user_tenants as membership
  join tenancy.tenants as tenant
    on tenant.id = membership.tenant_id
  join identity.users as account
    on account.id = membership.user_id
  where membership.user_id = of_user_id
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
  order by 7 desc, tenant.name, tenant.id;
end;
comment on function accounts.find_memberships(uuid) is
  'A user''s tenants that are not expired, with role names, the default first; suspended tenants are there, marked';

create function accounts.find_permissions(of_tenant_id uuid, of_user_tenant_id uuid)
returns text[]
language sql
stable
set search_path = ''
begin atomic
  select array(
    select permission.name
    from access.user_tenant_roles as held
    join access.roles as role
      on role.tenant_id = held.tenant_id and role.id = held.role_id
    join access.built_in_role_permissions as granted
      on role.is_built_in and granted.role_name = role.name
    join access.permissions as permission
      on permission.id = granted.permission_id
    where held.tenant_id = of_tenant_id
      and held.user_tenant_id = of_user_tenant_id
    union
    select permission.name
    from access.user_tenant_roles as held
    join access.role_permissions as granted
      on granted.tenant_id = held.tenant_id and granted.role_id = held.role_id
    join access.permissions as permission
      on permission.id = granted.permission_id
    where held.tenant_id = of_tenant_id
      and held.user_tenant_id = of_user_tenant_id
    order by 1
  );
end;
comment on function accounts.find_permissions(uuid, uuid) is 'Everything that a membership''s roles allow, by name';

create function accounts.find_principal(of_session_id uuid, of_token_hash bytea, in_tenant_id uuid)
returns table (
  session_id uuid,
  user_id uuid,
  user_name text,
  last_seen_at timestamptz,
  tenant_id uuid,
  tenant_status text,
  roles text[],
  permissions text[]
)
language sql
stable
set search_path = ''
begin atomic
  select
    session.id,
    account.id,
    coalesce(account.full_name, account.email),
    session.last_seen_at,
    membership.tenant_id,
    membership.status,
    membership.roles,
    case
      when membership.is_active then accounts.find_permissions(membership.tenant_id, membership.user_tenant_id)
      else '{}'
    end
  from identity.user_sessions as session
  join identity.users as account
    on account.id = session.user_id
  left join lateral accounts.find_memberships(account.id) as membership
    on membership.tenant_id = coalesce(in_tenant_id, session.active_tenant_id)
  where (session.id = of_session_id or session.token_hash = of_token_hash)
    and session.revoked_at is null
    and session.expires_at > pg_catalog.now()
    and account.is_active;
end;
comment on function accounts.find_principal(uuid, bytea, uuid) is
  'Who a living session is, and what he may do in the tenant asked for, else in the session''s own (PE-02, GG-04, MT-12)';

revoke execute on function accounts.find_memberships(uuid) from public;
revoke execute on function accounts.find_principal(uuid, bytea, uuid) from public;
revoke execute on function accounts.find_permissions(uuid, uuid) from public;
grant execute on function accounts.find_memberships(uuid) to commonhold_app;
grant execute on function accounts.find_permissions(uuid, uuid) to commonhold_app;
grant execute on function accounts.find_principal(uuid, bytea, uuid) to commonhold_app;
