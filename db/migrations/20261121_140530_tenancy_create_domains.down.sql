-- Which domains were primary is lost.
alter table tenancy.tenants drop constraint tenants_domain_fkey;
comment on column tenancy.tenants.domain is null;
drop trigger keep_proven_domains on tenancy.tenant_domains;
drop function tenancy.keep_proven_domains();
drop table tenancy.proven_domains;
select audit.untrack('tenancy.tenant_domains');
drop table tenancy.tenant_domains;
