create table jobs.parked_jobs (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  data jsonb not null,
  priority integer not null,
  retry_count integer not null,
  singleton_key text,
  start_after timestamptz not null,
  created_at timestamptz not null,
  parked_at timestamptz not null default now(),
  constraint parked_jobs_pkey primary key (tenant_id, id)
);
comment on table jobs.parked_jobs is
  'Work of tenants that are not active (MT-12): it goes back into the queue when they are, and goes with them. The queue itself drops what waits for two weeks';
comment on column jobs.parked_jobs.created_at is 'When it was queued';
select platform.isolate('jobs.parked_jobs');
create policy parked_jobs_system on jobs.parked_jobs
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on jobs.parked_jobs to commonhold_app;

create function jobs.forget_tenant(of_tenant_id uuid, most integer)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  queued integer;
  scheduled integer;
begin
  delete from jobs.job
  where (name, id) in (
    select queue.name, queue.id
    from jobs.job as queue
    where strpos(queue::text, of_tenant_id::text) > 0
    limit most
  );
  get diagnostics queued = row_count;
  delete from jobs.schedule
  where strpos(schedule::text, of_tenant_id::text) > 0;
  get diagnostics scheduled = row_count;
  return jsonb_build_object('jobs.job', queued, 'jobs.schedule', scheduled);
end
$$;
comment on function jobs.forget_tenant(uuid, integer) is 'Removes jobs that name a tenant, which is being removed, whatever their state';
revoke execute on function jobs.forget_tenant(uuid, integer) from public;
