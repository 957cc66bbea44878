create view federation.user_mapping_details with (security_invoker = true) as
select
  mapping.tenant_id,
  mapping.id,
  mapping.provider_id,
  provider.provider_name,
  mapping.user_id,
  account.email as user_email,
  account.full_name as user_name,
  mapping.external_id,
  mapping.external_email,
  mapping.external_username,
  mapping.external_name,
  mapping.sync_status,
  mapping.conflict,
  coalesce((mapping.sync_metadata ->> 'askedAt')::timestamptz > now() - interval '24 hours', false) as is_confirmation_sent,
  mapping.last_sync_at,
  mapping.last_sign_in_at,
  mapping.sync_metadata,
  mapping.created_at
from federation.iam_user_mappings as mapping
join federation.iam_providers as provider
  on provider.tenant_id = mapping.tenant_id and provider.id = mapping.provider_id
left join identity.users as account
  on account.id = mapping.user_id;
comment on view federation.user_mapping_details is 'Who somebody of a provider is here, with his name (AG-05)';
grant select on federation.user_mapping_details to commonhold_app;

create view federation.owner_details with (security_invoker = true) as
select
  membership.tenant_id,
  membership.id,
  membership.user_id,
  account.email,
  account.full_name,
  membership.is_break_glass
from tenancy.user_tenants as membership
join identity.users as account
  on account.id = membership.user_id and account.is_active and account.kind = 'person'
where (membership.expires_at is null or membership.expires_at > now())
  and exists (
    select
    from access.user_tenant_roles as held
    join access.roles as role
      on role.tenant_id = held.tenant_id and role.id = held.role_id and role.is_built_in and role.name = 'owner'
    where held.tenant_id = membership.tenant_id
      and held.user_tenant_id = membership.id
  );
comment on view federation.owner_details is 'Who owns a tenant, and which of them come in without its identity provider too';
grant select on federation.owner_details to commonhold_app;

create view federation.own_links with (security_invoker = true) as
select
  mapping.id,
  mapping.tenant_id,
  tenant.name as tenant_name,
  mapping.provider_id,
  provider.provider_name,
  mapping.user_id,
  mapping.external_id,
  mapping.external_email,
  mapping.external_name,
  mapping.sync_status,
  mapping.conflict,
  mapping.created_at,
  mapping.last_sign_in_at
from federation.iam_user_mappings as mapping
join federation.iam_providers as provider
  on provider.tenant_id = mapping.tenant_id and provider.id = mapping.provider_id
join tenancy.tenants as tenant
  on tenant.id = mapping.tenant_id;
comment on view federation.own_links is 'Links with the names of provider and tenant, for the person himself: read in the system scope';
grant select on federation.own_links to commonhold_app;
