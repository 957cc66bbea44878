-- Turns are counted from the first round on: from the year 1 they are 740,000, and from 9999 on there is no day left to come.
-- squawk-ignore-file constraint-missing-not-valid
alter table assignments.schedules
  add constraint schedules_starts_range check (starts_on between '1970-01-01' and '2999-12-31');

-- What is one domain's stays so when it is changed, and wherever people of a round are written down.
create or replace function assignments.check_domains()
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
    left join assignments.assignment_targets as target
      on target.tenant_id = detail.tenant_id and target.id = detail.target_id
    where participant.domain_id <> assignment.domain_id
      or target.domain_id <> assignment.domain_id
  ) then
    raise exception 'Participant, target and assignment are of different domains'
      using errcode = 'CH001', constraint = 'assignments.domains_mixed', detail = '{}';
  end if;
  return null;
end
$$;
create trigger check_domains_update after update on assignments.assignment_details
  referencing new table as new_rows
  for each statement execute function assignments.check_domains();
create trigger check_domains after insert on assignments.revision_details
  referencing new table as new_rows
  for each statement execute function assignments.check_domains();
create trigger check_domains after insert on assignments.drop_outs
  referencing new table as new_rows
  for each statement execute function assignments.check_domains();

-- Of a participant or a target that is deleted they go along, in rounds that are closed too.
create trigger refuse_closed_delete after delete on assignments.assignment_pins
  referencing old table as changed_rows
  for each statement when (pg_trigger_depth() = 0) execute function assignments.refuse_closed();
create trigger refuse_closed_insert after insert on assignments.drop_outs
  referencing new table as changed_rows
  for each statement execute function assignments.refuse_closed();
create trigger refuse_closed_delete after delete on assignments.drop_outs
  referencing old table as changed_rows
  for each statement when (pg_trigger_depth() = 0) execute function assignments.refuse_closed();

create function assignments.withdraw_feed()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from assignments.calendar_feeds
  where tenant_id = new.tenant_id
    and participant_id = new.id;
  return null;
end
$$;
comment on function assignments.withdraw_feed() is
  'Whoever had the address of a participant''s calendar as his account does not keep it when the participant is somebody else''s';
revoke execute on function assignments.withdraw_feed() from public;
create trigger withdraw_feed after update of user_id on assignments.participants
  for each row when (old.user_id is not null and new.user_id is distinct from old.user_id)
  execute function assignments.withdraw_feed();

-- A fault names people; the log keeps nobody's name who has no account and so could not have it erased.
select audit.track('assignments.schedules', redact => '{last_fault}', context => '{domain_id,name}');
create policy schedules_forgotten on assignments.schedules for update to commonhold_owner
  using ((select platform.is_system()))
  with check ((select platform.is_system()));

create or replace function assignments.forget_participants(tenant_ids uuid[], participant_ids uuid[])
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  exceptions bigint;
  reasons bigint;
  feeds bigint;
  people bigint;
  faults bigint;
begin
  delete from assignments.availability_exceptions as exception
  using unnest(tenant_ids, participant_ids) as person (tenant_id, id)
  where exception.tenant_id = person.tenant_id
    and exception.participant_id = person.id;
  get diagnostics exceptions = row_count;
  delete from assignments.calendar_feeds as feed
  using unnest(tenant_ids, participant_ids) as person (tenant_id, id)
  where feed.tenant_id = person.tenant_id
    and feed.participant_id = person.id;
  get diagnostics feeds = row_count;
  update assignments.drop_outs as drop_out
  set reason = null
  from unnest(tenant_ids, participant_ids) as person (tenant_id, id)
  where drop_out.tenant_id = person.tenant_id
    and drop_out.participant_id = person.id
    and drop_out.reason is not null;
  get diagnostics reasons = row_count;
  update assignments.participants as participant
  set
    user_id = null, reference = null, name = 'Erased person', email = null, phone = null, availability = '{}',
    preferences = '{}', metadata = '{}', is_active = false
  from unnest(tenant_ids, participant_ids) as person (tenant_id, id)
  where participant.tenant_id = person.tenant_id
    and participant.id = person.id;
  get diagnostics people = row_count;
  -- Said of a round in words: whoever is in it by name. The next round says anew what is amiss.
  update assignments.schedules as schedule
  set last_fault = null
  where schedule.last_fault is not null
    and (schedule.tenant_id, schedule.domain_id) in (
      select participant.tenant_id, participant.domain_id
      from unnest(tenant_ids, participant_ids) as person (tenant_id, id)
      join assignments.participants as participant using (tenant_id, id)
    );
  get diagnostics faults = row_count;
  -- In a copy that is made to forget no trigger does it.
  if current_setting('session_replication_role') = 'replica' then
    delete from assignments.participant_hours as hours
    using unnest(tenant_ids, participant_ids) as person (tenant_id, id)
    where hours.tenant_id = person.tenant_id
      and hours.participant_id = person.id;
    insert into assignments.participant_hours (tenant_id, participant_id, weekday, starts_at, ends_at)
    select participant.tenant_id, participant.id, hours.weekday, hours.starts_at, hours.ends_at
    from unnest(tenant_ids, participant_ids) as person (tenant_id, id)
    join assignments.participants as participant using (tenant_id, id)
    cross join assignments.hours_of(participant.availability) as hours;
  end if;
  return jsonb_build_object(
    'assignments.participants', people,
    'assignments.availability_exceptions', exceptions,
    'assignments.drop_outs', reasons,
    'assignments.calendar_feeds', feeds,
    'assignments.schedules', faults
  );
end
$$;
