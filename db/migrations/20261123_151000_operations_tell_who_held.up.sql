create function operations.email_of(of_user_id uuid)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select account.email
  from identity.users as account
  where account.id = of_user_id
$$;
comment on function operations.email_of(uuid) is 'GG-16: who has held or released, for the system scope; null once the account is erased';
revoke execute on function operations.email_of(uuid) from public;
grant execute on function operations.email_of(uuid) to commonhold_app;
