-- Who was erased is not known any more; what was taken out of their rows stays out.
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
  delete from assignments.availability_exceptions as exception
  using assignments.participants as person
  where person.user_id = old.id
    and exception.tenant_id = person.tenant_id
    and exception.participant_id = person.id;
  update assignments.participants
  set
    user_id = null, reference = null, name = 'Erased person', email = null, phone = null, availability = '{}',
    preferences = '{}', metadata = '{}', is_active = false
  where user_id = old.id;
  perform set_config('app.system', was_system, true);
  return old;
end
$$;
comment on function assignments.forget_account() is
  'Before an account goes: what names its participants goes with it; that somebody did the work stays, so that the others'' load is right';
drop function assignments.erase_participants(uuid[], uuid[]);
drop function assignments.forget_participants(uuid[], uuid[]);
drop policy calendar_feeds_forgotten on assignments.calendar_feeds;
drop policy drop_outs_forgotten on assignments.drop_outs;
-- squawk-ignore ban-drop-table
drop table assignments.erased_participants;
