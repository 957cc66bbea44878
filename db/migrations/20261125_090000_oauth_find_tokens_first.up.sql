-- "offset 0" keeps each token, one row by its key, in front of what it rests on. With the view merged into the query the
-- planner may go through all grants of the tenant and look for the token of each.
create function oauth.find_access_token(in_tenant_id uuid, of_hash bytea)
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
  grant_expires_at timestamptz,
  holds_until timestamptz
)
language sql
stable
begin atomic
  select
    case when token.grant_id is null then 'ClientCredentials' else 'AccessToken' end,
    coalesce(allowed.client_id, service.client_id),
    token.grant_id,
    token.user_id,
    token.scopes,
    token.resource,
    token.details,
    token.created_at,
    token.expires_at,
    null::timestamptz,
    allowed.scopes,
    allowed.refused_scopes,
    allowed.claims,
    allowed.created_at,
    allowed.expires_at,
    least(token.expires_at, allowed.holds_until, service.holds_until)
  from oauth.oauth_access_tokens as token
  left join lateral (
    select
      living.client_id,
      living.scopes,
      living.refused_scopes,
      living.claims,
      living.created_at,
      living.expires_at,
      living.holds_until
    from oauth.living_grants as living
    where living.tenant_id = token.tenant_id
      and living.id = token.grant_id
    offset 0
  ) as allowed on true
  left join lateral (
    select living.client_id, living.holds_until
    from oauth.living_services as living
    where living.tenant_id = token.tenant_id
      and living.oauth_client_id = token.service_client_id
    offset 0
  ) as service on true
  where token.tenant_id = in_tenant_id
    and token.token_hash = of_hash
    and token.revoked_at is null
    and token.expires_at > pg_catalog.now()
    and coalesce(allowed.client_id, service.client_id) is not null;
end;
comment on function oauth.find_access_token(uuid, bytea) is
  'An access token that works in the tenant now, with what it comes of; holds_until is the next moment at which time alone ends it';
revoke execute on function oauth.find_access_token(uuid, bytea) from public;
grant execute on function oauth.find_access_token(uuid, bytea) to commonhold_app;

create function oauth.find_refresh_token(in_tenant_id uuid, of_hash bytea)
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
  grant_expires_at timestamptz,
  holds_until timestamptz
)
language sql
stable
begin atomic
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
    allowed.expires_at,
    least(token.expires_at, allowed.holds_until)
  from oauth.oauth_refresh_tokens as token
  cross join lateral (
    select
      living.client_id,
      living.scopes,
      living.refused_scopes,
      living.claims,
      living.created_at,
      living.expires_at,
      living.holds_until
    from oauth.living_grants as living
    where living.tenant_id = token.tenant_id
      and living.id = token.grant_id
    offset 0
  ) as allowed
  where token.tenant_id = in_tenant_id
    and token.token_hash = of_hash
    and token.expires_at > pg_catalog.now();
end;
comment on function oauth.find_refresh_token(uuid, bytea) is
  'A refresh token that works in the tenant now, or did before it was used, with what it comes of';
revoke execute on function oauth.find_refresh_token(uuid, bytea) from public;
grant execute on function oauth.find_refresh_token(uuid, bytea) to commonhold_app;

drop function oauth.find_token(uuid, bytea);

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
  cross join lateral (
    select
      living.client_id,
      living.scopes,
      living.refused_scopes,
      living.claims,
      living.created_at,
      living.expires_at
    from oauth.living_grants as living
    where living.tenant_id = code.tenant_id
      and living.id = code.grant_id
    offset 0
  ) as allowed
  where code.tenant_id = in_tenant_id
    and code.code_hash = of_hash;
end;
