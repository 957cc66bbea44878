-- Sessions are as many as people are signed in: indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, adding-field-with-default
alter table identity.user_sessions
  add column longest_pause integer not null default 0,
  add constraint user_sessions_longest_pause_counted check (longest_pause >= 0);
comment on column identity.user_sessions.longest_pause is
  'Seconds, rounded up: the longest time between two signs of life since authenticated_at. A tenant that ends sessions sooner than others ends this one, whatever went on elsewhere (MT-14)';
grant update (longest_pause) on identity.user_sessions to commonhold_app;

create index user_sessions_living_idx on identity.user_sessions (user_id, created_at, id) where revoked_at is null;
