drop trigger keep_break_glass on access.user_tenant_roles;
drop trigger keep_break_glass_removed on tenancy.user_tenants;
drop trigger keep_break_glass_changed on tenancy.user_tenants;
drop trigger keep_break_glass on tenancy.tenants;
drop function accounts.keep_break_glass();

drop function accounts.find_principal(uuid, bytea, uuid);

create function accounts.find_principal(of_session_id uuid, of_token_hash bytea, in_tenant_id uuid)
returns table (
  at timestamptz,
  session_id uuid,
  user_id uuid,
  user_name text,
  authenticated_at timestamptz,
  last_seen_at timestamptz,
  longest_pause integer,
  newer_sessions integer,
  methods text[],
  holds_until timestamptz,
  is_operator boolean,
  tenant_id uuid,
  user_tenant_id uuid,
  tenant_name text,
  tenant_status text,
  security_policy text,
  second_factor_required_since timestamptz,
  joined_at timestamptz,
  has_second_factor boolean,
  grace_began_at timestamptz,
  grace_logins integer,
  is_grace_counted boolean,
  roles text[],
  has_own_roles boolean
)
language sql
stable
begin atomic
  select
    pg_catalog.now(),
    session.id,
    account.id,
    coalesce(account.full_name, account.email),
    session.authenticated_at,
    session.last_seen_at,
    session.longest_pause,
    (
      select pg_catalog.count(*)::integer
      from (
        select
        from identity.user_sessions as newer
        where newer.user_id = session.user_id
          and newer.revoked_at is null
          and (newer.created_at, newer.id) > (session.created_at, session.id)
          and newer.expires_at > pg_catalog.now()
          and newer.ends_at > pg_catalog.now()
        -- As many as any policy allows.
        limit 1000
      ) as newer
    ),
    session.authentication_methods,
    least(session.expires_at, session.ends_at, membership.expires_at),
    operator.user_id is not null,
    tenant.id,
    membership.id,
    tenant.name,
    tenant.status,
    tenant.security_policy::text,
    tenant.second_factor_required_since,
    membership.joined_at,
    case
      when tenant.security_policy operator(pg_catalog.@@) '$.session.requireMFA == true || $.twoFactor.required == true'
        then exists (
          select
          from identity.two_factors as factor
          where factor.user_id = session.user_id
            and factor.verified_at is not null
        )
        or exists (select from identity.authenticators as authenticator where authenticator.user_id = session.user_id)
    end,
    grace.began_at,
    pg_catalog.cardinality(grace.session_ids),
    session.id = any (grace.session_ids),
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
  left join tenancy.second_factor_graces as grace
    on grace.tenant_id = membership.tenant_id
    and grace.user_id = membership.user_id
    and tenant.second_factor_required_since is not null
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
  'Who a living session is, his roles in the tenant asked for, else in the session''s own, and what that tenant''s security policy is held against (PE-02, GG-04, MT-12, MT-14, MT-15); holds_until is the next moment at which time alone ends the session or the membership';
revoke execute on function accounts.find_principal(uuid, bytea, uuid) from public;
grant execute on function accounts.find_principal(uuid, bytea, uuid) to commonhold_app;
