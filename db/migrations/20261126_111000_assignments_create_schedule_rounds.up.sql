create table assignments.schedule_rounds (
  tenant_id uuid not null,
  schedule_id uuid not null,
  starts_on date not null,
  assignment_id uuid,
  claimed_until timestamptz(3),
  settled_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  constraint schedule_rounds_pkey primary key (tenant_id, schedule_id, starts_on),
  constraint schedule_rounds_schedule_id_fkey foreign key (tenant_id, schedule_id)
    references assignments.schedules (tenant_id, id) on delete cascade,
  constraint schedule_rounds_assignment_id_fkey foreign key (tenant_id, assignment_id)
    references assignments.assignments (tenant_id, id) on delete set null (assignment_id)
);
comment on table assignments.schedule_rounds is 'Rounds that a schedule has made: each once, though somebody deletes it';
comment on column assignments.schedule_rounds.claimed_until is 'A server is at work on it; one that died leaves it to another then';
comment on column assignments.schedule_rounds.settled_at is 'It was planned, and published if that was wanted; or it could not be, which was told';
create index schedule_rounds_assignment_idx on assignments.schedule_rounds (tenant_id, assignment_id);

select platform.isolate('assignments.schedule_rounds');
grant select, insert, delete on assignments.schedule_rounds to commonhold_app;
grant update (claimed_until, settled_at) on assignments.schedule_rounds to commonhold_app;
grant select on assignments.schedule_rounds to commonhold_readonly;

-- Schedules of all tenants of this database are looked at at once, as the owner of the schema.
create policy schedules_due on assignments.schedules for select to commonhold_owner
  using ((select platform.is_system()));
create policy schedule_rounds_due on assignments.schedule_rounds for select to commonhold_owner
  using ((select platform.is_system()));

create function assignments.list_due_schedules(of_day date)
returns table (tenant_id uuid, schedule_id uuid, due_on date, has_open boolean)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select schedule.tenant_id, schedule.id, schedule.next_on - schedule.lead_days, opened.has_open
  from assignments.schedules as schedule
  cross join lateral (
    select exists (
      select
      from assignments.schedule_rounds as round
      where round.tenant_id = schedule.tenant_id
        and round.schedule_id = schedule.id
        and round.settled_at is null
        and (round.claimed_until is null or round.claimed_until < now())
    ) as has_open
  ) as opened
  where platform.is_system()
    and (schedule.is_active and schedule.next_on - schedule.lead_days <= of_day or opened.has_open)
$$;
comment on function assignments.list_due_schedules(date) is
  'Schedules with a round to be planned on a day, or begun and not settled, in all tenants of this database. Needs the system scope';
revoke execute on function assignments.list_due_schedules(date) from public;
grant execute on function assignments.list_due_schedules(date) to commonhold_app;
