-- Each is the beginning of another index of its table, which serves the same questions.
-- squawk-ignore-file require-concurrent-index-deletion
drop index access.built_in_role_permissions_permission_id_idx;
drop index access.role_permissions_permission_id_idx;
drop index identity.login_histories_created_at_idx;
drop index tenancy.tenants_status_idx;
