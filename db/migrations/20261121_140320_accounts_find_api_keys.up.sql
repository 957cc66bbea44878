create function accounts.find_api_key(of_prefix text, of_secret_hash bytea)
returns table (
  id uuid,
  user_id uuid,
  user_name text,
  tenant_id uuid,
  tenant_name text,
  user_tenant_id uuid,
  tenant_status text,
  security_policy text,
  roles text[],
  scopes text[],
  last_used_at timestamptz,
  holds_until timestamptz
)
language sql
stable
begin atomic
  select
    key.id,
    account.id,
    coalesce(account.full_name, account.email),
    tenant.id,
    tenant.name,
    membership.id,
    tenant.status,
    tenant.security_policy::text,
    held.roles,
    key.scopes,
    key.last_used_at,
    least(key.expires_at, membership.expires_at)
  from access.api_keys as key
  join identity.users as account
    on account.id = key.user_id
  join tenancy.user_tenants as membership
    on membership.tenant_id = key.tenant_id and membership.user_id = key.user_id
  join tenancy.tenants as tenant
    on tenant.id = key.tenant_id
  left join lateral (
    select pg_catalog.array_agg(role.name order by role.name) as roles
    from access.user_tenant_roles as given
    join access.roles as role
      on role.tenant_id = given.tenant_id and role.id = given.role_id
    where given.tenant_id = membership.tenant_id
      and given.user_tenant_id = membership.id
  ) as held on true
  where key.prefix = of_prefix
    and key.secret_hash = of_secret_hash
    and key.revoked_at is null
    and (key.expires_at is null or key.expires_at > pg_catalog.now())
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
    and account.is_active;
end;
comment on function accounts.find_api_key(text, bytea) is
  'Whose a living API key is, and where he may act with it; holds_until is the next moment at which time alone ends that';
revoke execute on function accounts.find_api_key(text, bytea) from public;
grant execute on function accounts.find_api_key(text, bytea) to commonhold_app;

create function accounts.take_ending_keys(within_days integer)
returns table (
  tenant_id uuid,
  tenant_name text,
  key_name text,
  owner_name text,
  is_own boolean,
  expires_at timestamptz,
  to_tell uuid
)
language sql
volatile
begin atomic
  with ending as (
    update access.api_keys as key
    set end_told_at = pg_catalog.now()
    where key.revoked_at is null
      and key.end_told_at is null
      and key.replaced_by is null
      and key.expires_at > pg_catalog.now()
      and key.expires_at < pg_catalog.now() + within_days * interval '1 day'
      -- Of a key that never lasted longer nobody needs to be reminded.
      and key.created_at < key.expires_at - within_days * interval '1 day'
    returning key.tenant_id, key.user_id, key.name, key.created_by, key.expires_at
  )
  select
    tenant.id,
    tenant.name,
    ending.name,
    coalesce(owner.full_name, owner.email),
    owner.kind = 'person',
    ending.expires_at,
    case when owner.kind = 'person' then owner.id else ending.created_by end
  from ending
  join tenancy.tenants as tenant
    on tenant.id = ending.tenant_id and tenant.is_active
  join identity.users as owner
    on owner.id = ending.user_id;
end;
comment on function accounts.take_ending_keys(integer) is
  'Keys that end within so many days and of which nobody was told, each once, with whom to tell. Needs the system scope';
revoke execute on function accounts.take_ending_keys(integer) from public;
grant execute on function accounts.take_ending_keys(integer) to commonhold_app;
