-- squawk-ignore-file require-concurrent-index-creation
create index built_in_role_permissions_permission_id_idx on access.built_in_role_permissions (permission_id);
create index role_permissions_permission_id_idx on access.role_permissions (permission_id);
create index login_histories_created_at_idx on identity.login_histories (created_at);
create index tenants_status_idx on tenancy.tenants (status);
