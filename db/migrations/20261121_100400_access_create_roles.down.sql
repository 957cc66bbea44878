drop table access.user_tenant_roles;
drop table access.role_permissions;
drop table access.roles;
drop table access.built_in_role_permissions;
drop table access.permissions;
drop schema access;
