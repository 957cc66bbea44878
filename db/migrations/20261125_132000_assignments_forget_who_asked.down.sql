-- Runs are lost: the column stands between others, so the table is made anew, and no key of theirs is checked for long.
-- squawk-ignore-file adding-foreign-key-constraint
alter table assignments.assignment_revisions drop constraint assignment_revisions_run_id_fkey;
update assignments.assignment_revisions set run_id = null;
drop table assignments.solver_runs;
create table assignments.solver_runs (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  assignment_id uuid not null,
  status text not null default 'queued',
  strategy text not null,
  parameters jsonb not null default '{}',
  seed bigint not null default 0,
  engine_version text,
  problem bytea,
  problem_hash bytea,
  plan jsonb,
  progress jsonb not null default '[]',
  best_cost double precision,
  lower_bound double precision,
  fault text,
  stop_requested_at timestamptz(3),
  requested_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  started_at timestamptz(3),
  finished_at timestamptz(3),
  constraint solver_runs_pkey primary key (tenant_id, id),
  constraint solver_runs_status_known check (status in ('queued', 'running', 'done', 'stopped', 'failed')),
  constraint solver_runs_strategy_shape check (strategy ~ '^[a-z][a-z0-9_]{0,99}$'),
  constraint solver_runs_parameters_object check (jsonb_typeof(parameters) = 'object'),
  constraint solver_runs_progress_array check (jsonb_typeof(progress) = 'array'),
  constraint solver_runs_problem_hash_size check (octet_length(problem_hash) = 32),
  constraint solver_runs_seed_range check (seed between 0 and 4294967295),
  constraint solver_runs_assignment_id_fkey foreign key (tenant_id, assignment_id)
    references assignments.assignments (tenant_id, id) on delete cascade,
  constraint solver_runs_requested_by_fkey foreign key (requested_by) references identity.users (id) on delete set null
);
comment on table assignments.solver_runs is
  'What the engine was given and what it answered: by it a plan is checked and made again. While it runs, how far it is';
comment on column assignments.solver_runs.problem is 'JSON, compressed with gzip';
comment on column assignments.solver_runs.problem_hash is 'SHA-256 of the JSON';
comment on column assignments.solver_runs.plan is 'The answer with its certificate';
comment on column assignments.solver_runs.progress is 'Best cost, bound and time of each that was found, in order';
create index solver_runs_assignment_idx on assignments.solver_runs (tenant_id, assignment_id, created_at);
create index solver_runs_requested_by_idx on assignments.solver_runs (requested_by);
select platform.isolate('assignments.solver_runs');
grant select, insert, delete on assignments.solver_runs to commonhold_app;
grant update (
  status, engine_version, problem, problem_hash, plan, progress, best_cost, lower_bound, fault, stop_requested_at,
  started_at, finished_at
) on assignments.solver_runs to commonhold_app;
alter table assignments.assignment_revisions
  add constraint assignment_revisions_run_id_fkey foreign key (tenant_id, run_id)
    references assignments.solver_runs (tenant_id, id) on delete set null (run_id);
create or replace function assignments.log_assignment()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  before constant jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) - '{tenant_id,updated_at}'::text[] end;
  after constant jsonb := case when tg_op = 'DELETE' then '{}' else to_jsonb(new) - '{tenant_id,updated_at}'::text[] end;
  changes jsonb;
begin
  select jsonb_object_agg(
    key,
    case when before ? key then jsonb_build_object('old', before -> key) else '{}' end
      || case when after ? key then jsonb_build_object('new', after -> key) else '{}' end
  )
  into changes
  from (select jsonb_object_keys(before || after) as key) as columns
  where before -> key is distinct from after -> key
    and (tg_op = 'UPDATE' or 'null' <> coalesce(after -> key, before -> key));
  if changes is not null then
    perform assignments.write_history(
      coalesce(new.tenant_id, old.tenant_id), coalesce(new.id, old.id), lower(tg_op), changes
    );
  end if;
  return null;
end
$$;
