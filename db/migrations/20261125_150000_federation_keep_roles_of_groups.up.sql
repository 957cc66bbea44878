create or replace view federation.member_group_roles with (security_invoker = true) as
select
  source.tenant_id,
  membership.user_id,
  source.role_id,
  mapping.provider_id,
  provider.provider_name,
  coalesce(mapping.external_group_name, mapping.external_group_id) as group_name,
  source.user_tenant_id,
  exists (
    select
    from federation.role_sources as hand
    where hand.tenant_id = source.tenant_id
      and hand.user_tenant_id = source.user_tenant_id
      and hand.role_id = source.role_id
      and hand.mapping_id is null
  ) as is_by_hand_too,
  mapping.auto_assign
    and mapping.sync_status <> 'disabled'
    and provider.status <> 'inactive'
    and (not role.is_built_in or role.name <> 'owner' or federation.may_make_owners(provider.id)) as comes_back
from federation.role_sources as source
join federation.iam_group_mappings as mapping
  on mapping.tenant_id = source.tenant_id and mapping.id = source.mapping_id
join federation.iam_providers as provider
  on provider.tenant_id = mapping.tenant_id and provider.id = mapping.provider_id
join access.roles as role on role.tenant_id = source.tenant_id and role.id = source.role_id
join tenancy.user_tenants as membership
  on membership.tenant_id = source.tenant_id and membership.id = source.user_tenant_id;
comment on column federation.member_group_roles.is_by_hand_too is 'He had it before the group gave it: he keeps it without the group';
comment on column federation.member_group_roles.comes_back is
  'Taken by hand, it would be given again with the next sync: the mapping assigns, and neither it nor its provider is switched off';

create function federation.keep_role_of_group()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
declare
  given record;
begin
  -- With a membership its roles go, whatever gave them.
  if not exists (
    select
    from tenancy.user_tenants
    where tenant_id = old.tenant_id
      and id = old.user_tenant_id
  ) then
    return old;
  end if;
  select group_name, provider_id, provider_name, is_by_hand_too
  into given
  from federation.member_group_roles
  where tenant_id = old.tenant_id
    and user_tenant_id = old.user_tenant_id
    and role_id = old.role_id
    and comes_back
  order by provider_name, group_name
  limit 1;
  if not found then
    return old;
  end if;
  if not given.is_by_hand_too then
    raise exception 'a group of an identity provider gives this role'
      using
        errcode = 'CH001',
        constraint = 'federation.role_of_group',
        detail = jsonb_build_object('group', given.group_name, 'provider', given.provider_name)::text,
        schema = 'access',
        table = 'user_tenant_roles';
  end if;
  perform access.require_held(old.tenant_id, array[old.role_id], '{}');
  delete from federation.role_sources
  where tenant_id = old.tenant_id
    and user_tenant_id = old.user_tenant_id
    and role_id = old.role_id
    and mapping_id is null;
  perform audit.record_event(
    'part_role',
    'access.user_tenant_roles',
    old.user_tenant_id::text || '/' || old.role_id::text,
    jsonb_build_object('provider_id', given.provider_id, 'provider', given.provider_name, 'group', given.group_name)
  );
  return null;
end
$function$;
comment on function federation.keep_role_of_group() is
  'AG-06: nobody takes by hand what the next sync would give again. Of a role that somebody has by hand and by a group, the hand''s part goes, and he has it for as long as he is in the group';
revoke execute on function federation.keep_role_of_group() from public;
create trigger keep_role_of_group
  before delete on access.user_tenant_roles
  for each row when (not platform.is_system())
  execute function federation.keep_role_of_group();
