drop policy user_profiles_of_tenant on identity.user_profiles;
drop policy users_of_tenant on identity.users;
drop policy tenants_of_member on tenancy.tenants;
drop table tenancy.user_organizations;
drop table tenancy.organizations;
drop table tenancy.user_tenants;
drop table tenancy.tenants;
drop schema tenancy;
