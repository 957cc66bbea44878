-- What the platform does with all that a tenant has it does past triggers, or as the system.
create function assignments.number_revision()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  latest constant integer := coalesce(
    (
      select max(revision.number)
      from assignments.assignment_revisions as revision
      where revision.tenant_id = new.tenant_id
        and revision.assignment_id = new.assignment_id
    ),
    0
  );
begin
  if new.number <> latest + 1 and not platform.is_system() then
    raise exception 'The revision % of the assignment % comes after %', new.number, new.assignment_id, latest
      using errcode = 'check_violation', schema = 'assignments', table = 'assignment_revisions',
        constraint = 'assignment_revisions_without_gaps', hint = 'Revisions of an assignment are 1, 2, 3 and so on.';
  end if;
  return new;
end
$$;
comment on function assignments.number_revision() is
  'Revisions of an assignment are 1, 2, 3 and so on: of two at once the primary key lets one through';
create trigger number_revision before insert on assignments.assignment_revisions
  for each row execute function assignments.number_revision();

create function assignments.match_revision()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  of_assignment_id constant uuid := to_jsonb(new) ->> tg_argv[0];
  latest integer;
begin
  if platform.is_system() then
    return null;
  end if;
  select coalesce(max(revision.number), 0)
  into latest
  from assignments.assignment_revisions as revision
  where revision.tenant_id = new.tenant_id
    and revision.assignment_id = of_assignment_id;
  if latest <> (
    select assignment.revision
    from assignments.assignments as assignment
    where assignment.tenant_id = new.tenant_id
      and assignment.id = of_assignment_id
  ) then
    raise exception 'The latest revision of the assignment % is %, which is not what it says', of_assignment_id, latest
      using errcode = 'check_violation', schema = 'assignments', table = 'assignments',
        constraint = 'assignments_revision_latest', hint = 'Write the revision in the same transaction.';
  end if;
  return null;
end
$$;
comment on function assignments.match_revision() is 'At the end of a transaction an assignment has the revision that it says';
create constraint trigger match_revision_insert after insert on assignments.assignments
  deferrable initially deferred
  for each row when (new.revision <> 0) execute function assignments.match_revision('id');
create constraint trigger match_revision_update after update of revision on assignments.assignments
  deferrable initially deferred
  for each row when (new.revision <> old.revision) execute function assignments.match_revision('id');
create constraint trigger match_revision after insert on assignments.assignment_revisions
  deferrable initially deferred
  for each row execute function assignments.match_revision('assignment_id');
revoke execute on function assignments.number_revision(), assignments.match_revision() from public;

-- They go with their assignment, not alone.
revoke delete on assignments.assignment_revisions, assignments.revision_details from commonhold_app;
