create view oauth.living_grants with (security_invoker = true) as
select
  allowed.tenant_id,
  allowed.id,
  allowed.oauth_client_id,
  client.client_id,
  allowed.user_id,
  allowed.session_id,
  allowed.ends_with_session,
  allowed.scopes,
  allowed.refused_scopes,
  allowed.claims,
  allowed.created_at,
  allowed.expires_at,
  tenant.name as tenant_name,
  tenant.security_policy,
  tenant.second_factor_required_since,
  membership.id as user_tenant_id,
  membership.joined_at,
  account.email,
  account.full_name,
  least(
    allowed.expires_at,
    membership.expires_at,
    case when allowed.ends_with_session then least(session.expires_at, session.ends_at) end
  ) as holds_until
from oauth.grants as allowed
join tenancy.tenants as tenant
  on tenant.id = allowed.tenant_id and tenant.is_active
join oauth.oauth_clients as client
  on client.tenant_id = case when allowed.is_of_platform then oauth.of_platform() else allowed.tenant_id end
  and client.id = allowed.oauth_client_id
  and client.is_active
join tenancy.user_tenants as membership
  on membership.tenant_id = allowed.tenant_id
  and membership.user_id = allowed.user_id
  and (membership.expires_at is null or membership.expires_at > now())
join identity.users as account
  on account.id = allowed.user_id and account.is_active
left join identity.user_sessions as session
  on session.id = allowed.session_id
  and session.user_id = allowed.user_id
  and session.revoked_at is null
  and session.expires_at > now()
  and session.ends_at > now()
where allowed.revoked_at is null
  and allowed.expires_at > now()
  and (not allowed.ends_with_session or session.id is not null);
comment on view oauth.living_grants is
  'Grants by which something works now: not revoked, client and tenant and user active, membership and, where they end with it, session alive. Needs the system scope';
grant select on oauth.living_grants to commonhold_app;

create view oauth.living_services with (security_invoker = true) as
select
  client.tenant_id,
  client.id as oauth_client_id,
  client.client_id,
  membership.user_id,
  membership.id as user_tenant_id,
  coalesce(account.full_name, account.email) as user_name,
  tenant.name as tenant_name,
  tenant.security_policy,
  membership.expires_at as holds_until
from oauth.oauth_clients as client
join tenancy.tenants as tenant
  on tenant.id = client.tenant_id and tenant.is_active
join tenancy.user_tenants as membership
  on membership.tenant_id = client.tenant_id
  and membership.user_id = client.service_account_id
  and (membership.expires_at is null or membership.expires_at > now())
join identity.users as account
  on account.id = membership.user_id and account.is_active
where client.is_active
  and client.grant_types @> '{client_credentials}';
comment on view oauth.living_services is
  'Applications that may act for themselves now, with the service account that they act as. Needs the system scope';
grant select on oauth.living_services to commonhold_app;

create function oauth.find_token(in_tenant_id uuid, of_hash bytea)
returns table (
  kind text,
  client_id text,
  grant_id uuid,
  user_id uuid,
  scopes text[],
  resource text,
  details jsonb,
  created_at timestamptz,
  expires_at timestamptz,
  used_at timestamptz,
  grant_scopes text[],
  grant_refused_scopes text[],
  grant_claims text[],
  grant_created_at timestamptz,
  grant_expires_at timestamptz
)
language sql
stable
begin atomic
  select
    'AccessToken' as kind,
    allowed.client_id,
    token.grant_id,
    token.user_id,
    token.scopes,
    token.resource,
    token.details,
    token.created_at,
    token.expires_at,
    null::timestamptz as used_at,
    allowed.scopes,
    allowed.refused_scopes,
    allowed.claims,
    allowed.created_at,
    allowed.expires_at
  from oauth.oauth_access_tokens as token
  join oauth.living_grants as allowed
    on allowed.tenant_id = token.tenant_id and allowed.id = token.grant_id
  where token.tenant_id = in_tenant_id
    and token.token_hash = of_hash
    and token.revoked_at is null
    and token.expires_at > pg_catalog.now()
  union all
  select
    'ClientCredentials' as kind,
    service.client_id,
    null::uuid as grant_id,
    null::uuid as user_id,
    token.scopes,
    token.resource,
    token.details,
    token.created_at,
    token.expires_at,
    null::timestamptz as used_at,
    null::text[] as grant_scopes,
    null::text[] as grant_refused_scopes,
    null::text[] as grant_claims,
    null::timestamptz as grant_created_at,
    null::timestamptz as grant_expires_at
  from oauth.oauth_access_tokens as token
  join oauth.living_services as service
    on service.tenant_id = token.tenant_id and service.oauth_client_id = token.service_client_id
  where token.tenant_id = in_tenant_id
    and token.token_hash = of_hash
    and token.revoked_at is null
    and token.expires_at > pg_catalog.now()
  union all
  select
    'RefreshToken' as kind,
    allowed.client_id,
    token.grant_id,
    token.user_id,
    token.scopes,
    token.resource,
    token.details,
    token.created_at,
    token.expires_at,
    token.used_at,
    allowed.scopes,
    allowed.refused_scopes,
    allowed.claims,
    allowed.created_at,
    allowed.expires_at
  from oauth.oauth_refresh_tokens as token
  join oauth.living_grants as allowed
    on allowed.tenant_id = token.tenant_id and allowed.id = token.grant_id
  where token.tenant_id = in_tenant_id
    and token.token_hash = of_hash
    and token.expires_at > pg_catalog.now();
