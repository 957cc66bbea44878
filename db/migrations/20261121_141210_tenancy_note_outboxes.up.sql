create table tenancy.noted_outboxes (
  database_id uuid not null,
  noted_at timestamptz not null default now(),
  next_at timestamptz not null default now(),
  failures integer not null default 0,
  last_error text,
  constraint noted_outboxes_pkey primary key (database_id),
  constraint noted_outboxes_database_id_fkey foreign key (database_id) references tenancy.databases (id) on delete cascade
);
comment on table tenancy.noted_outboxes is
  'MT-17: databases of tenants in which work may wait to be taken over: noted by who has left it there, and by a look at all of them; gone once there is none';
comment on column tenancy.noted_outboxes.noted_at is 'When it was last noted: who finds nothing removes the note only if it is still the one that he has read';
comment on column tenancy.noted_outboxes.next_at is 'Not before; later and later while the database is away';
alter table tenancy.noted_outboxes enable row level security;
alter table tenancy.noted_outboxes force row level security;
create policy noted_outboxes_system on tenancy.noted_outboxes
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on tenancy.noted_outboxes to commonhold_app;
grant update (noted_at, next_at, failures, last_error) on tenancy.noted_outboxes to commonhold_app;
grant select on tenancy.noted_outboxes to commonhold_readonly;
