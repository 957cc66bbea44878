-- One row for each session, written over at each rotation, in the place of one for each token: an update by key instead of
-- an update and an insert with its indexes. The tokens that are about have another form: programs sign in again.
-- squawk-ignore-file ban-drop-column, ban-drop-table, require-concurrent-index-deletion
drop table identity.refresh_tokens;

create table identity.refresh_tokens (
  session_id uuid not null,
  family_hash bytea not null,
  token_hash bytea not null,
  expires_at timestamptz not null,
  rotated_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  constraint refresh_tokens_pkey primary key (session_id),
  constraint refresh_tokens_family_unique unique (family_hash),
  constraint refresh_tokens_session_id_fkey foreign key (session_id) references identity.user_sessions (id) on delete cascade
) with (fillfactor = 50);
comment on table identity.refresh_tokens is
  'The refresh token of a session that is good now. A token begins with the secret of its family, the same for all of a session: one that has it and is not the newest betrays a copy, and ends the session (PE-05)';
comment on column identity.refresh_tokens.family_hash is 'SHA-256 of the first half of the token, which stays';
comment on column identity.refresh_tokens.token_hash is 'SHA-256 of the second half, which changes with each use';

alter table identity.refresh_tokens enable row level security;
alter table identity.refresh_tokens force row level security;
create policy refresh_tokens_system on identity.refresh_tokens
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on identity.refresh_tokens to commonhold_app;
grant update (token_hash, expires_at, rotated_at) on identity.refresh_tokens to commonhold_app;
