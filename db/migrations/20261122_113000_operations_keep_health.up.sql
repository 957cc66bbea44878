create table operations.relation_sizes (
  taken_on date not null,
  relation_name text not null,
  kind text not null,
  total_bytes bigint not null,
  estimated_rows bigint,
  constraint relation_sizes_pkey primary key (relation_name, taken_on),
  constraint relation_sizes_kind_known check (kind in ('database', 'table', 'index'))
);
comment on table operations.relation_sizes is
  'GG-23: how large the database, its tables and its indexes were, a row a day each, for 400 days';
comment on column operations.relation_sizes.relation_name is 'schema.name; an asterisk for the whole database. A partitioned table counts with its partitions';
comment on column operations.relation_sizes.total_bytes is 'Of a table with its indexes and what is stored beside the rows';
create index relation_sizes_taken_on_idx on operations.relation_sizes (taken_on);
alter table operations.relation_sizes enable row level security;
alter table operations.relation_sizes force row level security;
create policy relation_sizes_system on operations.relation_sizes
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, update (total_bytes, estimated_rows), delete on operations.relation_sizes to commonhold_app;
grant select on operations.relation_sizes to commonhold_readonly;

create table operations.doctor_runs (
  id uuid not null default gen_random_uuid(),
  started_at timestamptz not null default now(),
  milliseconds integer not null,
  requested_by text,
  findings jsonb not null,
  constraint doctor_runs_pkey primary key (id)
);
comment on table operations.doctor_runs is 'GG-23: what the doctor has found, each time that all of its checks ran; kept for 90 days';
comment on column operations.doctor_runs.requested_by is 'From where it was asked for, no person; null for the one of every morning';
comment on column operations.doctor_runs.findings is 'Each with code, title, severity, database, object, message and advice';
create index doctor_runs_started_at_idx on operations.doctor_runs (started_at desc);
alter table operations.doctor_runs enable row level security;
alter table operations.doctor_runs force row level security;
create policy doctor_runs_system on operations.doctor_runs
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on operations.doctor_runs to commonhold_app;

create table operations.leases (
  name text not null,
  holder text not null,
  expires_at timestamptz not null,
  constraint leases_pkey primary key (name)
);
comment on table operations.leases is
  'What only one server of the installation does at a time. A row that has run out is anybody''s: its holder has died. No session lock, which a pooler would lose';
comment on column operations.leases.holder is 'Host, process and a random part, so that nobody prolongs another''s';
alter table operations.leases enable row level security;
alter table operations.leases force row level security;
create policy leases_system on operations.leases
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, update (holder, expires_at), delete on operations.leases to commonhold_app;

create table operations.maintenance_runs (
  id uuid not null default gen_random_uuid(),
  task text not null,
  database_name text,
  status text not null default 'running',
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  requested_by text,
  reason text,
  tries integer not null default 1,
  bytes_before bigint,
  bytes_after bigint,
  dead_rows_before bigint,
  dead_rows_after bigint,
  steps jsonb not null default '[]',
  constraint maintenance_runs_pkey primary key (id),
  constraint maintenance_runs_status_known check (status in ('running', 'done', 'failed', 'skipped')),
  constraint maintenance_runs_ended check ((status = 'running') = (ended_at is null))
);
comment on table operations.maintenance_runs is 'PE-10: each run of ANALYZE, VACUUM, REINDEX and of what modules do by the clock, with its effect; kept for 400 days';
comment on column operations.maintenance_runs.database_name is 'Host, port and name of a database that tenants have of their own; null for the main one';
comment on column operations.maintenance_runs.reason is 'Why it was skipped, or has failed';
comment on column operations.maintenance_runs.tries is 'How often it was skipped in a row for that';
comment on column operations.maintenance_runs.steps is 'What was done to each table or index: name, milliseconds, bytes before and after, and what went wrong';
create index maintenance_runs_started_at_idx on operations.maintenance_runs (started_at desc);
create index maintenance_runs_task_idx on operations.maintenance_runs (task, started_at desc);
alter table operations.maintenance_runs enable row level security;
alter table operations.maintenance_runs force row level security;
create policy maintenance_runs_system on operations.maintenance_runs
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant
  select,
  insert,
  update (status, ended_at, reason, tries, bytes_before, bytes_after, dead_rows_before, dead_rows_after, steps),
  delete
on operations.maintenance_runs to commonhold_app;

create table operations.alarms (
  id uuid not null default gen_random_uuid(),
  code text not null,
  object text not null,
  severity text not null,
  message text not null,
  advice text not null,
  opened_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  closed_at timestamptz,
  constraint alarms_pkey primary key (id),
  constraint alarms_severity_known check (severity in ('critical', 'warning', 'info')),
  constraint alarms_acknowledged_by_fkey foreign key (acknowledged_by) references identity.users (id) on delete set null
);
comment on table operations.alarms is 'GG-23: what could not wait for somebody to look; told when it opens and when it closes; closed ones are kept for 400 days';
comment on column operations.alarms.code is 'The check that has found it';
comment on column operations.alarms.object is 'What it is about: a table, a slot, a queue; empty for the whole';
comment on column operations.alarms.last_seen_at is 'When it was there the last time that somebody looked; it closes half an hour after that';
create unique index alarms_one_open on operations.alarms (code, object) where closed_at is null;
create index alarms_opened_at_idx on operations.alarms (opened_at desc);
create index alarms_acknowledged_by_idx on operations.alarms (acknowledged_by);
alter table operations.alarms enable row level security;
alter table operations.alarms force row level security;
create policy alarms_system on operations.alarms
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant
  select,
  insert,
  update (severity, message, advice, last_seen_at, acknowledged_at, acknowledged_by, closed_at),
  delete
on operations.alarms to commonhold_app;
