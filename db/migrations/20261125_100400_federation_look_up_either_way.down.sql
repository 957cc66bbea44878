-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
drop index federation.role_sources_mapping_id_idx;
create index role_sources_mapping_id_idx on federation.role_sources (tenant_id, mapping_id, role_id);
drop index access.user_tenant_roles_role_id_idx;
create index user_tenant_roles_role_id_idx on access.user_tenant_roles (tenant_id, role_id);
