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

create view federation.providers_of_tenants with (security_invoker = true) as
select
  provider.tenant_id,
  tenant.slug,
  provider.id as provider_id,
  provider.provider_name,
  provider.status
from federation.iam_providers as provider
join tenancy.tenants as tenant on tenant.id = provider.tenant_id;
comment on view federation.providers_of_tenants is 'The identity providers by the workspace that operators know them by';
grant select on federation.providers_of_tenants to commonhold_app;
