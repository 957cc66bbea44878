-- squawk-ignore-file ban-drop-table
drop table identity.refresh_tokens;

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

alter table identity.refresh_tokens enable row level security;
alter table identity.refresh_tokens force row level security;
create policy refresh_tokens_system on identity.refresh_tokens
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on identity.refresh_tokens to commonhold_app;
grant update (used_at) on identity.refresh_tokens to commonhold_app;
