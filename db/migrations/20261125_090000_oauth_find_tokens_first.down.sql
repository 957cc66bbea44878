create or replace function oauth.find_code(in_tenant_id uuid, of_hash bytea)
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

drop function oauth.find_refresh_token(uuid, bytea);
drop function oauth.find_access_token(uuid, bytea);
