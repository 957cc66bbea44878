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
  has_own_roles boolean,
  provider_tenant_id uuid,
  provider_id uuid,
  is_break_glass boolean
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
    held.has_own_roles,
    session.provider_tenant_id,
    session.provider_id,
    membership.is_break_glass
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

create function accounts.keep_break_glass()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  of_tenant_id constant uuid := case
    when tg_table_name = 'tenants' then (to_jsonb(new) ->> 'id')::uuid
    else (to_jsonb(old) ->> 'tenant_id')::uuid
  end;
begin
  -- Of two that go at once the second waits here, and then sees that he is the last. Without the tenant's row everybody goes.
  perform
  from tenancy.tenants as tenant
  where tenant.id = of_tenant_id
    and tenant.status <> 'pending_deletion'
    and tenant.security_policy @@ '$.signIn.requireProvider == true'
  for no key update;
  if not found then
    return null;
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
      and membership.is_break_glass
      and membership.expires_at is null
  ) then
    raise exception 'A tenant that requires its identity provider keeps an owner who may come in without it'
      using errcode = 'CH001', constraint = 'accounts.last_break_glass', schema = 'tenancy', table = 'user_tenants';
  end if;
  return null;
end
$$;
comment on function accounts.keep_break_glass() is
  'Refuses what would leave a tenant that requires its identity provider without an owner who can come in when the provider cannot be reached';
revoke execute on function accounts.keep_break_glass() from public;
create trigger keep_break_glass after update of security_policy on tenancy.tenants
  for each row when (new.security_policy @@ '$.signIn.requireProvider == true')
  execute function accounts.keep_break_glass();
create trigger keep_break_glass_changed after update of is_break_glass, expires_at on tenancy.user_tenants
  for each row when (old.is_break_glass and (not new.is_break_glass or new.expires_at is not null))
  execute function accounts.keep_break_glass();
create trigger keep_break_glass_removed after delete on tenancy.user_tenants
  for each row when (old.is_break_glass)
  execute function accounts.keep_break_glass();
create trigger keep_break_glass after delete on access.user_tenant_roles
  for each row execute function accounts.keep_break_glass();
