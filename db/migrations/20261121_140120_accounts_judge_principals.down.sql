drop function accounts.list_policy_sessions(uuid, integer);
drop function accounts.list_policy_members(uuid);
drop function accounts.list_surplus_sessions(uuid);
drop function accounts.find_principal(uuid, bytea, uuid);

create function accounts.find_principal(of_session_id uuid, of_token_hash bytea, in_tenant_id uuid)
returns table (
  session_id uuid,
  user_id uuid,
  user_name text,
  authenticated_at timestamptz,
  last_seen_at timestamptz,
  holds_until timestamptz,
  is_operator boolean,
  tenant_id uuid,
  user_tenant_id uuid,
  tenant_status text,
  roles text[],
  has_own_roles boolean
)
language sql
stable
begin atomic
  select
    session.id,
    account.id,
    coalesce(account.full_name, account.email),
    session.authenticated_at,
    session.last_seen_at,
    least(session.expires_at, session.ends_at, membership.expires_at),
    operator.user_id is not null,
    tenant.id,
    membership.id,
    tenant.status,
    held.roles,
    held.has_own_roles
  from identity.user_sessions as session
  join identity.users as account
    on account.id = session.user_id
  left join identity.operators as operator
    on operator.user_id = account.id
  left join (
    tenancy.user_tenants as membership
    join tenancy.tenants as tenant
      on tenant.id = membership.tenant_id
  )
    on membership.tenant_id = coalesce(in_tenant_id, session.active_tenant_id)
    and membership.user_id = session.user_id
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
  left join lateral (
    select
      pg_catalog.array_agg(
        role.name
        order by pg_catalog.array_position(array['owner', 'admin', 'member', 'viewer'], role.name), role.name
      ) as roles,
      pg_catalog.bool_or(not role.is_built_in) as has_own_roles
    from access.user_tenant_roles as held
    join access.roles as role
      on role.tenant_id = held.tenant_id and role.id = held.role_id
    where held.tenant_id = membership.tenant_id
      and held.user_tenant_id = membership.id
  ) as held on true
  where (session.id = of_session_id or session.token_hash = of_token_hash)
    and session.revoked_at is null
    and session.expires_at > pg_catalog.now()
    and session.ends_at > pg_catalog.now()
    and account.is_active;
end;
comment on function accounts.find_principal(uuid, bytea, uuid) is
  'Who a living session is, and his roles in the tenant asked for, else in the session''s own (PE-02, GG-04, MT-12); holds_until is the next moment at which time alone ends that';
revoke execute on function accounts.find_principal(uuid, bytea, uuid) from public;
grant execute on function accounts.find_principal(uuid, bytea, uuid) to commonhold_app;
