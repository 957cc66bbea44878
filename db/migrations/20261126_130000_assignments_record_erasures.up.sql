create table assignments.erased_participants (
  tenant_id uuid not null,
  participant_id uuid not null,
  erased_at timestamptz(3) not null default now(),
  constraint erased_participants_pkey primary key (tenant_id, participant_id),
  constraint erased_participants_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table assignments.erased_participants is
  'Who was erased, with his account or by hand: so that nobody comes back with a backup from before (GG-16)';
comment on column assignments.erased_participants.participant_id is
  'No foreign key: the participant may be gone, and come back with a backup';
comment on column assignments.erased_participants.erased_at is 'The last time';
select platform.isolate('assignments.erased_participants');
grant select on assignments.erased_participants to commonhold_app, commonhold_readonly;

create policy erased_participants_forgotten on assignments.erased_participants to commonhold_owner
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy drop_outs_forgotten on assignments.drop_outs to commonhold_owner
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy calendar_feeds_forgotten on assignments.calendar_feeds to commonhold_owner
  using ((select platform.is_system()))
  with check ((select platform.is_system()));

create function assignments.forget_participants(tenant_ids uuid[], participant_ids uuid[])
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
comment on function assignments.forget_participants(uuid[], uuid[]) is
  'Takes out what names these people and tells how many rows of which table; that somebody did the work stays, so that the others'' load is right. A restore does the same to its copy for who was erased since';

create function assignments.erase_participants(tenant_ids uuid[], participant_ids uuid[])
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into assignments.erased_participants (tenant_id, participant_id)
  select tenant_id, id
  from unnest(tenant_ids, participant_ids) as person (tenant_id, id)
  join assignments.participants as participant using (tenant_id, id)
  on conflict (tenant_id, participant_id) do update set erased_at = excluded.erased_at;
  perform assignments.forget_participants(tenant_ids, participant_ids);
end
$$;
comment on function assignments.erase_participants(uuid[], uuid[]) is
  'Forgets these people, of the scope''s tenant, and records that they are to stay forgotten';

create or replace function assignments.forget_account()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  perform assignments.erase_participants(array_agg(tenant_id), array_agg(id))
  from assignments.participants
  where user_id = old.id
  having count(*) > 0;
  perform set_config('app.system', was_system, true);
  return old;
end
$$;
comment on function assignments.forget_account() is 'Before an account goes its participants are erased';

-- Who was erased before there was a record of it.
select set_config('app.system', 'on', true);
insert into assignments.erased_participants (tenant_id, participant_id, erased_at)
select tenant_id, id, updated_at
from assignments.participants
where name = 'Erased person'
  and num_nonnulls(user_id, reference, email, phone) = 0
  and not is_active;
delete from assignments.calendar_feeds as feed
using assignments.erased_participants as erased
where feed.tenant_id = erased.tenant_id
  and feed.participant_id = erased.participant_id;
update assignments.drop_outs as drop_out
set reason = null
from assignments.erased_participants as erased
where drop_out.tenant_id = erased.tenant_id
  and drop_out.participant_id = erased.participant_id
  and drop_out.reason is not null;
select set_config('app.system', '', true);

revoke execute
  on function assignments.forget_participants(uuid[], uuid[]), assignments.erase_participants(uuid[], uuid[])
  from public;
grant execute on function assignments.erase_participants(uuid[], uuid[]) to commonhold_app;
