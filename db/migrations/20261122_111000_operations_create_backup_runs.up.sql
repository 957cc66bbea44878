create table operations.backup_runs (
  id uuid not null default gen_random_uuid(),
  kind text not null,
  state text not null default 'running',
  backup_id text,
  requested_by text,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  result jsonb,
  failure text,
  constraint backup_runs_pkey primary key (id),
  constraint backup_runs_kind_known check (kind in ('full', 'incremental', 'verify', 'drill', 'expire')),
  constraint backup_runs_state_known check (state in ('running', 'done', 'failed')),
  constraint backup_runs_end_told check ((state = 'running') = (finished_at is null))
);
comment on table operations.backup_runs is
  'GG-20, GG-21: what was done about backups and what came of it. What there is to restore from is told by the files beside the backups, not by this table';
comment on column operations.backup_runs.kind is
  'full, incremental: a backup was made; verify: one was read again; drill: the copy was recovered and looked at; expire: old ones were removed';
comment on column operations.backup_runs.backup_id is 'The backup that was made, read or recovered';
comment on column operations.backup_runs.requested_by is 'Who asked for it; null where it was due';
comment on column operations.backup_runs.result is 'Figures, and faults by name';
create index backup_runs_started_at_idx on operations.backup_runs (started_at desc);
alter table operations.backup_runs enable row level security;
alter table operations.backup_runs force row level security;
create policy backup_runs_system on operations.backup_runs
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant
  select,
  insert,
  update (state, backup_id, finished_at, result, failure),
  delete
on operations.backup_runs to commonhold_app;
grant select on operations.backup_runs to commonhold_readonly;
