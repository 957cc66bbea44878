drop function access.membership_of(uuid);
drop function access.name_of(uuid);
drop trigger keep_services_at_home on tenancy.user_tenants;
drop function access.keep_services_at_home();
select audit.untrack('access.api_keys');
drop table access.api_keys;
drop function access.guard_api_key();
select audit.untrack('access.service_accounts');
drop table access.service_accounts;
