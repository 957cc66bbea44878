-- The certificates are lost.
drop function tenancy.finish_removal(jsonb, text);
drop function tenancy.prepare_certificate();
drop function tenancy.remove_traces(integer);
drop function tenancy.remove_rows(text, integer);
drop function tenancy.count_removed(jsonb);
drop function tenancy.require_removal();
drop function tenancy.begin_removal(uuid[]);
drop function tenancy.cancel_deletion();
drop function tenancy.request_deletion(integer, boolean, text);
drop function tenancy.count_rows();
drop function tenancy.removal_faults();
drop function tenancy.list_tenant_tables();
drop table tenancy.deletion_certificates;
grant update (deletion_requested_at, deletion_scheduled_at) on tenancy.tenants to commonhold_app;
select audit.untrack('tenancy.tenant_deletions');
drop table tenancy.tenant_deletions;
