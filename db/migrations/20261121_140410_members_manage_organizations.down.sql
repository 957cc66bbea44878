drop function members.list_administered();
drop function members.has_organization(uuid);
drop function members.list_places(uuid);
drop view members.organization_details;
drop policy user_organizations_removed_by_manager on tenancy.user_organizations;
drop policy user_organizations_changed_by_manager on tenancy.user_organizations;
drop policy user_organizations_added_by_manager on tenancy.user_organizations;
drop policy organizations_removed_by_manager on tenancy.organizations;
drop policy organizations_changed_by_manager on tenancy.organizations;
drop policy organizations_made_by_manager on tenancy.organizations;
drop trigger guard_place on tenancy.organizations;
drop trigger keep_tree_moved on tenancy.organizations;
drop trigger keep_tree_added on tenancy.organizations;
drop trigger take_turn on tenancy.organizations;
drop function members.guard_place();
drop function members.may_manage(uuid);
drop function members.administers(uuid);
drop function members.keep_tree();
alter table tenancy.organizations
  drop constraint organizations_settings_size,
  drop constraint organizations_description_length;
