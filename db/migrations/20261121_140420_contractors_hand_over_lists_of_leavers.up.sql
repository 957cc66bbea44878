create function contractors.hand_over_lists_of_leaver()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
  was_tenant constant text := coalesce(current_setting('app.tenant_id', true), '');
  list record;
begin
  -- Where the tenant or the account itself goes, its lists have gone with it, or have been handed over.
  perform set_config('app.system', 'on', true), set_config('app.tenant_id', old.tenant_id::text, true);
  for list in
    select shared.id, successor.user_id as successor_id
    from tenancy.tenants as tenant
    join identity.users as leaver on leaver.id = old.user_id
    join contractors.contractor_lists as shared on shared.tenant_id = tenant.id and shared.user_id = leaver.id
    cross join lateral (
      select membership.user_id
      from tenancy.user_tenants as membership
      join identity.users as account
        on account.id = membership.user_id and account.is_active and account.kind = 'person'
      left join access.user_tenant_roles as held
        on held.tenant_id = membership.tenant_id and held.user_tenant_id = membership.id
      left join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id
      where membership.tenant_id = shared.tenant_id
        and membership.user_id <> old.user_id
        and (membership.expires_at is null or membership.expires_at > now())
      order by array_position(array['owner', 'admin', 'member'], role.name), membership.joined_at, membership.id
      limit 1
    ) as successor
    where tenant.id = old.tenant_id
      and not (tenant.status = 'pending_deletion' and tenant.deletion_scheduled_at <= now())
      and (
        shared.is_public
        or exists (
          select
          from contractors.contractor_list_shares as share
          where share.tenant_id = shared.tenant_id
            and share.list_id = shared.id
        )
      )
  loop
    delete from contractors.contractor_list_shares
    where tenant_id = old.tenant_id
      and list_id = list.id
      and shared_with_user_id = list.successor_id;
    update contractors.contractor_list_shares
    set shared_by = list.successor_id
    where tenant_id = old.tenant_id
      and list_id = list.id
      and shared_by = old.user_id;
    update contractors.contractor_lists
    set user_id = list.successor_id, is_default = false
    where tenant_id = old.tenant_id
      and id = list.id;
  end loop;
  perform set_config('app.system', was_system, true), set_config('app.tenant_id', was_tenant, true);
  return old;
end
$$;
comment on function contractors.hand_over_lists_of_leaver() is
  'After a membership has ended: lists that others see get a new owner in the tenant; the leaver''s private ones stay as they are, for when he comes back';
revoke execute on function contractors.hand_over_lists_of_leaver() from public;
create trigger hand_over_lists after delete on tenancy.user_tenants
  for each row execute function contractors.hand_over_lists_of_leaver();
