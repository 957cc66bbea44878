create function oauth.of_platform()
returns uuid
language sql
immutable
parallel safe
return '00000000-0000-0000-0000-000000000000'::uuid;
comment on function oauth.of_platform() is
  'Stands as tenant_id of clients that belong to no tenant: every tenant''s issuer knows them, operators make them';

create function oauth.are_redirect_uris(uris text[], client_type text)
returns boolean
language sql
immutable
parallel safe
begin atomic
  select coalesce(
    bool_and(
      length(uri) <= 2000
      and uri ~ '^[!-~]+$'
      and uri !~ '[#*\\<>"{}|^`]'
      and (
        uri ~ '^https://([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?([/?].*)?$'
        or uri ~ '^http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{1,5})?([/?].*)?$'
        or client_type = 'public' and uri ~ '^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:/([^/].*)?$'
      )
    ),
    true
  )
  from unnest(uris) as uri;
end;
comment on function oauth.are_redirect_uris(text[], text) is
  'RFC 8252 and 9700: https anywhere, http at the own machine, a scheme like com.example.app:/ for public clients; no fragment, no wild card, no name or password before the host';

create function oauth.are_scopes(scopes text[])
returns boolean
language sql
immutable
parallel safe
begin atomic
  select coalesce(
    bool_and(
      length(scope) <= 200
      and scope ~ '^(\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?)$'
    ),
    true
  )
  from unnest(scopes) as scope;
end;
comment on function oauth.are_scopes(text[]) is
  'openid, profile, email, offline_access, permissions, and families of permissions such as contractors.*';

create function oauth.are_public_keys(jwks jsonb)
returns boolean
language sql
immutable
parallel safe
return
  jsonb_typeof(jwks -> 'keys') = 'array'
  and jsonb_array_length(jwks -> 'keys') between 1 and 10
  and pg_column_size(jwks) <= 16384
  and not jsonb_path_exists(jwks, '$.keys[*] ? (@.type() != "object" || !(exists(@.kty)) || @.kty == "oct" || exists(@.d) || exists(@.k))');
comment on function oauth.are_public_keys(jsonb) is 'A JSON Web Key Set of one to ten keys, with nothing secret in it';

