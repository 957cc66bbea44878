create table assignments.schedules (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  domain_id uuid not null,
  name text not null,
  every integer not null default 1,
  unit text not null default 'week',
  period_days integer not null default 7,
  starts_on date not null,
  ends_on date,
  next_on date,
  lead_days integer not null default 7,
  publishes boolean not null default false,
  strategy text not null default 'optimal',
  configuration jsonb not null default '{}',
  is_active boolean not null default true,
  last_run_at timestamptz(3),
  last_fault text,
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint schedules_pkey primary key (tenant_id, id),
  constraint schedules_name_unique unique (tenant_id, domain_id, name),
  constraint schedules_name_length check (length(name) between 1 and 200),
  constraint schedules_interval check (every between 1 and 366 and unit in ('day', 'week', 'month')),
  constraint schedules_period_range check (period_days between 1 and 366),
  constraint schedules_order check (ends_on >= starts_on),
  constraint schedules_lead_range check (lead_days between 0 and 366),
  constraint schedules_strategy_shape check (strategy ~ '^[a-z][a-z0-9_]{0,99}$'),
  constraint schedules_configuration_object check (jsonb_typeof(configuration) = 'object'),
  constraint schedules_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint schedules_domain_id_fkey foreign key (tenant_id, domain_id)
    references assignments.domains (tenant_id, id) on delete restrict,
  constraint schedules_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.schedules is 'Rounds that come again: every so many days, weeks or months one is planned ahead';
comment on column assignments.schedules.period_days is 'Days that each of its rounds covers';
comment on column assignments.schedules.next_on is 'First day of the round that is planned next; null when there is none';
comment on column assignments.schedules.lead_days is 'A round is planned so many days before it begins';
comment on column assignments.schedules.publishes is 'What is planned is published at once, else it waits for somebody to look at it';
create index schedules_next_idx on assignments.schedules (tenant_id, next_on) where is_active;
create index schedules_created_by_idx on assignments.schedules (created_by);

create table assignments.assignments (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  domain_id uuid not null,
  schedule_id uuid,
  name text,
  description text,
  assignment_date date not null default current_date,
  ends_on date,
  strategy_used text not null,
  configuration jsonb not null default '{}',
  metadata jsonb not null default '{}',
  seed bigint not null default 0,
  engine_version text,
  plan_status text,
  cost double precision,
  lower_bound double precision,
  revision integer not null default 0,
  status text not null default 'active',
  published_at timestamptz(3),
  published_by uuid,
  locked_at timestamptz(3),
  locked_by uuid,
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint assignments_pkey primary key (tenant_id, id),
  constraint assignments_name_length check (length(name) between 1 and 200),
  constraint assignments_period check (ends_on >= assignment_date and ends_on <= assignment_date + 366),
  constraint assignments_strategy_used_shape check (strategy_used ~ '^[a-z][a-z0-9_]{0,99}$'),
  constraint assignments_configuration_object check (jsonb_typeof(configuration) = 'object'),
  constraint assignments_metadata_object check (jsonb_typeof(metadata) = 'object'),
  constraint assignments_seed_range check (seed between 0 and 4294967295),
  constraint assignments_engine_version_length check (length(engine_version) between 1 and 100),
  constraint assignments_plan_status_known check (plan_status in ('optimal', 'feasible', 'infeasible')),
  constraint assignments_status_known check (status in ('active', 'completed', 'cancelled')),
  constraint assignments_revision_counted check (revision >= 0),
  constraint assignments_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint assignments_domain_id_fkey foreign key (tenant_id, domain_id)
    references assignments.domains (tenant_id, id) on delete restrict,
  constraint assignments_schedule_id_fkey foreign key (tenant_id, schedule_id)
    references assignments.schedules (tenant_id, id) on delete set null (schedule_id),
  constraint assignments_published_by_fkey foreign key (published_by) references identity.users (id) on delete set null,
  constraint assignments_locked_by_fkey foreign key (locked_by) references identity.users (id) on delete set null,
  constraint assignments_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.assignments is 'A round: who does what on a date or in a period (VS-08)';
comment on column assignments.assignments.assignment_date is 'Its first day';
comment on column assignments.assignments.ends_on is 'Its last day; null where that is the first';
comment on column assignments.assignments.configuration is 'As it was run: parameters, constraints and rules, whatever became of the domain''s';
comment on column assignments.assignments.seed is 'With it, the same input and the same engine the plan comes out the same';
comment on column assignments.assignments.engine_version is 'What made the plan; null before there is one';
comment on column assignments.assignments.plan_status is 'What is known of the plan: no cheaper one, a bound, or that there is none';
comment on column assignments.assignments.lower_bound is 'No plan of these rules costs less';
comment on column assignments.assignments.revision is 'The plan as it is now; the earlier ones are in assignment_revisions';
comment on column assignments.assignments.published_at is 'Its people were told; null while it is a draft';
comment on column assignments.assignments.locked_at is 'Nothing in it is changed until it is unlocked';
create index assignments_date_status_idx on assignments.assignments (tenant_id, assignment_date, status, id);
create index assignments_strategy_used_idx on assignments.assignments (tenant_id, strategy_used);
create index assignments_status_idx on assignments.assignments (tenant_id, status, assignment_date);
create index assignments_domain_idx on assignments.assignments (tenant_id, domain_id, assignment_date, id);
create index assignments_schedule_idx on assignments.assignments (tenant_id, schedule_id);
create index assignments_json_idx on assignments.assignments using gin (tenant_id, configuration, metadata);
create index assignments_created_by_idx on assignments.assignments (created_by);
create index assignments_published_by_idx on assignments.assignments (published_by);
create index assignments_locked_by_idx on assignments.assignments (locked_by);

create function assignments.check_status()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if old.status <> new.status and 'active' not in (old.status, new.status) then
    raise exception 'An assignment that is % does not become %', old.status, new.status
      using errcode = 'CH001', constraint = 'assignments.transition_refused',
        detail = jsonb_build_object('from', old.status, 'to', new.status)::text;
  end if;
  return new;
end
$$;
comment on function assignments.check_status() is
  'VS-08: what is active is completed or cancelled, and from both it is taken back to active; nothing goes from one to the other';
create trigger check_status before update of status on assignments.assignments
  for each row execute function assignments.check_status();

create table assignments.assignment_details (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  assignment_id uuid not null,
  participant_id uuid not null,
  target_id uuid not null,
  position integer,
  is_pinned boolean not null default false,
  starts_at timestamptz(0),
  ends_at timestamptz(0),
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null default now(),
  constraint assignment_details_pkey primary key (tenant_id, id),
  constraint assignment_details_once unique (tenant_id, assignment_id, participant_id, target_id),
  constraint assignment_details_position_counted check (position >= 0),
  constraint assignment_details_times check (num_nonnulls(starts_at, ends_at) in (0, 2) and starts_at < ends_at),
  constraint assignment_details_metadata_object check (jsonb_typeof(metadata) = 'object'),
  constraint assignment_details_assignment_id_fkey foreign key (tenant_id, assignment_id)
    references assignments.assignments (tenant_id, id) on delete cascade,
  constraint assignment_details_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete restrict,
  constraint assignment_details_target_id_fkey foreign key (tenant_id, target_id)
    references assignments.assignment_targets (tenant_id, id) on delete restrict
);
comment on table assignments.assignment_details is 'A participant on a target, once in an assignment (VS-09); goes with it';
comment on column assignments.assignment_details.position is 'Among the people on the target, from 0';
comment on column assignments.assignment_details.is_pinned is 'Stays when the rest is planned anew';
comment on column assignments.assignment_details.starts_at is 'As it was planned: a target that changes later changes no calendar';
create index assignment_details_order_idx on assignments.assignment_details (tenant_id, assignment_id, target_id, position, id);
create index assignment_details_participant_idx on assignments.assignment_details (tenant_id, participant_id, assignment_id);
create index assignment_details_target_idx on assignments.assignment_details (tenant_id, target_id, assignment_id);

create table assignments.assignment_shares (
  tenant_id uuid not null,
  assignment_id uuid not null,
  participant_id uuid not null,
  eligible_count integer not null,
  fair_share double precision not null,
  constraint assignment_shares_pkey primary key (tenant_id, assignment_id, participant_id),
  constraint assignment_shares_counts check (eligible_count >= 0 and fair_share >= 0),
  constraint assignment_shares_assignment_id_fkey foreign key (tenant_id, assignment_id)
    references assignments.assignments (tenant_id, id) on delete cascade,
  constraint assignment_shares_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete restrict
);
comment on table assignments.assignment_shares is
  'What each could have been assigned to in a round, and what his part of it was: load is compared with it, whatever he can do later';
comment on column assignments.assignment_shares.eligible_count is 'Targets that he could be on';
comment on column assignments.assignment_shares.fair_share is 'Assignments that were his, had all been equal';
create index assignment_shares_participant_idx on assignments.assignment_shares (tenant_id, participant_id);

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

create table assignments.assignment_revisions (
  tenant_id uuid not null,
  assignment_id uuid not null,
  number integer not null,
  action text not null,
  run_id uuid,
  plan_status text,
  cost double precision,
  lower_bound double precision,
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  constraint assignment_revisions_pkey primary key (tenant_id, assignment_id, number),
  constraint assignment_revisions_number_counted check (number > 0),
  constraint assignment_revisions_action_shape check (action ~ '^[a-z_]{1,50}$'),
  constraint assignment_revisions_plan_status_known check (plan_status in ('optimal', 'feasible', 'infeasible')),
  constraint assignment_revisions_assignment_id_fkey foreign key (tenant_id, assignment_id)
    references assignments.assignments (tenant_id, id) on delete cascade,
  constraint assignment_revisions_run_id_fkey foreign key (tenant_id, run_id)
    references assignments.solver_runs (tenant_id, id) on delete set null (run_id),
  constraint assignment_revisions_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.assignment_revisions is 'The plans that an assignment had, one after the other: to compare, and to go back';
comment on column assignments.assignment_revisions.action is 'What made it: planned, swapped, replanned, undone';
create index assignment_revisions_run_idx on assignments.assignment_revisions (tenant_id, run_id);
create index assignment_revisions_created_by_idx on assignments.assignment_revisions (created_by);

create table assignments.revision_details (
  tenant_id uuid not null,
  assignment_id uuid not null,
  number integer not null,
  participant_id uuid not null,
  target_id uuid not null,
  position integer,
  is_pinned boolean not null default false,
  constraint revision_details_pkey primary key (tenant_id, assignment_id, number, participant_id, target_id),
  constraint revision_details_position_counted check (position >= 0),
  constraint revision_details_revision_fkey foreign key (tenant_id, assignment_id, number)
    references assignments.assignment_revisions (tenant_id, assignment_id, number) on delete cascade,
  constraint revision_details_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete restrict,
  constraint revision_details_target_id_fkey foreign key (tenant_id, target_id)
    references assignments.assignment_targets (tenant_id, id) on delete restrict
);
comment on table assignments.revision_details is 'Who was on what in a revision';
create index revision_details_participant_idx on assignments.revision_details (tenant_id, participant_id);
create index revision_details_target_idx on assignments.revision_details (tenant_id, target_id);

create table assignments.assignment_pins (
  tenant_id uuid not null,
  assignment_id uuid not null,
  participant_id uuid not null,
  target_id uuid not null,
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  constraint assignment_pins_pkey primary key (tenant_id, assignment_id, participant_id, target_id),
  constraint assignment_pins_assignment_id_fkey foreign key (tenant_id, assignment_id)
    references assignments.assignments (tenant_id, id) on delete cascade,
  constraint assignment_pins_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete cascade,
  constraint assignment_pins_target_id_fkey foreign key (tenant_id, target_id)
    references assignments.assignment_targets (tenant_id, id) on delete cascade,
  constraint assignment_pins_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.assignment_pins is 'Who is on what in every plan of an assignment, before there is one too';
create index assignment_pins_participant_idx on assignments.assignment_pins (tenant_id, participant_id);
create index assignment_pins_target_idx on assignments.assignment_pins (tenant_id, target_id);
create index assignment_pins_created_by_idx on assignments.assignment_pins (created_by);

create table assignments.drop_outs (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  assignment_id uuid not null,
  participant_id uuid not null,
  target_id uuid,
  reason text,
  reported_by uuid default platform.current_user_id(),
  reported_at timestamptz(3) not null default now(),
  resolved_revision integer,
  constraint drop_outs_pkey primary key (tenant_id, id),
  constraint drop_outs_reason_length check (length(reason) between 1 and 500),
  constraint drop_outs_assignment_id_fkey foreign key (tenant_id, assignment_id)
    references assignments.assignments (tenant_id, id) on delete cascade,
  constraint drop_outs_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete cascade,
  constraint drop_outs_target_id_fkey foreign key (tenant_id, target_id)
    references assignments.assignment_targets (tenant_id, id) on delete cascade,
  constraint drop_outs_reported_by_fkey foreign key (reported_by) references identity.users (id) on delete set null
);
comment on table assignments.drop_outs is 'Who cannot come after all, from one target of an assignment or from all';
comment on column assignments.drop_outs.target_id is 'Null: from all';
comment on column assignments.drop_outs.resolved_revision is 'The plan without him';
create index drop_outs_assignment_idx on assignments.drop_outs (tenant_id, assignment_id, reported_at);
create index drop_outs_participant_idx on assignments.drop_outs (tenant_id, participant_id);
create index drop_outs_target_idx on assignments.drop_outs (tenant_id, target_id);
create index drop_outs_reported_by_idx on assignments.drop_outs (reported_by);

create table assignments.calendar_feeds (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  participant_id uuid not null,
  token_hash bytea not null,
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  last_read_at timestamptz(3),
  constraint calendar_feeds_pkey primary key (tenant_id, id),
  constraint calendar_feeds_one_per_participant unique (tenant_id, participant_id),
  constraint calendar_feeds_token_unique unique (tenant_id, token_hash),
  constraint calendar_feeds_token_hash_size check (octet_length(token_hash) = 32),
  constraint calendar_feeds_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete cascade,
  constraint calendar_feeds_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.calendar_feeds is 'A calendar of a participant''s assignments under a secret address';
comment on column assignments.calendar_feeds.token_hash is 'SHA-256 of the secret in the address; the secret itself is not kept (VS-02)';
create index calendar_feeds_created_by_idx on assignments.calendar_feeds (created_by);

create table assignments.assignment_history (
  tenant_id uuid not null,
  id uuid not null default platform.uuid_v7(),
  assignment_id uuid not null,
  action text not null,
  changes jsonb not null,
  changed_by uuid,
  changed_at timestamptz(3) not null default now(),
  metadata jsonb not null default '{}',
  constraint assignment_history_pkey primary key (tenant_id, id),
  constraint assignment_history_action_shape check (action ~ '^[a-z_]{1,50}$'),
  constraint assignment_history_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint assignment_history_changed_by_fkey foreign key (changed_by) references identity.users (id) on delete set null
);
comment on table assignments.assignment_history is
  'Each change of an assignment with old and new values, by whom (VS-10); written by triggers only, stays when the assignment is deleted';
comment on column assignments.assignment_history.assignment_id is 'No foreign key: the assignment may be gone';
comment on column assignments.assignment_history.action is
  'insert, update, delete of the assignment; assign, unassign, move of its people';
comment on column assignments.assignment_history.changes is
  'By column {"old": …, "new": …}; of its people {"details": {"old": […], "new": […]}}, in order of target and participant';
create index assignment_history_assignment_idx on assignments.assignment_history (tenant_id, assignment_id, changed_at, id);
create index assignment_history_action_idx on assignments.assignment_history (tenant_id, action, changed_at);
create index assignment_history_changed_by_idx on assignments.assignment_history (changed_by);
create index assignment_history_tenant_changed_by_idx on assignments.assignment_history (tenant_id, changed_by);
create index assignment_history_changed_at_idx on assignments.assignment_history (tenant_id, changed_at, id);

-- Security definer: the program reads the history but has no right to write it, so nobody writes what did not happen.
create function assignments.write_history(of_tenant_id uuid, of_assignment_id uuid, of_action text, of_changes jsonb)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
  was_tenant constant text := coalesce(current_setting('app.tenant_id', true), '');
begin
  perform set_config('app.system', 'on', true), set_config('app.tenant_id', of_tenant_id::text, true);
  -- A tenant that is being removed leaves no history behind it.
  if exists (
    select
    from tenancy.tenants as tenant
    where tenant.id = of_tenant_id
      and not (tenant.status = 'pending_deletion' and tenant.deletion_scheduled_at <= now())
  ) then
    insert into assignments.assignment_history (tenant_id, assignment_id, action, changes, changed_by)
    values (of_tenant_id, of_assignment_id, of_action, of_changes, platform.current_user_id());
  end if;
  perform set_config('app.system', was_system, true), set_config('app.tenant_id', was_tenant, true);
end
$$;
comment on function assignments.write_history(uuid, uuid, text, jsonb) is 'One row of the history, in the name of the user of the transaction';

create function assignments.log_assignment()
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
comment on function assignments.log_assignment() is 'VS-10: each change of an assignment has its row in the history';

create function assignments.log_details()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  changed record;
begin
  if tg_op = 'INSERT' then
    for changed in
      select
        tenant_id, assignment_id,
        jsonb_build_object(
          'new', jsonb_agg(
            to_jsonb(detail.*) - '{tenant_id,assignment_id,created_at}'::text[]
            order by detail.target_id, detail.participant_id
          )
        ) as details
      from new_rows as detail
      group by tenant_id, assignment_id
    loop
      perform assignments.write_history(
        changed.tenant_id, changed.assignment_id, 'assign', jsonb_build_object('details', changed.details)
      );
    end loop;
  elsif tg_op = 'DELETE' then
    -- Of an assignment that goes itself too: its people are still what it was.
    for changed in
      select
        tenant_id, assignment_id,
        jsonb_build_object(
          'old', jsonb_agg(
            to_jsonb(detail.*) - '{tenant_id,assignment_id,created_at}'::text[]
            order by detail.target_id, detail.participant_id
          )
        ) as details
      from old_rows as detail
      group by tenant_id, assignment_id
    loop
      perform assignments.write_history(
        changed.tenant_id, changed.assignment_id, 'unassign', jsonb_build_object('details', changed.details)
      );
    end loop;
  else
    for changed in
      select
        n.tenant_id, n.assignment_id,
        jsonb_build_object(
          'old', jsonb_agg(
            to_jsonb(o.*) - '{tenant_id,assignment_id,created_at}'::text[] order by o.target_id, o.participant_id
          ),
          'new', jsonb_agg(
            to_jsonb(n.*) - '{tenant_id,assignment_id,created_at}'::text[] order by n.target_id, n.participant_id
          )
        ) as details
      from new_rows as n
      join old_rows as o on o.tenant_id = n.tenant_id and o.id = n.id
      where n.* is distinct from o.*
      group by n.tenant_id, n.assignment_id
    loop
      perform assignments.write_history(
        changed.tenant_id, changed.assignment_id, 'move', jsonb_build_object('details', changed.details)
      );
    end loop;
  end if;
  return null;
end
$$;
comment on function assignments.log_details() is 'VS-10: each statement that changes who is on what has its row in the history';

-- No detail may join two domains; none of the three changes its own.
create function assignments.check_domains()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select
    from new_rows as detail
    join assignments.assignments as assignment on assignment.tenant_id = detail.tenant_id and assignment.id = detail.assignment_id
    join assignments.participants as participant on participant.tenant_id = detail.tenant_id and participant.id = detail.participant_id
    join assignments.assignment_targets as target on target.tenant_id = detail.tenant_id and target.id = detail.target_id
    where participant.domain_id <> assignment.domain_id
      or target.domain_id <> assignment.domain_id
  ) then
    raise exception 'Participant, target and assignment are of different domains'
      using errcode = 'CH001', constraint = 'assignments.domains_mixed', detail = '{}';
  end if;
  return null;
end
$$;
comment on function assignments.check_domains() is 'Participant and target are of the assignment''s domain';

create trigger check_domains after insert on assignments.assignment_details
  referencing new table as new_rows
  for each statement execute function assignments.check_domains();
create trigger check_domains after insert on assignments.assignment_pins
  referencing new table as new_rows
  for each statement execute function assignments.check_domains();
create trigger log_change after insert or update or delete on assignments.assignments
  for each row execute function assignments.log_assignment();
create trigger log_inserted after insert on assignments.assignment_details
  referencing new table as new_rows
  for each statement execute function assignments.log_details();
create trigger log_updated after update on assignments.assignment_details
  referencing old table as old_rows new table as new_rows
  for each statement execute function assignments.log_details();
create trigger log_deleted after delete on assignments.assignment_details
  referencing old table as old_rows
  for each statement execute function assignments.log_details();

select platform.isolate('assignments.schedules');
select platform.isolate('assignments.assignments');
select platform.isolate('assignments.assignment_details');
select platform.isolate('assignments.assignment_shares');
select platform.isolate('assignments.solver_runs');
select platform.isolate('assignments.assignment_revisions');
select platform.isolate('assignments.revision_details');
select platform.isolate('assignments.assignment_pins');
select platform.isolate('assignments.drop_outs');
select platform.isolate('assignments.calendar_feeds');
select platform.isolate('assignments.assignment_history');
select platform.keep_updated_at('assignments.schedules');
select platform.keep_updated_at('assignments.assignments');
-- Who is on what is in assignment_history: a plan may have thousands of rows, and a row of the log each.
select audit.track('assignments.schedules', context => '{domain_id,name}');
select audit.track('assignments.assignments', context => '{domain_id,name}');
select audit.track('assignments.assignment_pins');
select audit.track('assignments.drop_outs', redact => '{reason}', context => '{assignment_id}');
select audit.track('assignments.calendar_feeds', redact => '{token_hash}', ignore => '{last_read_at}');

revoke execute
  on function assignments.check_status(), assignments.write_history(uuid, uuid, text, jsonb), assignments.log_assignment(),
    assignments.log_details(), assignments.check_domains()
  from public;
grant select, insert, delete on assignments.schedules to commonhold_app;
grant update (
  name, every, unit, period_days, starts_on, ends_on, next_on, lead_days, publishes, strategy, configuration, is_active,
  last_run_at, last_fault
) on assignments.schedules to commonhold_app;
grant select, insert, delete on assignments.assignments to commonhold_app;
grant update (
  name, description, assignment_date, ends_on, strategy_used, configuration, metadata, seed, engine_version, plan_status,
  cost, lower_bound, revision, status, published_at, published_by, locked_at, locked_by
) on assignments.assignments to commonhold_app;
grant select, insert, delete on assignments.assignment_details to commonhold_app;
grant update (participant_id, target_id, position, is_pinned, starts_at, ends_at, metadata)
  on assignments.assignment_details to commonhold_app;
grant select, insert, delete on assignments.assignment_shares to commonhold_app;
grant update (eligible_count, fair_share) on assignments.assignment_shares to commonhold_app;
grant select, insert, delete on assignments.solver_runs to commonhold_app;
grant update (
  status, engine_version, problem, problem_hash, plan, progress, best_cost, lower_bound, fault, stop_requested_at,
  started_at, finished_at
) on assignments.solver_runs to commonhold_app;
grant select, insert, delete on assignments.assignment_revisions, assignments.revision_details to commonhold_app;
grant select, insert, delete on assignments.assignment_pins to commonhold_app;
grant select, insert, delete on assignments.drop_outs to commonhold_app;
grant update (resolved_revision) on assignments.drop_outs to commonhold_app;
grant select, insert, delete on assignments.calendar_feeds to commonhold_app;
grant update (token_hash, created_at, last_read_at) on assignments.calendar_feeds to commonhold_app;
grant select on assignments.assignment_history to commonhold_app;
grant select
  on assignments.schedules, assignments.assignments, assignments.assignment_details, assignments.assignment_shares,
    assignments.assignment_revisions, assignments.revision_details, assignments.assignment_pins, assignments.drop_outs,
    assignments.assignment_history
  to commonhold_readonly;
