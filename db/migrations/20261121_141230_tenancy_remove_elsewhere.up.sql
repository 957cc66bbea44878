-- squawk-ignore-file adding-not-nullable-field
alter table tenancy.tenant_deletions
  add column counted_elsewhere_at timestamptz,
  add column last_error text,
  add column last_error_at timestamptz;
comment on column tenancy.tenant_deletions.counted_elsewhere_at is
  'When its rows in databases beside the main one were counted for the certificate: once, before any of them goes';
comment on column tenancy.tenant_deletions.last_error is 'Why its removal did not come to an end the last time, a database of its own being away; null where it did, or was not tried yet';
grant update (last_error, last_error_at) on tenancy.tenant_deletions to commonhold_app;
select audit.track(
  'tenancy.tenant_deletions',
  ignore => '{removed,told_half_at,told_last_at,counted_elsewhere_at,last_error,last_error_at}'
);

create function tenancy.count_removed_elsewhere(counts jsonb)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  perform tenancy.require_removal();
  update tenancy.tenant_deletions
  set counted_elsewhere_at = now()
  where tenant_id = platform.current_tenant_id()
    and counted_elsewhere_at is null;
  if found then
    perform tenancy.count_removed(counts);
  end if;
  perform set_config('app.system', was_system, true);
end
$$;
comment on function tenancy.count_removed_elsewhere(jsonb) is
  'Adds what is about to be removed from the databases that the scope''s tenant has of its own to its certificate: once, whoever is killed in between';

create function tenancy.end_move_of_removed()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  moving integer;
  changes integer;
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  perform tenancy.require_removal();
  delete from platform.moving_tenants where tenant_id = platform.current_tenant_id();
  get diagnostics moving = row_count;
  delete from platform.move_changes where tenant_id = platform.current_tenant_id();
  get diagnostics changes = row_count;
  perform tenancy.count_removed(jsonb_build_object('platform.moving_tenants', moving, 'platform.move_changes', changes));
  perform set_config('app.system', was_system, true);
end
$$;
comment on function tenancy.end_move_of_removed() is
  'Rows of an old copy are never written: they go only once they are none any more. For the scope''s tenant, whose removal has begun';
revoke execute on function tenancy.count_removed_elsewhere(jsonb), tenancy.end_move_of_removed() from public;
grant execute on function tenancy.count_removed_elsewhere(jsonb), tenancy.end_move_of_removed() to commonhold_app;
