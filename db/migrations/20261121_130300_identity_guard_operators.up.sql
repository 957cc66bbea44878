-- They run as whoever makes the change: row security binds the owner too, and who may remove an operator sees them all.
create function identity.keep_one_operator()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_table_name = 'operators' then
    -- A cascade is a statement too, mostly one that removes nobody.
    if not exists (select from old_rows) then
      return null;
    end if;
  elsif not exists (select from identity.operators where user_id = old.id) then
    return null;
  end if;
  -- One after another: of two operators who leave at once each would still see the other.
  perform pg_advisory_xact_lock(hashtext('identity.operators'));
  if not exists (
    select
    from identity.operators as operator
    join identity.users as account on account.id = operator.user_id
    where account.is_active
  ) then
    raise exception 'An installation keeps at least one active operator'
      using errcode = 'check_violation', constraint = 'operators_one_active', schema = 'identity', table = 'operators';
  end if;
  return null;
end
$$;
comment on function identity.keep_one_operator() is 'Refuses a change after which no active account runs the installation';

create function identity.require_active_operator()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  is_active boolean;
begin
  -- Held until the end: he cannot be suspended meanwhile.
  select account.is_active into is_active
  from identity.users as account
  where account.id = new.user_id
  for share;
  if not coalesce(is_active, false) then
    raise exception 'Only an active account can run the installation'
      using errcode = 'check_violation', constraint = 'operators_active', schema = 'identity', table = 'operators';
  end if;
  return null;
end
$$;
comment on function identity.require_active_operator() is 'Refuses to make an operator of somebody who cannot sign in';
revoke execute on function identity.keep_one_operator(), identity.require_active_operator() from public;

create trigger keep_one_operator after delete on identity.operators
  referencing old table as old_rows
  for each statement execute function identity.keep_one_operator();
create trigger require_active_operator after insert on identity.operators
  for each row execute function identity.require_active_operator();
create trigger keep_one_operator after update of status on identity.users
  for each row
  when (old.status = 'active' and new.status <> 'active')
  execute function identity.keep_one_operator();
