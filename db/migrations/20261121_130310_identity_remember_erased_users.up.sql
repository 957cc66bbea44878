-- As many rows as there are people, devices or roles: checked and indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation
create table identity.erased_users (
  id uuid not null,
  erased_at timestamptz not null default now(),
  constraint erased_users_pkey primary key (id)
);
comment on table identity.erased_users is
  'Ids of accounts that are no more: whatever still names one (the audit log, a backup, a token) must never mean somebody else';
alter table identity.erased_users enable row level security;
alter table identity.erased_users force row level security;
create policy erased_users_system on identity.erased_users
  for select
  using ((select platform.is_system()));
-- The triggers run as the owner: whoever removes an account need not be allowed to write here.
create policy erased_users_owner_reads on identity.erased_users for select to commonhold_owner
  using (true);
create policy erased_users_owner_appends on identity.erased_users for insert to commonhold_owner
  with check (true);
grant select on identity.erased_users to commonhold_app;

create function identity.remember_erased_users()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into identity.erased_users (id)
  select id from old_rows;
  return null;
end
$$;
comment on function identity.remember_erased_users() is 'Keeps the ids of removed accounts, by whatever way they go';

create function identity.refuse_used_ids()
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
comment on function identity.refuse_used_ids() is 'Refuses an account with an id that another one has had';

create function identity.refuse_new_id()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'An account keeps its id'
    using errcode = 'check_violation', constraint = 'users_id_kept', schema = 'identity', table = 'users';
end
$$;
comment on function identity.refuse_new_id() is 'Refuses to give an account another id';
revoke execute
  on function identity.remember_erased_users(), identity.refuse_used_ids(), identity.refuse_new_id()
  from public;

create trigger remember_erased after delete on identity.users
  referencing old table as old_rows
  for each statement execute function identity.remember_erased_users();
-- After the insert and not before: only then has it waited for a removal of that id that was under way.
create trigger refuse_used_ids after insert on identity.users
  referencing new table as new_rows
  for each statement execute function identity.refuse_used_ids();
create trigger refuse_new_id before update of id on identity.users
  for each row
  when (old.id <> new.id)
  execute function identity.refuse_new_id();

create index users_created_at_idx on identity.users (created_at, id);
create index users_deleted_at_idx on identity.users (deleted_at) where deleted_at is not null;
comment on column identity.users.deleted_at is 'Erased with all that hangs on it 90 days later (GG-16)';
