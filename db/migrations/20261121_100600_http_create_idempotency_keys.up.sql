create schema http;
comment on schema http is 'What the HTTP frame has to remember between requests';
grant usage on schema http to commonhold_app, commonhold_readonly;

-- No tenant_id: a key belongs to a user, and its id is a hash that covers the tenant. No foreign key to the user
-- either: the frame knows no users' table, and a row lives for a day.
create table http.idempotency_keys (
  id bytea primary key,
  user_id uuid not null,
  fingerprint bytea not null,
  locked_until timestamptz not null,
  status smallint,
  headers jsonb,
  body text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '24 hours',
  constraint idempotency_keys_id_is_sha256 check (octet_length(id) = 32),
  constraint idempotency_keys_fingerprint_is_sha256 check (octet_length(fingerprint) = 32),
  constraint idempotency_keys_answer_is_whole check ((status is null) = (headers is null))
);
create index idempotency_keys_expires_at on http.idempotency_keys (expires_at);

comment on table http.idempotency_keys is 'The answers to POST requests that carried an Idempotency-Key, for a day';
comment on column http.idempotency_keys.id is 'SHA-256 of user, tenant and key';
comment on column http.idempotency_keys.fingerprint is 'SHA-256 of method, path and body: the key stands for this request only';
comment on column http.idempotency_keys.locked_until is 'Until then the first request is at work; after it, without an answer, it has crashed';
comment on column http.idempotency_keys.status is 'Status of the answer; null while the first request is at work';

alter table http.idempotency_keys enable row level security;
alter table http.idempotency_keys force row level security;
create policy own_keys on http.idempotency_keys
  using (user_id = (select platform.current_user_id()))
  with check (user_id = (select platform.current_user_id()));
create policy system_sees_all on http.idempotency_keys
  for select
  using ((select platform.is_system()));
create policy system_cleans_up on http.idempotency_keys
  for delete
  using ((select platform.is_system()));

grant
  select,
  insert (id, user_id, fingerprint, locked_until),
  update (fingerprint, locked_until, status, headers, body, created_at, expires_at),
  delete
on http.idempotency_keys to commonhold_app;
