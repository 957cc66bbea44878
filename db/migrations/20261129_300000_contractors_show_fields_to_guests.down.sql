comment on column contractors.contractor_list_shares.includes_remarks is
  'Whether notes, tags, ratings and priorities are shown too; to members of the tenant they always are';
revoke update (custom_data) on contractors.contractor_list_items from commonhold_guest;
drop function contractors.with_shared_fields(uuid, jsonb, text[]);
drop function contractors.shared_remarks(uuid);
drop function contractors.of_shared_fields(jsonb);
drop function contractors.shared_fields();
create function contractors.shared_remarks(of_item_id uuid)
returns table (notes text, tags jsonb, rating integer, priority text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select item.notes, item.tags, item.rating, item.priority
  from contractors.contractor_list_items as item
  join contractors.current_share() as share on share.list_id = item.list_id and share.includes_remarks
  where item.tenant_id = platform.current_tenant_id()
    and item.id = of_item_id
$$;
comment on function contractors.shared_remarks(uuid) is 'What is noted about a contractor of the shared list, where the sharer shows it';
revoke execute on function contractors.shared_remarks(uuid) from public;
grant execute on function contractors.shared_remarks(uuid) to commonhold_guest;
