-- As many rows as there are accounts and keys: indexed and checked within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid
create function identity.forget_tenant(of_tenant_id uuid, most integer)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  sessions integer;
  defaults integer;
  services integer;
begin
  update identity.user_sessions
  set active_tenant_id = null
  where id in (select id from identity.user_sessions where active_tenant_id = of_tenant_id limit most);
  get diagnostics sessions = row_count;

  -- A person's account belongs to no tenant, nor does the entry about it.
  perform set_config('app.tenant_id', '', true);
  update identity.users
  set default_tenant_id = null
  where id in (select id from identity.users where default_tenant_id = of_tenant_id limit most);
  get diagnostics defaults = row_count;

  -- A program's account belongs to one tenant, and to none once its membership is gone.
  delete from identity.users
  where id in (
    select account.id
    from identity.users as account
    where account.kind = 'service'
      and not exists (select from tenancy.user_tenants as membership where membership.user_id = account.id)
    limit most
  );
  get diagnostics services = row_count;
  perform set_config('app.tenant_id', of_tenant_id::text, true);
  return jsonb_build_object(
    'identity.user_sessions (moved out)', sessions,
    'identity.users (moved out)', defaults,
    'identity.users', services
  );
end
$$;
comment on function identity.forget_tenant(uuid, integer) is
  'Leads sessions and people out of a tenant that is being removed, and removes its programs, whose memberships are gone already';
revoke execute on function identity.forget_tenant(uuid, integer) from public;
create index users_kind_service_idx on identity.users (id) where kind = 'service';
create index users_default_tenant_id_idx on identity.users (default_tenant_id) where default_tenant_id is not null;

alter table identity.signing_keys
  drop constraint signing_keys_algorithm_known,
  add constraint signing_keys_algorithm_known check (algorithm in ('ES256', 'Ed25519'));
comment on table identity.signing_keys is
  'Keys that sign: access tokens with ES256, documents with Ed25519. The newest of each signs, all that are not retired verify';
