-- As many rows as there are people, devices or roles: checked and indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, adding-foreign-key-constraint, adding-field-with-default, disallowed-unique-constraint
alter table access.permissions
  add column for_operators boolean not null default false,
  add constraint permissions_for_operators_unique unique (id, for_operators);
comment on column access.permissions.for_operators is 'Held by the installation''s operators (identity.operators), and by no role of a tenant';

alter table access.built_in_role_permissions
  add column for_operators boolean not null generated always as (false) stored,
  add constraint built_in_role_permissions_not_for_operators foreign key (permission_id, for_operators)
    references access.permissions (id, for_operators) on delete cascade;
alter table access.role_permissions
  add column for_operators boolean not null generated always as (false) stored,
  add constraint role_permissions_not_for_operators foreign key (permission_id, for_operators)
    references access.permissions (id, for_operators) on delete cascade;
comment on column access.built_in_role_permissions.for_operators is 'Always false: a tenant''s role cannot hold what is for operators';
comment on column access.role_permissions.for_operators is 'Always false: a tenant''s role cannot hold what is for operators';
create index built_in_role_permissions_for_operators_idx on access.built_in_role_permissions (permission_id, for_operators);
create index role_permissions_for_operators_idx on access.role_permissions (permission_id, for_operators);
select audit.track('access.permissions');
select audit.track('access.built_in_role_permissions');
select audit.track('access.role_permissions');
