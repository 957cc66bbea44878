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
    'assignments.calendar_feeds', feeds
  );
end
$$;
drop policy schedules_forgotten on assignments.schedules;
select audit.track('assignments.schedules', context => '{domain_id,name}');
drop trigger withdraw_feed on assignments.participants;
drop function assignments.withdraw_feed();
drop trigger refuse_closed_delete on assignments.drop_outs;
drop trigger refuse_closed_insert on assignments.drop_outs;
drop trigger refuse_closed_delete on assignments.assignment_pins;
drop trigger check_domains on assignments.drop_outs;
drop trigger check_domains on assignments.revision_details;
drop trigger check_domains_update on assignments.assignment_details;
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
alter table assignments.schedules drop constraint schedules_starts_range;
