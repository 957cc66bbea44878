-- lower() is not leakproof, so that under row security a condition with it is no index condition: each lookup by userName
-- read the whole directory.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, adding-field-with-default
alter table federation.scim_users add column user_name_key text generated always as (lower(user_name)) stored;
comment on column federation.scim_users.user_name_key is 'The userName as it is compared: in any case';
drop index federation.scim_users_user_name_unique;
create unique index scim_users_user_name_unique on federation.scim_users (tenant_id, provider_id, user_name_key)
  where deleted_at is null;
alter table federation.scim_groups add column display_name_key text generated always as (lower(display_name)) stored;
comment on column federation.scim_groups.display_name_key is 'The displayName as it is compared: in any case';
drop index federation.scim_groups_display_name_unique;
create unique index scim_groups_display_name_unique on federation.scim_groups (tenant_id, provider_id, display_name_key);
