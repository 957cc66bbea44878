create function identity.erase_traces()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- What names an account without a foreign key, for its module stands above this one.
  delete from http.idempotency_keys
  where user_id in (select id from old_rows);
  delete from mail.messages
  where user_id in (select id from old_rows);

  -- What names only the address is somebody else's by now, where he has made an account with it.
  delete from mail.messages
  where lower(recipient) in (
    select email
    from old_rows
    where not exists (select from identity.users as living where living.email = old_rows.email and living.deleted_at is null)
  );
  delete from mail.quotas
  where inbox in (
    select regexp_replace(email, '\+[^@]*@', '@')
    from old_rows
    where not exists (select from identity.users as living where living.email = old_rows.email and living.deleted_at is null)
  );
  delete from identity.sign_ups
  using old_rows
  where sign_ups.email = old_rows.email
    and sign_ups.created_at < coalesce(old_rows.deleted_at, now());
  return null;
end
$$;
comment on function identity.erase_traces() is
  'Removes with an account what names it or its address elsewhere: kept answers, mails, sign-ups. The audit log stays';
revoke execute on function identity.erase_traces() from public;
create trigger erase_traces after delete on identity.users
  referencing old table as old_rows
  for each statement execute function identity.erase_traces();

-- The program may not delete accounts: it may have those erased whose time is up.
create function identity.erase_user(of_user_id uuid)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from identity.users
  where id = of_user_id
    and status = 'deleted'
    and deleted_at < now() - interval '90 days';
  return found;
end
$$;
comment on function identity.erase_user(uuid) is
  'GG-16: removes an account that was deleted 90 days ago, with all that hangs on it; false where there is none such. For the system only';
revoke execute on function identity.erase_user(uuid) from public;
grant execute on function identity.erase_user(uuid) to commonhold_app;
