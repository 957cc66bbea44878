create function accounts.add_members(of_tenant_id uuid, role_name text, user_ids uuid[])
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  was_tenant constant text := coalesce(current_setting('app.tenant_id', true), '');
  added integer;
begin
  perform set_config('app.tenant_id', of_tenant_id::text, true);
  with joined as (
    insert into tenancy.user_tenants (tenant_id, user_id)
    select of_tenant_id, user_id
    from unnest(user_ids) as user_id
    on conflict (tenant_id, user_id) do nothing
    returning id
  )
  insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id)
  select of_tenant_id, joined.id, role.id
  from joined
  join access.roles as role on role.tenant_id = of_tenant_id and role.name = role_name;
  get diagnostics added = row_count;
  perform set_config('app.tenant_id', was_tenant, true);

  update identity.users
  set default_tenant_id = of_tenant_id
  where id = any (user_ids)
    and default_tenant_id is null;
  return added;
end
$$;
comment on function accounts.add_members(uuid, text, uuid[]) is
  'Makes many users members of a tenant with a role of it; who is a member already keeps the roles that he has. Returns how many are new';
revoke execute on function accounts.add_members(uuid, text, uuid[]) from public;
grant execute on function accounts.add_members(uuid, text, uuid[]) to commonhold_app;
