create table oauth.grants (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  oauth_client_id uuid not null,
  is_of_platform boolean not null,
  own_client_id uuid generated always as (case when not is_of_platform then oauth_client_id end) stored,
  user_id uuid not null,
  session_id uuid,
  ends_with_session boolean not null,
  scopes text[] not null,
  refused_scopes text[] not null default '{}',
  claims text[] not null default '{}',
  tells_logout boolean not null default false,
  logout_sid text,
  logout_told_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_by uuid,
  revoked_reason text,
  constraint grants_pkey primary key (tenant_id, id),
  constraint grants_scopes_bounded check (cardinality(scopes) between 1 and 200),
  constraint grants_revocation_explained check ((revoked_at is null) = (revoked_reason is null)),
  constraint grants_revoked_reason_known check (revoked_reason in ('user', 'administrator', 'client', 'replay', 'replaced', 'signed_out')),
  constraint grants_own_client_id_fkey foreign key (tenant_id, own_client_id)
    references oauth.oauth_clients (tenant_id, id) on delete cascade,
  constraint grants_user_id_fkey foreign key (tenant_id, user_id)
    references tenancy.user_tenants (tenant_id, user_id) on delete cascade,
  constraint grants_session_id_fkey foreign key (session_id) references identity.user_sessions (id) on delete set null,
  constraint grants_revoked_by_fkey foreign key (revoked_by) references identity.users (id) on delete set null
);
comment on table oauth.grants is
  'What a member of a tenant allowed an application at one sign-in: the family of all codes and tokens that come of it, which end with it (RFC 6749)';
comment on column oauth.grants.oauth_client_id is 'The application: of the tenant, or of the installation';
comment on column oauth.grants.own_client_id is 'The same where it is the tenant''s own: with it the grant goes';
comment on column oauth.grants.session_id is 'The browser''s session in which it was allowed';
comment on column oauth.grants.ends_with_session is 'Offline access was not allowed: nothing of it works after that session';
comment on column oauth.grants.scopes is 'openid, profile, email, offline_access, and permissions or families of them';
comment on column oauth.grants.refused_scopes is 'What was asked for and not allowed: it is not asked again in this family';
comment on column oauth.grants.claims is 'Single claims that the application asked for (OpenID Connect 5.5)';
comment on column oauth.grants.tells_logout is 'The application wants to be told when the session ends (OpenID Connect Back-Channel Logout)';
comment on column oauth.grants.logout_sid is 'How the application was told the session''s name: the claim sid';
comment on column oauth.grants.logout_told_at is 'When the end of the session was put into the queue for the application';
comment on column oauth.grants.revoked_reason is
  'client: the application gave it back, what was allowed is remembered. replay: a code or refresh token came twice. replaced: by one with more scopes';
create index grants_user_id_idx on oauth.grants (tenant_id, user_id, oauth_client_id);
create index grants_own_client_id_idx on oauth.grants (tenant_id, own_client_id) where own_client_id is not null;
create index grants_session_id_idx on oauth.grants (session_id) where session_id is not null;
create index grants_revoked_by_idx on oauth.grants (revoked_by) where revoked_by is not null;
create index grants_expires_at_idx on oauth.grants (expires_at);
create index grants_untold_idx on oauth.grants (session_id) where tells_logout and logout_told_at is null;
select platform.isolate('oauth.grants');
-- Who shows a token at the API is in no tenant yet; jobs look through all of them.
create policy grants_system on oauth.grants for select using ((select platform.is_system()));
create policy grants_system_tells on oauth.grants for update using ((select platform.is_system()));
grant select, insert on oauth.grants to commonhold_app;
grant update (logout_sid, logout_told_at, revoked_at, revoked_by, revoked_reason) on oauth.grants to commonhold_app;
grant select on oauth.grants to commonhold_readonly;

create table oauth.oauth_authorization_codes (
  tenant_id uuid not null,
  code_hash bytea not null,
  grant_id uuid not null,
  oauth_client_id uuid not null,
  user_id uuid not null,
  redirect_uri text not null,
  scopes text[] not null,
  resource text,
  code_challenge text not null,
  nonce text,
  details jsonb not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint oauth_authorization_codes_pkey primary key (tenant_id, code_hash),
  constraint oauth_authorization_codes_hashed check (length(code_hash) = 32),
  constraint oauth_authorization_codes_details_object check (jsonb_typeof(details) = 'object'),
  constraint oauth_authorization_codes_grant_id_fkey foreign key (tenant_id, grant_id)
    references oauth.grants (tenant_id, id) on delete cascade
);
comment on table oauth.oauth_authorization_codes is
  'What a browser carries back to an application, good once and for a minute (GG-13, RFC 6749 4.1); user and client are those of the grant';
