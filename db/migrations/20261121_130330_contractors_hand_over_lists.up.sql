-- As many rows as there are people, devices or roles: checked and indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation
-- Whose a list is narrows what the program sees in a tenant. The owner of the schema acts for the tenant as a whole: a
-- list that a team works with must find a new owner when its own is erased, which no single user may do.
alter policy contractor_lists_seen_by on contractors.contractor_lists to commonhold_app, commonhold_readonly;
alter policy contractor_lists_changed_by_owner on contractors.contractor_lists to commonhold_app, commonhold_readonly;
alter policy contractor_list_shares_seen_by on contractors.contractor_list_shares to commonhold_app, commonhold_readonly;
alter policy contractor_list_shares_changed_by_sharer on contractors.contractor_list_shares to commonhold_app, commonhold_readonly;
alter policy contractor_list_shares_ended_by on contractors.contractor_list_shares to commonhold_app, commonhold_readonly;
create policy contractor_lists_handed_over on contractors.contractor_lists to commonhold_owner
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy contractor_list_shares_handed_over on contractors.contractor_list_shares to commonhold_owner
  using ((select platform.is_system()))
  with check ((select platform.is_system()));

create function contractors.hand_over_lists()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
  list record;
begin
  perform set_config('app.system', 'on', true);
  for list in
    select shared.tenant_id, shared.id, successor.user_id as successor_id
    from contractors.contractor_lists as shared
    cross join lateral (
      select membership.user_id
      from tenancy.user_tenants as membership
      join identity.users as account on account.id = membership.user_id and account.is_active
      left join access.user_tenant_roles as held
        on held.tenant_id = membership.tenant_id and held.user_tenant_id = membership.id
      left join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id
      where membership.tenant_id = shared.tenant_id
        and membership.user_id <> old.id
        and (membership.expires_at is null or membership.expires_at > now())
      order by array_position(array['owner', 'admin', 'member'], role.name), membership.joined_at, membership.id
      limit 1
    ) as successor
    where shared.user_id = old.id
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
    where tenant_id = list.tenant_id
      and list_id = list.id
      and shared_with_user_id = list.successor_id;
    update contractors.contractor_list_shares
    set shared_by = list.successor_id
    where tenant_id = list.tenant_id
      and list_id = list.id
      and shared_by = old.id;
    update contractors.contractor_lists
    set user_id = list.successor_id, is_default = false
    where tenant_id = list.tenant_id
      and id = list.id;
  end loop;

  -- What was shared with his address opens for who has it, not for who makes an account with it later.
  delete from contractors.contractor_list_shares
  where shared_with_email = old.email
    and shared_at < coalesce(old.deleted_at, now());
  perform set_config('app.system', was_system, true);
  return old;
end
$$;
comment on function contractors.hand_over_lists() is
  'Before an account goes: lists that others see get a new owner in their tenant (an owner of it before others, the longest there); his private ones go with him';
revoke execute on function contractors.hand_over_lists() from public;
create trigger hand_over_lists before delete on identity.users
  for each row execute function contractors.hand_over_lists();
create index contractor_list_shares_email_idx on contractors.contractor_list_shares (shared_with_email)
  where shared_with_email is not null;
