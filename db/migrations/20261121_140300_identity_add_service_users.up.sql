-- As many rows as there are accounts: checked within seconds, in the migration's own transaction.
-- squawk-ignore-file constraint-missing-not-valid, adding-field-with-default
alter table identity.users
  add column kind text not null default 'person',
  add constraint users_kind_known check (kind in ('person', 'service')),
  add constraint users_service_address check ((kind = 'service') = (email like '%@service.invalid'));
comment on column identity.users.kind is
  'person, or service: a program of one tenant, known to foreign keys, row security and the audit log as a user is, without any way to sign in';
comment on table identity.users is
  'A person''s account, or that of a program. A person''s belongs to no tenant: memberships lead to tenants';
select audit.track(
  'identity.users',
  ignore => '{updated_at,failed_login_attempts,last_failed_login_at,login_count,last_login_at,last_activity_at,lock_told_at,password_version}'
);

create function identity.refuse_ways_in_for_services()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from identity.users as account where account.id = new.user_id and account.kind = 'service') then
    raise exception 'A service account has no way to sign in'
      using errcode = 'check_violation', constraint = 'users_service_has_no_way_in', schema = 'identity', table = 'users';
  end if;
  return new;
end
$$;
comment on function identity.refuse_ways_in_for_services() is
  'Passwords, passkeys, linked sign-ins and the rights of an operator are for people';
revoke execute on function identity.refuse_ways_in_for_services() from public;

create trigger refuse_ways_in_for_services before insert on identity.passwords
  for each row execute function identity.refuse_ways_in_for_services();
create trigger refuse_ways_in_for_services before insert on identity.authenticators
  for each row execute function identity.refuse_ways_in_for_services();
create trigger refuse_ways_in_for_services before insert on identity.external_identities
  for each row execute function identity.refuse_ways_in_for_services();
create trigger refuse_ways_in_for_services before insert on identity.operators
  for each row execute function identity.refuse_ways_in_for_services();
