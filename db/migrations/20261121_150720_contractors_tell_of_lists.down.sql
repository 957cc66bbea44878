drop trigger log_added on contractors.contractor_list_comments;
drop trigger log_updated on contractors.contractor_list_comments;
drop trigger log_removed on contractors.contractor_list_comments;
drop trigger log_added on contractors.contractor_list_shares;
drop trigger log_updated on contractors.contractor_list_shares;
drop trigger log_removed on contractors.contractor_list_shares;
drop function contractors.log_share_activity();
drop function contractors.log_comment_activity();

create or replace function contractors.log_list_activity()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action, metadata)
    select tenant_id, id, platform.current_user_id(), 'list.created', jsonb_build_object('name', name)
    from new_rows;
  else
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action, metadata)
    select n.tenant_id, n.id, platform.current_user_id(), 'list.updated', jsonb_build_object('changed', changed.fields)
    from new_rows as n
    join old_rows as o on o.tenant_id = n.tenant_id and o.id = n.id
    cross join lateral (
      select array_remove(
        array[
          case when n.name is distinct from o.name then 'name' end,
          case when n.description is distinct from o.description then 'description' end,
          case when n.is_public is distinct from o.is_public then 'isPublic' end,
          case when n.color is distinct from o.color then 'color' end,
          case when n.icon is distinct from o.icon then 'icon' end,
          case when n.sort_order is distinct from o.sort_order then 'sortOrder' end,
          case when n.settings is distinct from o.settings then 'settings' end
        ],
        null
      ) as fields
    ) as changed
    where changed.fields <> '{}';
  end if;
  return null;
end
$$;

create or replace function contractors.log_item_activity()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action, item_id, metadata)
    select tenant_id, list_id, platform.current_user_id(), 'item.added', id,
      jsonb_build_object('contractorId', contractor_profile_id)
    from new_rows;
  elsif tg_op = 'UPDATE' then
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action, item_id, metadata)
    select n.tenant_id, n.list_id, platform.current_user_id(), 'item.updated', n.id,
      jsonb_build_object('contractorId', n.contractor_profile_id, 'changed', changed.fields)
    from new_rows as n
    join old_rows as o on o.tenant_id = n.tenant_id and o.id = n.id
    cross join lateral (
      select array_remove(
        array[
          case when n.notes is distinct from o.notes then 'notes' end,
          case when n.tags is distinct from o.tags then 'tags' end,
          case when n.rating is distinct from o.rating then 'rating' end,
          case when n.priority is distinct from o.priority then 'priority' end,
          case when n.custom_data is distinct from o.custom_data then 'customData' end
        ],
        null
      ) as fields
    ) as changed
    where changed.fields <> '{}';
  else
    -- Items that go with their list leave no row: the activity of that list is gone as well.
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action, item_id, metadata)
    select o.tenant_id, o.list_id, platform.current_user_id(), 'item.removed', o.id,
      jsonb_build_object('contractorId', o.contractor_profile_id)
    from old_rows as o
    join contractors.contractor_lists as list on list.tenant_id = o.tenant_id and list.id = o.list_id;
  end if;
  return null;
end
$$;

drop trigger tell_of_list on contractors.contractor_list_activity;
drop function contractors.tell_of_list();
drop function contractors.activity_mark(uuid);
drop function contractors.current_guest_email();
alter table contractors.contractor_list_activity
  drop constraint contractor_list_activity_guest_length,
  drop column guest_email;
comment on column contractors.contractor_list_activity.action is 'list.created, list.updated, item.added, item.updated, item.removed';
