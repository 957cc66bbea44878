create table operations.key_rotations (
  id uuid not null default gen_random_uuid(),
  to_key text not null,
  from_keys text[] not null default '{}',
  status text not null default 'running',
  started_at timestamptz not null default now(),
  resumed_at timestamptz,
  ended_at timestamptz,
  requested_by text,
  encrypted_again bigint not null default 0,
  unreadable bigint not null default 0,
  remaining bigint,
  columns jsonb not null default '[]',
  reason text,
  constraint key_rotations_pkey primary key (id),
  constraint key_rotations_status_known check (status in ('running', 'interrupted', 'done', 'incomplete', 'failed')),
  constraint key_rotations_ended check ((status = 'running') = (ended_at is null)),
  constraint key_rotations_counts_positive check (encrypted_again >= 0 and unreadable >= 0 and remaining >= 0)
);
comment on table operations.key_rotations is 'GG-17: each time that encrypted fields were encrypted again with the newest key; one that was killed is gone on with by the next';
comment on column operations.key_rotations.to_key is 'The id of the key with which they are encrypted since';
comment on column operations.key_rotations.from_keys is 'The ids of the keys under which they were';
comment on column operations.key_rotations.status is 'incomplete: some could not be opened, or a database of tenants was away';
comment on column operations.key_rotations.resumed_at is 'When it was gone on with the last time, after it had been killed';
comment on column operations.key_rotations.requested_by is 'From where it was asked for';
comment on column operations.key_rotations.unreadable is 'Values that no configured key opens, or that stand where they do not belong: left as they are';
comment on column operations.key_rotations.remaining is 'Values under older keys at its end, in the databases that were reached';
comment on column operations.key_rotations.columns is 'By database and column: how many were encrypted again, and how many could not be read';
comment on column operations.key_rotations.reason is 'Why it has failed or is incomplete';
create unique index key_rotations_one_running on operations.key_rotations (status) where status = 'running';
create index key_rotations_started_at_idx on operations.key_rotations (started_at desc);
alter table operations.key_rotations enable row level security;
alter table operations.key_rotations force row level security;
create policy key_rotations_system on operations.key_rotations
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant
  select,
  insert,
  update (from_keys, status, resumed_at, ended_at, encrypted_again, unreadable, remaining, columns, reason)
on operations.key_rotations to commonhold_app;
grant select on operations.key_rotations to commonhold_readonly;
