drop view federation.providers_of_tenants;
drop view federation.member_group_roles;
