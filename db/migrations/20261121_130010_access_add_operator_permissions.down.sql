alter table access.role_permissions drop column for_operators;
alter table access.built_in_role_permissions drop column for_operators;
delete from access.permissions
where for_operators;
alter table access.permissions
  drop constraint permissions_for_operators_unique,
  drop column for_operators;
select audit.track('access.permissions');
select audit.track('access.built_in_role_permissions');
select audit.track('access.role_permissions');
