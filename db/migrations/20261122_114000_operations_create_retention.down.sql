drop table operations.retention_runs;
do $$
declare
  part regclass;
begin
  for part in select relid from pg_partition_tree('contractors.contractor_list_activity'::regclass) loop
    execute format('drop policy if exists owner_reads on %s', part);
  end loop;
end
$$;
drop trigger keep_held_begun on tenancy.tenant_deletions;
drop trigger keep_held_asked on tenancy.tenant_deletions;
drop trigger keep_held on tenancy.tenants;
drop function operations.keep_held_tenant();
drop trigger keep_held on identity.users;
drop function operations.keep_held_user();
drop function operations.refuse_held(uuid, uuid);
drop function platform.find_hold(uuid, uuid);
select audit.untrack('operations.legal_holds');
drop function operations.list_holds(boolean);
drop table operations.legal_holds;
drop function operations.keep_release();
drop function operations.begin_hold();
