-- Who goes back waits a moment: a directory has thousands of rows, not millions.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, ban-drop-column
drop index federation.scim_groups_display_name_unique;
alter table federation.scim_groups drop column display_name_key;
create unique index scim_groups_display_name_unique on federation.scim_groups (tenant_id, provider_id, lower(display_name));
drop index federation.scim_users_user_name_unique;
alter table federation.scim_users drop column user_name_key;
create unique index scim_users_user_name_unique on federation.scim_users (tenant_id, provider_id, lower(user_name))
  where deleted_at is null;
