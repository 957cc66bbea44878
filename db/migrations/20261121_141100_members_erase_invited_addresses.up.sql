create function members.erase_invited_addresses()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  delete from members.invitations
  using old_rows
  where invitations.email = old_rows.email
    and invitations.created_at < coalesce(old_rows.deleted_at, now());
  perform set_config('app.system', was_system, true);
  return null;
end
$$;
comment on function members.erase_invited_addresses() is
  'GG-16: with an account its address goes from the invitations that came to it; a later one is for who has the address now';
revoke execute on function members.erase_invited_addresses() from public;
create trigger erase_invited_addresses after delete on identity.users
  referencing old table as old_rows
  for each statement execute function members.erase_invited_addresses();
