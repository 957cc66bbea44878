comment on function identity.refuse_used_ids() is 'Refuses an account with an id that another one has had';
create or replace function identity.refuse_used_ids()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  used_id uuid;
begin
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

create or replace function identity.begin_log_erasure(of_user_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  if exists (select from identity.users where id = of_user_id) then
    raise exception 'The account % still exists', of_user_id
      using errcode = 'CH001', constraint = 'identity.account_exists', schema = 'identity', table = 'users';
  end if;
  perform set_config('app.system', was_system, true);
  insert into audit.erased_subjects (user_id)
  values (of_user_id)
  on conflict (user_id) do update set finished_at = null;
end
$$;
