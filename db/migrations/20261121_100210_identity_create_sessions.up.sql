create table identity.user_sessions (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  active_tenant_id uuid,
  token_hash bytea,
  ip_address inet,
  user_agent text,
  expires_at timestamptz not null,
  last_seen_at timestamptz not null default now(),
  revoked_at timestamptz,
  revoked_reason text,
  is_revoked boolean generated always as (revoked_at is not null) stored,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint user_sessions_pkey primary key (id),
  constraint user_sessions_token_unique unique (token_hash),
  constraint user_sessions_revocation_explained check ((revoked_at is null) = (revoked_reason is null)),
  constraint user_sessions_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table identity.user_sessions is 'A device on which a user is signed in (PE-04)';
comment on column identity.user_sessions.token_hash is 'SHA-256 of the browser cookie''s token; null for sessions of programs';
comment on column identity.user_sessions.active_tenant_id is 'The tenant this session works in; membership is checked at every request';

create index user_sessions_user_id_idx on identity.user_sessions (user_id, created_at);
create index user_sessions_expires_at_idx on identity.user_sessions (expires_at);
create index user_sessions_active_idx on identity.user_sessions (is_revoked, expires_at);
create index user_sessions_active_tenant_idx on identity.user_sessions (active_tenant_id);
select platform.keep_updated_at('identity.user_sessions');

create table identity.refresh_tokens (
  id uuid not null default gen_random_uuid(),
  session_id uuid not null,
  token_hash bytea not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint refresh_tokens_pkey primary key (id),
  constraint refresh_tokens_hash_unique unique (token_hash),
  constraint refresh_tokens_session_id_fkey foreign key (session_id) references identity.user_sessions (id) on delete cascade
);
comment on table identity.refresh_tokens is
  'The refresh tokens of a session, used ones too: one used again betrays a theft and ends the session (PE-05)';

create index refresh_tokens_session_id_idx on identity.refresh_tokens (session_id);
create index refresh_tokens_expires_at_idx on identity.refresh_tokens (expires_at);

create table identity.signing_keys (
  id text not null,
  algorithm text not null,
  public_key jsonb not null,
  private_key_encrypted text not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz,
  constraint signing_keys_pkey primary key (id),
  constraint signing_keys_algorithm_known check (algorithm in ('ES256'))
);
comment on table identity.signing_keys is 'Keys that sign access tokens; the newest one signs, all that are not retired verify';

create unique index signing_keys_one_current on identity.signing_keys (algorithm) where retired_at is null;

do $$
declare
  target text;
begin
  foreach target in array array['user_sessions', 'refresh_tokens', 'signing_keys'] loop
    execute format('alter table identity.%I enable row level security', target);
    execute format('alter table identity.%I force row level security', target);
    execute format(
      'create policy %I on identity.%I using ((select platform.is_system())) with check ((select platform.is_system()))',
      target || '_system', target
    );
  end loop;
end
$$;
create policy user_sessions_own on identity.user_sessions
  for select
  using (user_id = (select platform.current_user_id()));

grant select, insert, delete on identity.user_sessions to commonhold_app;
grant update (active_tenant_id, last_seen_at, expires_at, revoked_at, revoked_reason) on identity.user_sessions to commonhold_app;
grant select, insert, delete on identity.refresh_tokens to commonhold_app;
grant update (used_at) on identity.refresh_tokens to commonhold_app;
grant select, insert on identity.signing_keys to commonhold_app;
grant update (retired_at) on identity.signing_keys to commonhold_app;
