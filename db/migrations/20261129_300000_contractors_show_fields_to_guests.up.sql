-- A list's own fields are remarks like the fixed ones: who came by a link sees them where the sharer shows remarks, and who may edit
-- fills them. What was filled into a field that the list has no longer stays, unseen, as it does when a member changes the item.
create function contractors.shared_fields()
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (
      select list.settings -> 'fields'
      from contractors.contractor_lists as list
      join contractors.current_share() as share on share.list_id = list.id and share.includes_remarks
      where list.tenant_id = platform.current_tenant_id()
    ),
    '[]'
  )
$$;
comment on function contractors.shared_fields() is 'The shared list''s own fields, where the sharer shows remarks';

create function contractors.of_shared_fields(given jsonb)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_object_agg(value.key, value.value), '{}')
  from jsonb_each(given) as value
  where value.key in (select field ->> 'id' from jsonb_array_elements(contractors.shared_fields()) as field)
$$;
comment on function contractors.of_shared_fields(jsonb) is 'Of values by field those of fields that the guest of this transaction sees';

drop function contractors.shared_remarks(uuid);
create function contractors.shared_remarks(of_item_id uuid)
returns table (notes text, tags jsonb, rating integer, priority text, custom_data jsonb)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select item.notes, item.tags, item.rating, item.priority, contractors.of_shared_fields(item.custom_data)
  from contractors.contractor_list_items as item
  join contractors.current_share() as share on share.list_id = item.list_id and share.includes_remarks
  where item.tenant_id = platform.current_tenant_id()
    and item.id = of_item_id
$$;
comment on function contractors.shared_remarks(uuid) is 'What is noted about a contractor of the shared list, where the sharer shows it';

create function contractors.with_shared_fields(of_item_id uuid, filled jsonb, emptied text[])
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select (item.custom_data || contractors.of_shared_fields(filled)) - emptied
  from contractors.contractor_list_items as item
  where item.tenant_id = platform.current_tenant_id()
    and item.list_id = contractors.shared_list_id()
    and contractors.may_guest('{edit}')
    and item.id = of_item_id
$$;
comment on function contractors.with_shared_fields(uuid, jsonb, text[]) is
  'The values of an item''s own fields as a guest who may edit changes them; of fields that the list does not have none are taken';

revoke execute
  on function
    contractors.shared_fields(), contractors.of_shared_fields(jsonb), contractors.shared_remarks(uuid),
    contractors.with_shared_fields(uuid, jsonb, text[])
  from public;
grant execute
  on function
    contractors.shared_fields(), contractors.of_shared_fields(jsonb), contractors.shared_remarks(uuid),
    contractors.with_shared_fields(uuid, jsonb, text[])
  to commonhold_guest;
grant update (custom_data) on contractors.contractor_list_items to commonhold_guest;
comment on column contractors.contractor_list_shares.includes_remarks is
  'Whether notes, tags, ratings, priorities and the list''s own fields are shown too; to members of the tenant they always are';