comment on column oauth.oauth_authorization_codes.code_hash is 'SHA-256 of 256 random bits (VS-02)';
comment on column oauth.oauth_authorization_codes.code_challenge is 'PKCE, always S256 (RFC 7636): nobody gets a code without';
comment on column oauth.oauth_authorization_codes.resource is 'For whom its access token will be (RFC 8707); null: for userinfo alone';
comment on column oauth.oauth_authorization_codes.details is 'What ID tokens of it say: auth_time, amr, sid, requested claims';
create index oauth_authorization_codes_grant_id_idx on oauth.oauth_authorization_codes (tenant_id, grant_id);
create index oauth_authorization_codes_expires_at_idx on oauth.oauth_authorization_codes (expires_at);
select platform.isolate('oauth.oauth_authorization_codes');
grant select, insert on oauth.oauth_authorization_codes to commonhold_app;
grant update (used_at) on oauth.oauth_authorization_codes to commonhold_app;
grant select on oauth.oauth_authorization_codes to commonhold_readonly;

create table oauth.oauth_access_tokens (
  tenant_id uuid not null,
  token_hash bytea not null,
  grant_id uuid,
  oauth_client_id uuid not null,
  service_client_id uuid generated always as (case when grant_id is null then oauth_client_id end) stored,
  user_id uuid,
  scopes text[] not null,
  resource text,
  details jsonb not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  is_revoked boolean generated always as (revoked_at is not null) stored,
  constraint oauth_access_tokens_pkey primary key (tenant_id, token_hash),
  constraint oauth_access_tokens_hashed check (length(token_hash) = 32),
  constraint oauth_access_tokens_of_user_or_service check ((grant_id is null) = (user_id is null)),
  constraint oauth_access_tokens_details_object check (jsonb_typeof(details) = 'object'),
  constraint oauth_access_tokens_grant_id_fkey foreign key (tenant_id, grant_id)
    references oauth.grants (tenant_id, id) on delete cascade,
  constraint oauth_access_tokens_service_client_id_fkey foreign key (tenant_id, service_client_id)
    references oauth.oauth_clients (tenant_id, id) on delete cascade
);
comment on table oauth.oauth_access_tokens is
  'What an application shows at the API or at userinfo (GG-13, MT-21): for a user by a grant, or for itself (client_credentials)';
comment on column oauth.oauth_access_tokens.token_hash is 'SHA-256 of 256 random bits (VS-02)';
comment on column oauth.oauth_access_tokens.user_id is 'Of the grant; null for the application''s own';
comment on column oauth.oauth_access_tokens.service_client_id is 'The application, where it acts for itself';
comment on column oauth.oauth_access_tokens.resource is 'For whom it is (RFC 8707); null: for userinfo alone';
comment on column oauth.oauth_access_tokens.details is 'What the server needs beside: how it was asked for, requested claims';
create index oauth_access_tokens_token_hash_idx on oauth.oauth_access_tokens (token_hash);
create index oauth_access_tokens_grant_id_idx on oauth.oauth_access_tokens (tenant_id, grant_id) where grant_id is not null;
create index oauth_access_tokens_service_client_id_idx on oauth.oauth_access_tokens (tenant_id, service_client_id)
  where service_client_id is not null;
create index oauth_access_tokens_expires_at_idx on oauth.oauth_access_tokens (expires_at);
select platform.isolate('oauth.oauth_access_tokens');
create policy oauth_access_tokens_system on oauth.oauth_access_tokens for select using ((select platform.is_system()));
grant select, insert on oauth.oauth_access_tokens to commonhold_app;
grant update (revoked_at) on oauth.oauth_access_tokens to commonhold_app;
grant select on oauth.oauth_access_tokens to commonhold_readonly;

create table oauth.oauth_refresh_tokens (
  tenant_id uuid not null,
  token_hash bytea not null,
  grant_id uuid not null,
  oauth_client_id uuid not null,
  user_id uuid not null,
  scopes text[] not null,
  resource text,
  details jsonb not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint oauth_refresh_tokens_pkey primary key (tenant_id, token_hash),
  constraint oauth_refresh_tokens_hashed check (length(token_hash) = 32),
  constraint oauth_refresh_tokens_details_object check (jsonb_typeof(details) = 'object'),
  constraint oauth_refresh_tokens_grant_id_fkey foreign key (tenant_id, grant_id)
    references oauth.grants (tenant_id, id) on delete cascade
);
comment on table oauth.oauth_refresh_tokens is
  'By which an application gets its next access token, each good once (MT-21, RFC 9700 4.14); used ones stay so that a second use is noticed';
