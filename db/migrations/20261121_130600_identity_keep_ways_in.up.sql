create function identity.keep_way_in()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
  has_way_in boolean;
begin
  -- Whoever removes it sees perhaps his own rows only: what is left is counted whole.
  perform set_config('app.system', 'on', true);
  -- Two removals at once wait here for each other: the second sees what the first has left.
  perform from identity.users where id = old.user_id and deleted_at is null for no key update;
  has_way_in := not found
    or exists (select from identity.passwords where user_id = old.user_id and replaced_at is null)
    or exists (select from identity.authenticators where user_id = old.user_id)
    or exists (select from identity.external_identities where user_id = old.user_id);
  perform set_config('app.system', was_system, true);
  if not has_way_in then
    raise exception 'user % would have no way in', old.user_id
      using
        errcode = 'restrict_violation',
        schema = 'identity',
        table = 'users',
        constraint = 'users_keep_way_in',
        hint = 'Give the account a password, a passkey or a linked sign-in first';
  end if;
  return null;
end
$$;
comment on function identity.keep_way_in() is
  'A living user keeps a way in: a current password, a passkey or an account elsewhere (MT-07); violates users_keep_way_in';
revoke execute on function identity.keep_way_in() from public;

-- A new password takes the place of the old one in two statements: asked at the end of the transaction.
create constraint trigger passwords_keep_way_in
  after delete or update of replaced_at, user_id on identity.passwords
  deferrable initially deferred
  for each row
  execute function identity.keep_way_in();
create constraint trigger authenticators_keep_way_in
  after delete or update of user_id on identity.authenticators
  deferrable initially immediate
  for each row
  execute function identity.keep_way_in();
create constraint trigger external_identities_keep_way_in
  after delete or update of user_id on identity.external_identities
  deferrable initially immediate
  for each row
  execute function identity.keep_way_in();