end;
comment on function oauth.find_token(uuid, bytea) is
  'A token that works in the tenant now, or a refresh token that did before it was used, with what it comes of';
revoke execute on function oauth.find_token(uuid, bytea) from public;
grant execute on function oauth.find_token(uuid, bytea) to commonhold_app;

create function oauth.find_code(in_tenant_id uuid, of_hash bytea)
returns table (
  client_id text,
  grant_id uuid,
  user_id uuid,
  redirect_uri text,
  scopes text[],
  resource text,
  code_challenge text,
  nonce text,
  details jsonb,
  created_at timestamptz,
  expires_at timestamptz,
  used_at timestamptz,
  grant_scopes text[],
  grant_refused_scopes text[],
  grant_claims text[],
  grant_created_at timestamptz,
  grant_expires_at timestamptz
)
language sql
stable
begin atomic
  select
    allowed.client_id,
    code.grant_id,
    code.user_id,
    code.redirect_uri,
    code.scopes,
    code.resource,
    code.code_challenge,
    code.nonce,
    code.details,
    code.created_at,
    code.expires_at,
    code.used_at,
    allowed.scopes,
    allowed.refused_scopes,
    allowed.claims,
    allowed.created_at,
    allowed.expires_at
  from oauth.oauth_authorization_codes as code
  join oauth.living_grants as allowed
    on allowed.tenant_id = code.tenant_id and allowed.id = code.grant_id
  where code.tenant_id = in_tenant_id
    and code.code_hash = of_hash;
end;
comment on function oauth.find_code(uuid, bytea) is 'A code whose grant lives, used or not, with what it comes of';
revoke execute on function oauth.find_code(uuid, bytea) from public;
grant execute on function oauth.find_code(uuid, bytea) to commonhold_app;