comment on column oauth.oauth_refresh_tokens.token_hash is 'SHA-256 of 256 random bits (VS-02)';
comment on column oauth.oauth_refresh_tokens.details is 'What ID tokens of it say, and how often it was rotated';
create index oauth_refresh_tokens_grant_id_idx on oauth.oauth_refresh_tokens (tenant_id, grant_id);
create index oauth_refresh_tokens_expires_at_idx on oauth.oauth_refresh_tokens (expires_at);
select platform.isolate('oauth.oauth_refresh_tokens');
grant select, insert on oauth.oauth_refresh_tokens to commonhold_app;
grant update (used_at) on oauth.oauth_refresh_tokens to commonhold_app;
grant select on oauth.oauth_refresh_tokens to commonhold_readonly;

create table oauth.device_codes (
  tenant_id uuid not null,
  code_hash bytea not null,
  user_code_hash bytea not null,
  oauth_client_id uuid not null,
  scopes text[] not null,
  resource text,
  details jsonb not null,
  grant_id uuid,
  user_id uuid,
  denied_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint device_codes_pkey primary key (tenant_id, code_hash),
  constraint device_codes_user_code_unique unique (tenant_id, user_code_hash),
  constraint device_codes_hashed check (length(code_hash) = 32 and length(user_code_hash) = 32),
  constraint device_codes_decided_once check (num_nonnulls(grant_id, denied_at) <= 1 and (grant_id is null) = (user_id is null)),
  constraint device_codes_details_object check (jsonb_typeof(details) = 'object'),
  constraint device_codes_grant_id_fkey foreign key (tenant_id, grant_id)
    references oauth.grants (tenant_id, id) on delete cascade
);
comment on table oauth.device_codes is
  'A device without a browser that waits until somebody types its code elsewhere (RFC 8628)';
comment on column oauth.device_codes.code_hash is 'SHA-256 of the code that the device keeps';
comment on column oauth.device_codes.user_code_hash is 'SHA-256 of the code that people type';
comment on column oauth.device_codes.grant_id is 'What who typed it allowed; his is what the device gets';
create index device_codes_grant_id_idx on oauth.device_codes (tenant_id, grant_id) where grant_id is not null;
create index device_codes_expires_at_idx on oauth.device_codes (expires_at);
select platform.isolate('oauth.device_codes');
grant select, insert on oauth.device_codes to commonhold_app;
grant update (grant_id, user_id, denied_at, scopes, details, used_at) on oauth.device_codes to commonhold_app;
grant select on oauth.device_codes to commonhold_readonly;

create table oauth.pushed_requests (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  request_hash bytea not null,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint pushed_requests_pkey primary key (tenant_id, id),
  constraint pushed_requests_request_unique unique (tenant_id, request_hash),
  constraint pushed_requests_hashed check (length(request_hash) = 32)
);
comment on table oauth.pushed_requests is 'Authorization requests that applications sent ahead, each good once and for a minute (RFC 9126)';
comment on column oauth.pushed_requests.request_hash is 'SHA-256 of what stands in request_uri';
comment on column oauth.pushed_requests.payload is 'The request as it was sent';
create index pushed_requests_expires_at_idx on oauth.pushed_requests (expires_at);
select platform.isolate('oauth.pushed_requests');
grant select, insert on oauth.pushed_requests to commonhold_app;
grant update (used_at) on oauth.pushed_requests to commonhold_app;
grant select on oauth.pushed_requests to commonhold_readonly;

create table oauth.interactions (
  tenant_id uuid not null,
  id_hash bytea not null,
  browser_hash bytea not null,
  payload jsonb not null,
  answered_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint interactions_pkey primary key (tenant_id, id_hash),
  constraint interactions_hashed check (length(id_hash) = 32 and length(browser_hash) = 32)
);
comment on table oauth.interactions is 'An authorization request that waits for somebody: to sign in, or to allow';
comment on column oauth.interactions.id_hash is 'SHA-256 of the name that stands in the address of the page';
comment on column oauth.interactions.browser_hash is 'SHA-256 of a cookie: only the browser that began it goes on with it';
comment on column oauth.interactions.payload is 'The request, and what was answered';
create index interactions_id_hash_idx on oauth.interactions (id_hash);
create index interactions_expires_at_idx on oauth.interactions (expires_at);
select platform.isolate('oauth.interactions');
create policy interactions_system on oauth.interactions for select using ((select platform.is_system()));
grant select, insert, delete on oauth.interactions to commonhold_app;
grant update (payload, answered_at, expires_at) on oauth.interactions to commonhold_app;
grant select (tenant_id, answered_at, created_at, expires_at) on oauth.interactions to commonhold_readonly;

