-- The column is new and empty: what its check looks at is nothing, in partitions of a few months.
-- squawk-ignore-file constraint-missing-not-valid
alter table contractors.contractor_list_activity
  add column guest_email text,
  add constraint contractor_list_activity_guest_length check (length(guest_email) <= 255);
comment on column contractors.contractor_list_activity.guest_email is 'Who did it, where he came by a link and has no account';
comment on column contractors.contractor_list_activity.action is
  'list.created, list.updated, list.archived, list.unarchived; item.added, item.updated, item.removed, and items.… of several at once; share.added, share.updated, share.opened, share.removed, share.left; comment.added, comment.edited, comment.removed';

create function contractors.current_guest_email()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when coalesce(current_setting('app.share_session', true), '') = '' then null
    else (select share.email from contractors.current_share() as share)
  end
$$;
comment on function contractors.current_guest_email() is 'The guest of this transaction, by his address; null for members';
revoke execute on function contractors.current_guest_email() from public;

create function contractors.tell_of_list()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  told record;
begin
  -- Ids only: whoever may connect to the database can listen.
  for told in
    select distinct list_id, split_part(action, '.', 1) as about
    from new_rows
    limit 200
  loop
    perform pg_notify('commonhold_contractor_lists', told.list_id || ' ' || told.about);
  end loop;
  return null;
end
$$;
comment on function contractors.tell_of_list() is 'Open windows on a list hear, when this commits, that it has changed';
revoke execute on function contractors.tell_of_list() from public;
create trigger tell_of_list after insert on contractors.contractor_list_activity
  referencing new table as new_rows
  for each statement execute function contractors.tell_of_list();

create function contractors.activity_mark(of_list_id uuid)
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select count(*) || ' ' || coalesce(max(activity.id::text), '')
  from contractors.contractor_list_activity as activity
  where activity.tenant_id = platform.current_tenant_id()
    and activity.list_id = of_list_id
    and activity.created_at > date_trunc('hour', now()) - interval '1 hour'
$$;
comment on function contractors.activity_mark(uuid) is 'Is another one after each change of a list: for windows that no signal reaches. Ask it about lists that the user sees';
revoke execute on function contractors.activity_mark(uuid) from public;
grant execute on function contractors.activity_mark(uuid) to commonhold_app;

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
    return null;
  end if;
  insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action)
  select
    n.tenant_id,
    n.id,
    platform.current_user_id(),
    case when n.archived_at is null then 'list.unarchived' else 'list.archived' end
  from new_rows as n
  join old_rows as o on o.tenant_id = n.tenant_id and o.id = n.id
  where (n.archived_at is null) <> (o.archived_at is null);

  -- The place among the owner's lists is his own affair.
  insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action, metadata)
  select n.tenant_id, n.id, platform.current_user_id(), 'list.updated', jsonb_strip_nulls(jsonb_build_object(
    'changed', changed.fields,
    'name', case when n.name <> o.name then n.name end,
    'isPublic', case when n.is_public <> o.is_public then n.is_public end
  ))
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
        case when n.settings is distinct from o.settings then 'settings' end
      ],
      null
    ) as fields
  ) as changed
  where changed.fields <> '{}';
  return null;
end
$$;

create or replace function contractors.log_item_activity()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  guest constant text := contractors.current_guest_email();
begin
  if tg_op = 'INSERT' then
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, guest_email, action, item_id, metadata)
    select
      tenant_id,
      list_id,
      platform.current_user_id(),
      guest,
      case count(*) when 1 then 'item.added' else 'items.added' end,
      case count(*) when 1 then min(id::text)::uuid end,
      case count(*)
        when 1 then jsonb_build_object('contractorId', min(contractor_profile_id::text))
        else jsonb_build_object('count', count(*))
      end
    from new_rows
    group by tenant_id, list_id;
  elsif tg_op = 'UPDATE' then
    -- What is alike in many items is one row: a bulk is told once, with its count.
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, guest_email, action, item_id, metadata)
    select
      tenant_id,
      list_id,
      platform.current_user_id(),
      guest,
      case
        when fields = array['position'] then 'items.reordered'
        when count(*) = 1 then 'item.updated'
        else 'items.updated'
      end,
      case count(*) when 1 then min(id::text)::uuid end,
      jsonb_build_object('changed', fields) || case count(*)
        when 1 then jsonb_build_object('contractorId', min(contractor_profile_id::text))
        else jsonb_build_object('count', count(*))
      end
    from (
      select n.tenant_id, n.list_id, n.id, n.contractor_profile_id, array_remove(
        array[
          case when n.notes is distinct from o.notes then 'notes' end,
          case when n.tags is distinct from o.tags then 'tags' end,
          case when n.rating is distinct from o.rating then 'rating' end,
          case when n.priority is distinct from o.priority then 'priority' end,
          case when n.custom_data is distinct from o.custom_data then 'customData' end,
          case when n.position is distinct from o.position then 'position' end
        ],
        null
      ) as fields
      from new_rows as n
      join old_rows as o on o.tenant_id = n.tenant_id and o.id = n.id
    ) as changed
    where fields <> '{}'
    group by tenant_id, list_id, fields;
  else
    -- Items that go with their list leave no row: the activity of that list is gone as well.
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, guest_email, action, item_id, metadata)
    select
      o.tenant_id,
      o.list_id,
      platform.current_user_id(),
      guest,
      case count(*) when 1 then 'item.removed' else 'items.removed' end,
      case count(*) when 1 then min(o.id::text)::uuid end,
      case count(*)
        when 1 then jsonb_build_object('contractorId', min(o.contractor_profile_id::text))
        else jsonb_build_object('count', count(*))
      end
    from old_rows as o
    join contractors.contractor_lists as list on list.tenant_id = o.tenant_id and list.id = o.list_id
    group by o.tenant_id, o.list_id;
  end if;
  return null;
