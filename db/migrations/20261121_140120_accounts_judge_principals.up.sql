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

create function accounts.list_surplus_sessions(of_user_id uuid)
returns table (session_id uuid)
language sql
stable
begin atomic
  select ranked.id
  from (
    select session.id, pg_catalog.row_number() over (order by session.created_at desc, session.id desc) as position
    from identity.user_sessions as session
    where session.user_id = of_user_id
      and session.revoked_at is null
      and session.expires_at > pg_catalog.now()
      and session.ends_at > pg_catalog.now()
  ) as ranked
  where ranked.position > (
    select pg_catalog.max((tenant.security_policy operator(pg_catalog.#>>) '{session,maxConcurrentSessions}')::integer)
    from tenancy.user_tenants as membership
    join tenancy.tenants as tenant
      on tenant.id = membership.tenant_id
    where membership.user_id = of_user_id
      and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
  );
end;
comment on function accounts.list_surplus_sessions(uuid) is
  'The living sessions of a user which none of his tenants lets act any more, because so many newer ones live (MT-14)';
revoke execute on function accounts.list_surplus_sessions(uuid) from public;
grant execute on function accounts.list_surplus_sessions(uuid) to commonhold_app;

create function accounts.list_policy_members(of_tenant_id uuid)
returns table (
  user_id uuid,
  name text,
  roles text[],
  joined_at timestamptz,
  has_second_factor boolean,
  grace_began_at timestamptz,
  grace_logins integer
)
language sql
stable
begin atomic
  select
    account.id,
    coalesce(account.full_name, account.email),
    array(
      select role.name
      from access.user_tenant_roles as held
      join access.roles as role
        on role.tenant_id = held.tenant_id and role.id = held.role_id
      where held.tenant_id = membership.tenant_id
        and held.user_tenant_id = membership.id
      order by pg_catalog.array_position(array['owner', 'admin', 'member', 'viewer'], role.name), role.name
    ),
    membership.joined_at,
    exists (
      select
      from identity.two_factors as factor
      where factor.user_id = account.id
        and factor.verified_at is not null
    )
    or exists (select from identity.authenticators as authenticator where authenticator.user_id = account.id),
    grace.began_at,
    pg_catalog.cardinality(grace.session_ids)
  from tenancy.user_tenants as membership
  join identity.users as account
    on account.id = membership.user_id
  left join tenancy.second_factor_graces as grace
    on grace.tenant_id = membership.tenant_id and grace.user_id = membership.user_id
  where membership.tenant_id = of_tenant_id
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
    and account.is_active
    -- Programs sign in by keys.
    and account.email not like '%@service.invalid'
  order by 2, 1;
end;
comment on function accounts.list_policy_members(uuid) is
  'The active people of a tenant, with what its policy on second factors is held against (MT-15)';
revoke execute on function accounts.list_policy_members(uuid) from public;
grant execute on function accounts.list_policy_members(uuid) to commonhold_app;

create function accounts.list_policy_sessions(of_tenant_id uuid, of_days integer)
returns table (
  session_id uuid,
  user_id uuid,
  name text,
  is_living boolean,
  ip_address text,
  authenticated_at timestamptz,
  last_seen_at timestamptz,
  longest_pause integer,
  newer_sessions integer
)
language sql
stable
begin atomic
  select
    session.id,
    account.id,
    coalesce(account.full_name, account.email),
    session.revoked_at is null and session.expires_at > pg_catalog.now() and session.ends_at > pg_catalog.now(),
    pg_catalog.host(session.ip_address),
    session.authenticated_at,
    session.last_seen_at,
    session.longest_pause,
    (
      select pg_catalog.count(*)::integer
      from identity.user_sessions as newer
      where newer.user_id = session.user_id
        and newer.revoked_at is null
        and (newer.created_at, newer.id) > (session.created_at, session.id)
        and newer.expires_at > pg_catalog.now()
        and newer.ends_at > pg_catalog.now()
    )
  from identity.user_sessions as session
  join tenancy.user_tenants as membership
    on membership.tenant_id = session.active_tenant_id and membership.user_id = session.user_id
  join identity.users as account
    on account.id = session.user_id
  -- What people do in their other tenants is not for this one.
  where session.active_tenant_id = of_tenant_id
    and session.last_seen_at > pg_catalog.now() - pg_catalog.make_interval(days => of_days)
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
    and account.is_active
  order by session.last_seen_at desc
  limit 5000;
end;
comment on function accounts.list_policy_sessions(uuid, integer) is
  'The sessions of members that worked in a tenant within some days, living or not, with what its policy is held against (MT-14, MT-16)';
revoke execute on function accounts.list_policy_sessions(uuid, integer) from public;
grant execute on function accounts.list_policy_sessions(uuid, integer) to commonhold_app;