create table oauth.browser_sessions (
  tenant_id uuid not null,
  id_hash bytea not null,
  uid text not null,
  user_id uuid,
  session_id uuid,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint browser_sessions_pkey primary key (tenant_id, id_hash),
  constraint browser_sessions_hashed check (length(id_hash) = 32),
  constraint browser_sessions_of_session check ((user_id is null) = (session_id is null)),
  constraint browser_sessions_session_id_fkey foreign key (session_id)
    references identity.user_sessions (id) on delete cascade
);
comment on table oauth.browser_sessions is
  'What a tenant''s issuer knows of a browser: which applications it was signed in to. Worth nothing without the session that it hangs on';
comment on column oauth.browser_sessions.id_hash is 'SHA-256 of the cookie';
comment on column oauth.browser_sessions.uid is 'Its name that does not change with the cookie';
comment on column oauth.browser_sessions.payload is 'auth_time, amr, and the grant of each application';
create index browser_sessions_uid_idx on oauth.browser_sessions (tenant_id, uid);
create index browser_sessions_session_id_idx on oauth.browser_sessions (session_id) where session_id is not null;
create index browser_sessions_expires_at_idx on oauth.browser_sessions (expires_at);
select platform.isolate('oauth.browser_sessions');
grant select, insert, delete on oauth.browser_sessions to commonhold_app;
grant update (user_id, session_id, payload, expires_at) on oauth.browser_sessions to commonhold_app;
grant select (tenant_id, uid, user_id, session_id, created_at, expires_at) on oauth.browser_sessions to commonhold_readonly;

create table oauth.used_assertions (
  tenant_id uuid not null,
  id_hash bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint used_assertions_pkey primary key (tenant_id, id_hash),
  constraint used_assertions_hashed check (length(id_hash) = 32)
);
comment on table oauth.used_assertions is 'Signed proofs of clients that came already (private_key_jwt, DPoP): none counts twice (RFC 7523)';
comment on column oauth.used_assertions.id_hash is 'SHA-256 of issuer and jti';
create index used_assertions_expires_at_idx on oauth.used_assertions (expires_at);
select platform.isolate('oauth.used_assertions');
grant select, insert on oauth.used_assertions to commonhold_app;
grant select on oauth.used_assertions to commonhold_readonly;

create table oauth.signing_keys (
  id uuid not null default gen_random_uuid(),
  algorithm text not null,
  public_key jsonb not null,
  private_key_encrypted text not null,
  created_at timestamptz not null default now(),
  signs_from timestamptz not null,
  signs_until timestamptz,
  published_until timestamptz,
  constraint signing_keys_pkey primary key (id),
  constraint signing_keys_algorithm_known check (algorithm in ('RS256', 'ES256')),
  constraint signing_keys_published_while_signing check (
    (signs_until is null) = (published_until is null) and published_until >= signs_until
  )
);
comment on table oauth.signing_keys is
  'Keys of the installation that sign ID tokens and logout tokens of all its issuers. A new one is published before it signs, an old one after it has signed';
comment on column oauth.signing_keys.id is 'The kid';
comment on column oauth.signing_keys.signs_from is 'Of those that may sign the one with the latest moment that is past does';
comment on column oauth.signing_keys.signs_until is 'Null for the last of its algorithm';
comment on column oauth.signing_keys.published_until is 'Until when what it signed can be checked';
create unique index signing_keys_one_last on oauth.signing_keys (algorithm) where signs_until is null;
alter table oauth.signing_keys enable row level security;
alter table oauth.signing_keys force row level security;
create policy signing_keys_system on oauth.signing_keys
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert on oauth.signing_keys to commonhold_app;
grant update (signs_until, published_until, private_key_encrypted) on oauth.signing_keys to commonhold_app;
grant select (id, algorithm, public_key, created_at, signs_from, signs_until, published_until)
  on oauth.signing_keys to commonhold_readonly;
select audit.track('oauth.signing_keys', redact => '{private_key_encrypted}');
