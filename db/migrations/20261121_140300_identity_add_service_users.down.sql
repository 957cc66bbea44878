-- Service accounts become nobody's without their kind: they go, with what hangs on them.
delete from identity.users where kind = 'service';
drop trigger refuse_ways_in_for_services on identity.operators;
drop trigger refuse_ways_in_for_services on identity.external_identities;
drop trigger refuse_ways_in_for_services on identity.authenticators;
drop trigger refuse_ways_in_for_services on identity.passwords;
drop function identity.refuse_ways_in_for_services();
alter table identity.users
  drop constraint users_service_address,
  drop constraint users_kind_known,
  drop column kind;
comment on table identity.users is 'A person''s account. It belongs to no tenant: memberships lead to tenants';
select audit.track(
  'identity.users',
  ignore => '{updated_at,failed_login_attempts,last_failed_login_at,login_count,last_login_at,last_activity_at,lock_told_at,password_version}'
);