create function oauth.find_member(in_tenant_id uuid, of_user_id uuid)
returns table (
  user_id uuid,
  email text,
  is_email_verified boolean,
  full_name text,
  username text,
  updated_at timestamptz,
  tenant_name text,
  security_policy text,
  second_factor_required_since timestamptz,
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
    account.email,
    account.is_email_verified,
    account.full_name,
    account.username,
    account.updated_at,
    tenant.name,
    tenant.security_policy::text,
    tenant.second_factor_required_since,
    array(
      select role.name
      from access.user_tenant_roles as held
      join access.roles as role
        on role.tenant_id = held.tenant_id and role.id = held.role_id
      where held.tenant_id = membership.tenant_id
        and held.user_tenant_id = membership.id
      order by role.name
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
  join tenancy.tenants as tenant
    on tenant.id = membership.tenant_id and tenant.is_active
  join identity.users as account
    on account.id = membership.user_id and account.is_active and account.kind = 'person'
  left join tenancy.second_factor_graces as grace
    on grace.tenant_id = membership.tenant_id and grace.user_id = membership.user_id
  where membership.tenant_id = in_tenant_id
    and membership.user_id = of_user_id
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now());
end;
comment on function oauth.find_member(uuid, uuid) is
  'A person who may be in the tenant now: what applications may be told of him, and what its policy is held against (MT-15)';
revoke execute on function oauth.find_member(uuid, uuid) from public;
grant execute on function oauth.find_member(uuid, uuid) to commonhold_app;

create function oauth.find_browser_session(in_tenant_id uuid, of_hash bytea, of_uid text, of_session_id uuid)
returns table (payload jsonb, expires_at timestamptz)
language sql
stable
begin atomic
  select browser.payload, browser.expires_at
  from oauth.browser_sessions as browser
  left join identity.user_sessions as session
    on session.id = browser.session_id
    and session.revoked_at is null
    and session.expires_at > pg_catalog.now()
    and session.ends_at > pg_catalog.now()
  where browser.tenant_id = in_tenant_id
    and (browser.id_hash = of_hash or browser.uid = of_uid)
    and browser.expires_at > pg_catalog.now()
    and (browser.session_id is null or session.id = of_session_id);
end;
comment on function oauth.find_browser_session(uuid, bytea, text, uuid) is
  'What is known of a browser, by its cookie or uid: of one that is signed in only together with that session';
revoke execute on function oauth.find_browser_session(uuid, bytea, text, uuid) from public;
grant execute on function oauth.find_browser_session(uuid, bytea, text, uuid) to commonhold_app;

create function accounts.find_oauth_token(of_hash bytea)
returns table (
  kind text,
  user_id uuid,
  user_name text,
  tenant_id uuid,
  tenant_name text,
  user_tenant_id uuid,
  security_policy text,
  second_factor_required_since timestamptz,
  roles text[],
  scopes text[],
  resource text,
  client_id text,
  joined_at timestamptz,
  has_second_factor boolean,
  grace_began_at timestamptz,
  grace_logins integer,
  holds_until timestamptz
)
language sql
stable
begin atomic
  select
    shown.kind,
    shown.user_id,
    shown.user_name,
    shown.tenant_id,
    shown.tenant_name,
    shown.user_tenant_id,
    shown.security_policy,
    shown.second_factor_required_since,
    array(
      select role.name
      from access.user_tenant_roles as given
      join access.roles as role
        on role.tenant_id = given.tenant_id and role.id = given.role_id
      where given.tenant_id = shown.tenant_id
        and given.user_tenant_id = shown.user_tenant_id
      order by role.name
    ),
    shown.scopes,
    shown.resource,
    shown.client_id,
    shown.joined_at,
    shown.kind = 'person' and (
      exists (
        select
        from identity.two_factors as factor
        where factor.user_id = shown.user_id
          and factor.verified_at is not null
      )
      or exists (select from identity.authenticators as authenticator where authenticator.user_id = shown.user_id)
    ),
    grace.began_at,
    pg_catalog.cardinality(grace.session_ids),
    shown.holds_until
  from (
    select
      'person' as kind,
      allowed.user_id,
      coalesce(allowed.full_name, allowed.email) as user_name,
      allowed.tenant_id,
      allowed.tenant_name,
      allowed.user_tenant_id,
      allowed.security_policy::text as security_policy,
      allowed.second_factor_required_since,
      token.scopes,
      token.resource,
      allowed.client_id,
      allowed.joined_at,
      least(token.expires_at, allowed.holds_until) as holds_until
    from oauth.oauth_access_tokens as token
    join oauth.living_grants as allowed
      on allowed.tenant_id = token.tenant_id and allowed.id = token.grant_id
    where token.token_hash = of_hash
      and token.revoked_at is null
      and token.expires_at > pg_catalog.now()
    union all
    select
      'service' as kind,
      service.user_id,
      service.user_name,
      service.tenant_id,
      service.tenant_name,
      service.user_tenant_id,
      service.security_policy::text as security_policy,
      null::timestamptz as second_factor_required_since,
      token.scopes,
      token.resource,
      service.client_id,
      null::timestamptz as joined_at,
      least(token.expires_at, service.holds_until) as holds_until
    from oauth.oauth_access_tokens as token
    join oauth.living_services as service
      on service.tenant_id = token.tenant_id and service.oauth_client_id = token.service_client_id
    where token.token_hash = of_hash
      and token.revoked_at is null
      and token.expires_at > pg_catalog.now()
  ) as shown
  left join tenancy.second_factor_graces as grace
    on grace.tenant_id = shown.tenant_id and grace.user_id = shown.user_id;
end;
comment on function accounts.find_oauth_token(bytea) is
  'For whom an access token speaks that works now, in which tenant, and what that tenant''s policy is held against; holds_until is the next moment at which time alone ends it';
revoke execute on function accounts.find_oauth_token(bytea) from public;
grant execute on function accounts.find_oauth_token(bytea) to commonhold_app;
