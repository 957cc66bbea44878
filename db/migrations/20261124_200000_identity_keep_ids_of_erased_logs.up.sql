-- An id that no account has had yet could be given one afterwards: its owner's log could have been erased while he was there.
create or replace function identity.begin_log_erasure(of_user_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  if not exists (select from identity.erased_users where id = of_user_id) then
    -- Whoever makes accounts holds this lock shared until he is done: see identity.refuse_used_ids.
    perform pg_advisory_xact_lock(hashtextextended('identity.users used ids', 0));
  end if;
  perform set_config('app.system', 'on', true);
  if exists (select from identity.users where id = of_user_id) then
    raise exception 'The account % still exists', of_user_id
      using errcode = 'CH001', constraint = 'identity.account_exists', schema = 'identity', table = 'users';
  end if;
  perform set_config('app.system', was_system, true);
  insert into identity.erased_users (id)
  values (of_user_id)
  on conflict (id) do nothing;
  insert into audit.erased_subjects (user_id)
  values (of_user_id)
  on conflict (user_id) do update set finished_at = null;
end
$$;

create or replace function identity.refuse_used_ids()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  used_id uuid;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('identity.users used ids', 0));
  select erased.id into used_id
  from new_rows
  join identity.erased_users as erased on erased.id = new_rows.id
  limit 1;
  if found then
    raise exception 'The id % has been that of another account', used_id
      using errcode = 'unique_violation', constraint = 'users_id_never_again', schema = 'identity', table = 'users';
  end if;
  return null;
end
$$;
comment on function identity.refuse_used_ids() is
  'Refuses an account with an id that another one has had, or whose part of the log was erased';
