create table jobs.outbox (
  tenant_id uuid not null,
  id uuid not null default platform.uuid_v7(),
  name text not null,
  queue_options jsonb not null,
  data jsonb not null,
  start_after timestamptz not null default now(),
  created_at timestamptz not null default now(),
  constraint outbox_pkey primary key (tenant_id, id),
  constraint outbox_name_length check (length(name) between 1 and 255)
);
comment on table jobs.outbox is
  'MT-17: work that was put into the queue in a database without workers, a tenant''s own: the main database''s worker takes it over, each row once';
comment on column jobs.outbox.id is 'The job''s id in the main database';
comment on column jobs.outbox.queue_options is 'How its queue is made there, should no worker have known of the job yet';
select platform.isolate('jobs.outbox');
create policy outbox_system on jobs.outbox
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on jobs.outbox to commonhold_app;
grant select (tenant_id, id, name, start_after, created_at) on jobs.outbox to commonhold_readonly;

-- No tenant_id: it names work, not whose it is.
create table jobs.relayed_jobs (
  id uuid not null,
  database_id uuid,
  relayed_at timestamptz not null default now(),
  constraint relayed_jobs_pkey primary key (id)
);
comment on table jobs.relayed_jobs is
  'MT-17: work that was taken over from another database''s outbox. Written with the job, and kept until it is certain that the row there is gone: then nothing takes it over a second time, whatever has become of the job';
comment on column jobs.relayed_jobs.database_id is 'Whose outbox; null for the main database''s own';
create index relayed_jobs_database_id_idx on jobs.relayed_jobs (database_id, relayed_at);
alter table jobs.relayed_jobs enable row level security;
alter table jobs.relayed_jobs force row level security;
create policy relayed_jobs_system on jobs.relayed_jobs
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on jobs.relayed_jobs to commonhold_app;