create table oauth.oauth_clients (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  home_tenant_id uuid generated always as (nullif(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)) stored,
  client_id text not null,
  name text not null,
  description text,
  website text,
  type text not null,
  redirect_uris text[] not null default '{}',
  post_logout_redirect_uris text[] not null default '{}',
  grant_types text[] not null,
  scopes text[] not null,
  token_endpoint_auth_method text not null,
  takes_secrets boolean not null generated always as
    (token_endpoint_auth_method in ('client_secret_basic', 'client_secret_post')) stored,
  jwks jsonb,
  jwks_uri text,
  service_account_id uuid,
  backchannel_logout_uri text,
  is_active boolean not null default true,
  last_used_at timestamptz,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint oauth_clients_pkey primary key (tenant_id, id),
  constraint oauth_clients_client_id_unique unique (tenant_id, client_id),
  constraint oauth_clients_takes_secrets_unique unique (tenant_id, id, takes_secrets),
  constraint oauth_clients_client_id_shape check (
    client_id ~ case
      when tenant_id = '00000000-0000-0000-0000-000000000000'::uuid then '^platform_[A-Za-z0-9]{24}$'
      else '^app_[A-Za-z0-9]{24}$'
    end
  ),
  constraint oauth_clients_name_length check (length(name) between 1 and 100 and name !~ '[[:cntrl:]]'),
  constraint oauth_clients_description_length check (length(description) <= 500),
  constraint oauth_clients_website_shape check (website ~ '^https://[!-~]+$' and length(website) <= 2000),
  constraint oauth_clients_type_known check (type in ('confidential', 'public')),
  constraint oauth_clients_redirect_uris_shape check (
    cardinality(redirect_uris) <= 20 and oauth.are_redirect_uris(redirect_uris, type)
  ),
  constraint oauth_clients_post_logout_redirect_uris_shape check (
    cardinality(post_logout_redirect_uris) <= 20 and oauth.are_redirect_uris(post_logout_redirect_uris, type)
  ),
  constraint oauth_clients_grant_types_known check (
    cardinality(grant_types) between 1 and 4
    and grant_types <@ array[
      'authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code'
    ]
  ),
  constraint oauth_clients_grant_types_fit check (
    (type = 'confidential' or not grant_types @> '{client_credentials}')
    and (
      not grant_types @> '{refresh_token}'
      or grant_types && '{authorization_code,urn:ietf:params:oauth:grant-type:device_code}'
    )
  ),
  constraint oauth_clients_code_has_redirect check (
    grant_types @> '{authorization_code}' = (cardinality(redirect_uris) > 0)
  ),
  constraint oauth_clients_scopes_shape check (cardinality(scopes) <= 200 and oauth.are_scopes(scopes)),
  constraint oauth_clients_auth_method_known check (
    token_endpoint_auth_method in ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt')
  ),
  constraint oauth_clients_public_has_no_secret check ((type = 'public') = (token_endpoint_auth_method = 'none')),
  constraint oauth_clients_keys_where_used check (
    (token_endpoint_auth_method = 'private_key_jwt') = (num_nonnulls(jwks, jwks_uri) = 1)
    and num_nonnulls(jwks, jwks_uri) <= 1
  ),
  constraint oauth_clients_jwks_public check (oauth.are_public_keys(jwks)),
  constraint oauth_clients_jwks_uri_shape check (jwks_uri ~ '^https://[!-~]+$' and length(jwks_uri) <= 2000),
  constraint oauth_clients_service_account_where_used check (
    service_account_id is null
    or grant_types @> '{client_credentials}'
  ),
  constraint oauth_clients_platform_acts_for_people check (
    tenant_id <> '00000000-0000-0000-0000-000000000000'::uuid
    or not grant_types @> '{client_credentials}'
  ),
  constraint oauth_clients_backchannel_logout_uri_shape check (
    backchannel_logout_uri ~ '^https://[!-~]+$' and backchannel_logout_uri !~ '#' and length(backchannel_logout_uri) <= 2000
  ),
  constraint oauth_clients_home_tenant_id_fkey foreign key (home_tenant_id)
    references tenancy.tenants (id) on delete cascade,
  constraint oauth_clients_service_account_id_fkey foreign key (tenant_id, service_account_id)
    references access.service_accounts (tenant_id, id) on delete set null (service_account_id),
  constraint oauth_clients_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table oauth.oauth_clients is
  'An application that people let act for them, or that acts by itself as a service account (OAuth 2.0 client)';
comment on column oauth.oauth_clients.tenant_id is 'oauth.of_platform() where it belongs to the installation';
comment on column oauth.oauth_clients.home_tenant_id is 'The same, null for the installation''s: a client goes with its tenant';
comment on column oauth.oauth_clients.client_id is
  'By which it names itself; the prefix says whose it is, so that no tenant''s client stands in for one of the installation';
comment on column oauth.oauth_clients.type is 'confidential: can keep a secret or key. public: runs in its user''s hands';
comment on column oauth.oauth_clients.redirect_uris is 'Compared letter by letter, only the port at the own machine is free (RFC 8252)';
comment on column oauth.oauth_clients.scopes is
  'What it may ask for at most: openid, profile, email, offline_access, and permissions or families of them';
comment on column oauth.oauth_clients.takes_secrets is 'What client_secrets lean on: nobody else has any';
comment on column oauth.oauth_clients.jwks is 'Public keys by which it signs (private_key_jwt), or jwks_uri where they are';
comment on column oauth.oauth_clients.service_account_id is 'As whom it acts with client_credentials';
comment on column oauth.oauth_clients.last_used_at is 'When it last got a token, to the minute';
create index oauth_clients_home_tenant_id_idx on oauth.oauth_clients (home_tenant_id) where home_tenant_id is not null;
create index oauth_clients_service_account_id_idx on oauth.oauth_clients (tenant_id, service_account_id)
  where service_account_id is not null;
create index oauth_clients_created_by_idx on oauth.oauth_clients (created_by) where created_by is not null;
select platform.keep_updated_at('oauth.oauth_clients');
select platform.isolate('oauth.oauth_clients');
create policy oauth_clients_of_platform on oauth.oauth_clients for select using (
  (select platform.is_system())
  or tenant_id = '00000000-0000-0000-0000-000000000000'::uuid and (select platform.current_tenant_id()) is not null
);
create policy oauth_clients_of_platform_made on oauth.oauth_clients for insert with check (
  tenant_id = '00000000-0000-0000-0000-000000000000'::uuid and (select platform.is_system())
);
create policy oauth_clients_of_platform_changed on oauth.oauth_clients for update using (
  tenant_id = '00000000-0000-0000-0000-000000000000'::uuid and (select platform.is_system())
);
create policy oauth_clients_of_platform_removed on oauth.oauth_clients for delete using (
  tenant_id = '00000000-0000-0000-0000-000000000000'::uuid and (select platform.is_system())
);
grant select, insert, delete on oauth.oauth_clients to commonhold_app;
grant update (
  name, description, website, type, redirect_uris, post_logout_redirect_uris, grant_types, scopes,
  token_endpoint_auth_method, jwks, jwks_uri, service_account_id, backchannel_logout_uri, is_active, last_used_at
) on oauth.oauth_clients to commonhold_app;
grant select on oauth.oauth_clients to commonhold_readonly;
select audit.track('oauth.oauth_clients', ignore => '{updated_at,last_used_at,takes_secrets}', context => '{name}');

create table oauth.client_secrets (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  client_id uuid not null,
  takes_secrets boolean not null default true,
  secret_hash bytea not null,
  hint text not null,
  created_by uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  constraint client_secrets_pkey primary key (tenant_id, id),
  constraint client_secrets_takes_secrets check (takes_secrets),
  constraint client_secrets_secret_hashed check (length(secret_hash) = 32),
  constraint client_secrets_hint_length check (length(hint) = 4),
  constraint client_secrets_client_id_fkey foreign key (tenant_id, client_id, takes_secrets)
    references oauth.oauth_clients (tenant_id, id, takes_secrets) on delete cascade,
  constraint client_secrets_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table oauth.client_secrets is
  'By what a confidential client shows who it is: one that stays, and while it is being replaced the one before';
comment on column oauth.client_secrets.takes_secrets is 'Always true: a client that shows itself otherwise cannot have one';
comment on column oauth.client_secrets.secret_hash is 'SHA-256 of 256 random bits, which only the client has (VS-02)';
comment on column oauth.client_secrets.hint is 'Its last four characters, by which people tell two apart';
comment on column oauth.client_secrets.expires_at is 'From then on it is refused; null for the one that stays';
create index client_secrets_client_id_idx on oauth.client_secrets (tenant_id, client_id, takes_secrets);
create unique index client_secrets_one_stays on oauth.client_secrets (tenant_id, client_id) where expires_at is null;
create index client_secrets_expires_at_idx on oauth.client_secrets (expires_at) where expires_at is not null;
create index client_secrets_created_by_idx on oauth.client_secrets (created_by) where created_by is not null;
select platform.isolate('oauth.client_secrets');
create policy client_secrets_of_platform on oauth.client_secrets for select using (
  (select platform.is_system())
  or tenant_id = '00000000-0000-0000-0000-000000000000'::uuid and (select platform.current_tenant_id()) is not null
);
create policy client_secrets_of_platform_made on oauth.client_secrets for insert with check (
  tenant_id = '00000000-0000-0000-0000-000000000000'::uuid and (select platform.is_system())
);
create policy client_secrets_of_platform_changed on oauth.client_secrets for update using (
  tenant_id = '00000000-0000-0000-0000-000000000000'::uuid and (select platform.is_system())
);
create policy client_secrets_system_removes on oauth.client_secrets for delete using ((select platform.is_system()));
grant select, insert, delete on oauth.client_secrets to commonhold_app;
grant update (expires_at, last_used_at) on oauth.client_secrets to commonhold_app;
grant select (tenant_id, id, client_id, takes_secrets, hint, created_by, created_at, expires_at, last_used_at)
  on oauth.client_secrets to commonhold_readonly;
select audit.track(
  'oauth.client_secrets',
  redact => '{secret_hash}',
  ignore => '{last_used_at,takes_secrets}',
  context => '{client_id,hint}'
);

create function oauth.guard_client()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  client oauth.oauth_clients;
  asked text[];
  harmless constant text[] := '{is_active,last_used_at,updated_at,home_tenant_id,takes_secrets}';
begin
  -- What a key of another table does to a client (a service account went) is that table's business.
  if platform.is_system() or pg_trigger_depth() > 1 then
    return coalesce(new, old);
  end if;
  if tg_table_name = 'client_secrets' then
    select * into client
    from oauth.oauth_clients
    where tenant_id = new.tenant_id
      and id = new.client_id;
    asked := client.scopes;
  elsif tg_op = 'DELETE' then
    client := old;
    asked := old.scopes;
  elsif tg_op = 'INSERT' then
    client := new;
    asked := new.scopes;
  else
    -- Who stops it needs to hold nothing: that must never wait for somebody else. Generated columns are not there yet.
    if to_jsonb(new) - harmless = to_jsonb(old) - harmless and (old.is_active or not new.is_active) then
      return new;
    end if;
    client := new;
    asked := old.scopes || new.scopes;
  end if;
  perform access.require_held(
    client.tenant_id,
    array(
      select held.role_id
      from tenancy.user_tenants as membership
      join access.user_tenant_roles as held
        on held.tenant_id = membership.tenant_id and held.user_tenant_id = membership.id
      where membership.tenant_id = client.tenant_id
        and membership.user_id in (
          client.service_account_id,
          case when tg_op = 'UPDATE' then (to_jsonb(old) ->> 'service_account_id')::uuid end
        )
    ),
    oauth.permissions_in(asked)
  );
  return coalesce(new, old);
end
$$;
comment on function oauth.guard_client() is
  'MT-20: nobody makes, changes or removes a client that may ask for more than he holds himself, or act as somebody who may more';
revoke execute on function oauth.guard_client() from public;

create function oauth.permissions_in(scopes text[])
returns text[]
language sql
stable
begin atomic
  select coalesce(array_agg(distinct permission.name), '{}')
  from access.permissions as permission
  join unnest(scopes) as scope
    on scope = '*'
    or scope = permission.name
    or right(scope, 2) = '.*' and starts_with(permission.name, left(scope, -1))
  where not permission.for_operators
    and (
      scope = permission.name
      or exists (
        select
        from access.built_in_role_permissions as granted
        where granted.permission_id = permission.id
      )
    );
end;
comment on function oauth.permissions_in(text[]) is
  'The declared permissions that scopes cover (docs/decisions/0015); what no person''s role has is covered by its name alone';
revoke execute on function
  oauth.of_platform(), oauth.are_redirect_uris(text[], text), oauth.are_scopes(text[]), oauth.are_public_keys(jsonb),
  oauth.permissions_in(text[])
from public;
grant execute on function
  oauth.of_platform(), oauth.are_redirect_uris(text[], text), oauth.are_scopes(text[]), oauth.are_public_keys(jsonb),
  oauth.permissions_in(text[])
to commonhold_app;
create trigger guard_client before insert or update or delete on oauth.oauth_clients
  for each row execute function oauth.guard_client();
create trigger guard_secret before insert on oauth.client_secrets
  for each row execute function oauth.guard_client();
