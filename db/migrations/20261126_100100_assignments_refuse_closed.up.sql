-- squawk-ignore-file constraint-missing-not-valid
alter table assignments.solver_runs add column unit double precision not null default 1;
alter table assignments.solver_runs add constraint solver_runs_unit_positive check (unit > 0);
comment on column assignments.solver_runs.unit is
  'Of the engine''s cost that one point is: best_cost, lower_bound and progress are in points, as in assignments; plan is not';
grant update (unit) on assignments.solver_runs to commonhold_app;

alter table assignments.assignment_revisions add column shows_number integer;
alter table assignments.assignment_revisions add constraint assignment_revisions_shows_earlier
  check (shows_number >= 0 and shows_number < number);
comment on column assignments.assignment_revisions.shows_number is
  'Of an undo and a restoration: the revision that came back, 0 for nobody on anything';
comment on column assignments.assignment_revisions.action is 'What made it: plan, accept, move, replan, undo, restore, edit';

create function assignments.refuse_closed()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  closed record;
begin
  -- What the platform does with all that a tenant has.
  if platform.is_system() then
    return null;
  end if;
  select assignment.status, assignment.locked_at
  into closed
  from changed_rows as changed
  join assignments.assignments as assignment
    on assignment.tenant_id = changed.tenant_id
    and assignment.id = changed.assignment_id
  where assignment.status <> 'active'
    or assignment.locked_at is not null
  limit 1;
  if not found then
    return null;
  end if;
  if closed.status <> 'active' then
    raise exception 'The assignment is %', closed.status
      using errcode = 'CH001', constraint = 'assignments.assignment_closed',
        detail = jsonb_build_object('status', closed.status)::text;
  end if;
  raise exception 'The assignment is locked'
    using errcode = 'CH001', constraint = 'assignments.assignment_locked', detail = '{}';
end
$$;
comment on function assignments.refuse_closed() is
  'VS-08: of what is completed, cancelled or locked nobody changes who is on what; deleting it whole takes its people along';
revoke execute on function assignments.refuse_closed() from public;

create trigger refuse_closed_insert after insert on assignments.assignment_details
  referencing new table as changed_rows
  for each statement execute function assignments.refuse_closed();
create trigger refuse_closed_update after update on assignments.assignment_details
  referencing new table as changed_rows
  for each statement execute function assignments.refuse_closed();
create trigger refuse_closed_delete after delete on assignments.assignment_details
  referencing old table as changed_rows
  for each statement execute function assignments.refuse_closed();
create trigger refuse_closed_insert after insert on assignments.assignment_pins
  referencing new table as changed_rows
  for each statement execute function assignments.refuse_closed();
create trigger refuse_closed_insert after insert on assignments.assignment_revisions
  referencing new table as changed_rows
  for each statement execute function assignments.refuse_closed();
