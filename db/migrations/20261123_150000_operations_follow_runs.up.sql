alter table operations.backup_runs add column progress jsonb;
comment on column operations.backup_runs.progress is
  'How far it was at what moment: bytes, expectedBytes, files, note, at. Stays as it was at the end';
grant update (progress) on operations.backup_runs to commonhold_app;

alter table operations.key_rotations add column total bigint;
-- A row for each rotation there ever was.
-- squawk-ignore constraint-missing-not-valid
alter table operations.key_rotations add constraint key_rotations_total_positive check (total >= 0);
comment on column operations.key_rotations.total is 'Values under older keys when it began or was gone on with last, and those that it had encrypted again by then; null until they are counted';
grant update (total) on operations.key_rotations to commonhold_app;

create table operations.archive_runs (
  id uuid not null default gen_random_uuid(),
  kind text not null,
  archive text,
  status text not null default 'running',
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  ended_at timestamptz,
  done bigint not null default 0,
  total bigint,
  restored_into text,
  reason text,
  constraint archive_runs_pkey primary key (id),
  constraint archive_runs_kind_known check (kind in ('verify', 'restore')),
  constraint archive_runs_status_known check (status in ('running', 'done', 'failed')),
  constraint archive_runs_ended check ((status = 'running') = (ended_at is null)),
  constraint archive_runs_counts_positive check (done >= 0 and total >= 0)
);
comment on table operations.archive_runs is
  'GG-16: what was done with archives; kept for 400 days, and who asked for it stands in the audit log. What there is to restore from is told by the files, not by this table';
comment on column operations.archive_runs.archive is 'The id of the archive; null for all of them';
comment on column operations.archive_runs.seen_at is 'While it runs, of each half minute: one that is silent was killed';
comment on column operations.archive_runs.done is 'Rows of a restore, archives of a verification';
comment on column operations.archive_runs.total is 'Of how many; null until it is known';
comment on column operations.archive_runs.restored_into is 'The table beside that has the rows';
create index archive_runs_started_at_idx on operations.archive_runs (started_at desc);
alter table operations.archive_runs enable row level security;
alter table operations.archive_runs force row level security;
create policy archive_runs_system on operations.archive_runs
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant
  select,
  insert,
  update (status, seen_at, ended_at, done, total, restored_into, reason),
  delete
on operations.archive_runs to commonhold_app;
grant select on operations.archive_runs to commonhold_readonly;

create table operations.programs (
  id uuid not null,
  host text not null,
  process_id integer not null,
  key_ids text[] not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  constraint programs_pkey primary key (id),
  constraint programs_key_named check (cardinality(key_ids) > 0)
);
comment on table operations.programs is
  'GG-17: the servers and workers of the installation that run, and which keys each has: none encrypts with a key that another has not';
comment on column operations.programs.key_ids is 'The ids of its keys, the first of which encrypts';
comment on column operations.programs.seen_at is 'It says so each half minute; after two minutes of silence it is taken to be gone';
create index programs_seen_at_idx on operations.programs (seen_at);
alter table operations.programs enable row level security;
alter table operations.programs force row level security;
create policy programs_system on operations.programs
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert (id, host, process_id, key_ids), update (seen_at), delete on operations.programs to commonhold_app;
grant select on operations.programs to commonhold_readonly;