end
$$;

create function contractors.log_share_activity()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Where accounts and tenants go, shares go with them in no tenant's scope: nobody is left to tell.
  if platform.current_tenant_id() is null then
    return null;
  end if;
  if tg_op = 'INSERT' then
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action, metadata)
    select tenant_id, list_id, platform.current_user_id(), 'share.added', jsonb_strip_nulls(jsonb_build_object(
      'userId', shared_with_user_id, 'email', shared_with_email, 'permission', permission
    ))
    from new_rows;
  elsif tg_op = 'UPDATE' then
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, guest_email, action, metadata)
    select
      n.tenant_id,
      n.list_id,
      case when n.access_count > o.access_count then null else platform.current_user_id() end,
      case when n.access_count > o.access_count then n.shared_with_email end,
      case when n.access_count > o.access_count then 'share.opened' else 'share.updated' end,
      jsonb_strip_nulls(jsonb_build_object(
        'userId', n.shared_with_user_id, 'email', n.shared_with_email, 'permission', n.permission
      ))
    from new_rows as n
    join old_rows as o on o.tenant_id = n.tenant_id and o.id = n.id
    where n.access_count > o.access_count
      or (n.permission, n.includes_remarks, n.is_single_use, n.expires_at, n.access_token_hash, n.password_hash)
        is distinct from (o.permission, o.includes_remarks, o.is_single_use, o.expires_at, o.access_token_hash, o.password_hash);
  else
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action, metadata)
    select
      o.tenant_id,
      o.list_id,
      platform.current_user_id(),
      case when o.shared_with_user_id = platform.current_user_id() then 'share.left' else 'share.removed' end,
      jsonb_strip_nulls(jsonb_build_object('userId', o.shared_with_user_id, 'email', o.shared_with_email))
    from old_rows as o
    join contractors.contractor_lists as list on list.tenant_id = o.tenant_id and list.id = o.list_id;
  end if;
  return null;
end
$$;
comment on function contractors.log_share_activity() is 'GG-12: with whom a list is shared, when that changes, and when a link is opened';

create function contractors.log_comment_activity()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  guest constant text := contractors.current_guest_email();
begin
  if tg_op = 'INSERT' then
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, guest_email, action, item_id, metadata)
    select tenant_id, list_id, platform.current_user_id(), guest, 'comment.added', item_id, jsonb_build_object('commentId', id)
    from new_rows;
  elsif tg_op = 'UPDATE' then
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, guest_email, action, item_id, metadata)
    select
      n.tenant_id,
      n.list_id,
      platform.current_user_id(),
      guest,
      case when n.body is null then 'comment.removed' else 'comment.edited' end,
      n.item_id,
      jsonb_build_object('commentId', n.id)
    from new_rows as n
    join old_rows as o on o.tenant_id = n.tenant_id and o.id = n.id
    where n.body is distinct from o.body;
  else
    insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, guest_email, action, item_id, metadata)
    select
      o.tenant_id, o.list_id, platform.current_user_id(), guest, 'comment.removed', o.item_id, jsonb_build_object('commentId', o.id)
    from old_rows as o
    join contractors.contractor_lists as list on list.tenant_id = o.tenant_id and list.id = o.list_id
    where o.item_id is null
      or exists (
        select
        from contractors.contractor_list_items as item
        where item.tenant_id = o.tenant_id
          and item.id = o.item_id
      );
  end if;
  return null;
end
$$;
comment on function contractors.log_comment_activity() is 'GG-12: comments, without what they say';
revoke execute on function contractors.log_share_activity(), contractors.log_comment_activity() from public;

create trigger log_added after insert on contractors.contractor_list_shares
  referencing new table as new_rows
  for each statement execute function contractors.log_share_activity();
create trigger log_updated after update on contractors.contractor_list_shares
  referencing old table as old_rows new table as new_rows
  for each statement execute function contractors.log_share_activity();
create trigger log_removed after delete on contractors.contractor_list_shares
  referencing old table as old_rows
  for each statement execute function contractors.log_share_activity();
create trigger log_added after insert on contractors.contractor_list_comments
  referencing new table as new_rows
  for each statement execute function contractors.log_comment_activity();
create trigger log_updated after update on contractors.contractor_list_comments
  referencing old table as old_rows new table as new_rows
  for each statement execute function contractors.log_comment_activity();
create trigger log_removed after delete on contractors.contractor_list_comments
  referencing old table as old_rows
  for each statement execute function contractors.log_comment_activity();
