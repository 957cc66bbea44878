create function identity.begin_log_erasure(of_user_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from identity.users where id = of_user_id) then
    raise exception 'The account % still exists', of_user_id
      using errcode = 'CH001', constraint = 'identity.account_exists', schema = 'identity', table = 'users';
  end if;
  insert into audit.erased_subjects (user_id)
  values (of_user_id)
  on conflict (user_id) do update set finished_at = null;
end
$$;
comment on function identity.begin_log_erasure(uuid) is
  'Lets the personal part of the audit log be erased of somebody who has no account any more: of nobody else the program can';
revoke execute on function identity.begin_log_erasure(uuid) from public;
grant execute on function identity.begin_log_erasure(uuid) to commonhold_app;

create function identity.erase_user_at_once(of_user_id uuid)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform set_config('app.system', 'on', true);
  delete from identity.users where id = of_user_id;
  return found;
end
$$;
comment on function identity.erase_user_at_once(uuid) is
  'Removes an account without the 90 days: for who was told to at the command line, and for accounts that a restored backup has brought back. For the owner only, the program cannot';
revoke execute on function identity.erase_user_at_once(uuid) from public;
