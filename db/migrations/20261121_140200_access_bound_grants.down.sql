drop function access.set_roles_of(uuid, uuid[]);
drop function access.set_default_role(uuid);
grant update (is_default) on access.roles to commonhold_app;
drop trigger guard_expiry on tenancy.user_tenants;
drop trigger guard_removal on tenancy.user_tenants;
drop function access.guard_membership();
drop trigger guard_role on access.roles;
drop function access.guard_role();
drop trigger guard_role_permission on access.role_permissions;
drop function access.guard_role_permission();
drop trigger guard_taken_roles on access.user_tenant_roles;
drop function access.guard_taken_roles();
drop trigger guard_given_roles on access.user_tenant_roles;
drop function access.guard_given_roles();
drop function access.require_held(uuid, uuid[], text[], uuid[]);
drop function access.find_unheld(uuid, uuid[], text[], text[], uuid[]);
drop function access.find_own_roles(uuid);
drop view access.role_grants;
comment on column access.roles.scopes is null;
alter table access.roles
  drop constraint roles_scopes_shape,
  drop constraint roles_name_reserved,
  drop constraint roles_name_trimmed;
drop index access.roles_name_unique_in_any_case;
