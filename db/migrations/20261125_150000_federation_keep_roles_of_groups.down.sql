drop trigger keep_role_of_group on access.user_tenant_roles;
drop function federation.keep_role_of_group();
drop view federation.member_group_roles;
create view federation.member_group_roles with (security_invoker = true) as
select
  source.tenant_id,
  membership.user_id,
  source.role_id,
  mapping.provider_id,
  provider.provider_name,
  coalesce(mapping.external_group_name, mapping.external_group_id) as group_name
from federation.role_sources as source
join federation.iam_group_mappings as mapping
  on mapping.tenant_id = source.tenant_id and mapping.id = source.mapping_id
join federation.iam_providers as provider
  on provider.tenant_id = mapping.tenant_id and provider.id = mapping.provider_id
join tenancy.user_tenants as membership
  on membership.tenant_id = source.tenant_id and membership.id = source.user_tenant_id;
comment on view federation.member_group_roles is 'Which roles of a member groups give, and which groups (AG-06)';
grant select on federation.member_group_roles to commonhold_app;
