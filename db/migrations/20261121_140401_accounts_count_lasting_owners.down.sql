create or replace function accounts.find_owned_alone(of_user_id uuid)
returns table (tenant_id uuid, name text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Of two owners who leave at once the second waits here, and then sees that he is the last.
  perform
  from tenancy.tenants as tenant
  where tenant.id in (select membership.tenant_id from tenancy.user_tenants as membership where membership.user_id = of_user_id)
  order by tenant.id
  for no key update;

  return query
  select tenant.id, tenant.name
  from tenancy.tenants as tenant
  where exists (
      select
      from tenancy.user_tenants as membership
      join access.user_tenant_roles as held
        on held.tenant_id = membership.tenant_id and held.user_tenant_id = membership.id
      join access.roles as role
        on role.tenant_id = held.tenant_id and role.id = held.role_id and role.name = 'owner'
      where membership.tenant_id = tenant.id
        and membership.user_id = of_user_id
        and (membership.expires_at is null or membership.expires_at > now())
    )
    and exists (
      select
      from tenancy.user_tenants as membership
      join identity.users as account on account.id = membership.user_id and account.deleted_at is null
      where membership.tenant_id = tenant.id
        and membership.user_id <> of_user_id
        and (membership.expires_at is null or membership.expires_at > now())
    )
    and not exists (
      select
      from tenancy.user_tenants as membership
      join identity.users as account on account.id = membership.user_id and account.is_active
      join access.user_tenant_roles as held
        on held.tenant_id = membership.tenant_id and held.user_tenant_id = membership.id
      join access.roles as role
        on role.tenant_id = held.tenant_id and role.id = held.role_id and role.name = 'owner'
      where membership.tenant_id = tenant.id
        and membership.user_id <> of_user_id
        and (membership.expires_at is null or membership.expires_at > now())
    )
  order by tenant.name, tenant.id;
end
$$;
comment on function accounts.find_owned_alone(uuid) is
  'The tenants with other members whose only active owner this user is; locks his tenants, so that owners leave one after another';
