comment on table identity.signing_keys is 'Keys that sign access tokens; the newest one signs, all that are not retired verify';
delete from identity.signing_keys where algorithm <> 'ES256';
alter table identity.signing_keys
  drop constraint signing_keys_algorithm_known,
  add constraint signing_keys_algorithm_known check (algorithm in ('ES256'));
drop index identity.users_default_tenant_id_idx;
drop index identity.users_kind_service_idx;
drop function identity.forget_tenant(uuid, integer);
