-- Whoever may edit a list, a guest too, takes a contractor out of it, and its owner puts it back with all that was noted.
-- What people had said about it went for good. Now it stays with the list, about an item that may be there or not; that it is
-- there when somebody begins to speak about it, contractors.place_answer() sees to.
alter table contractors.contractor_list_comments drop constraint contractor_list_comments_item_id_fkey;
comment on column contractors.contractor_list_comments.item_id is
  'Null where the list as a whole is meant. No foreign key: what was said about an item outlives its removal, which can be undone';

create or replace function contractors.log_comment_activity()
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
    join contractors.contractor_lists as list on list.tenant_id = o.tenant_id and list.id = o.list_id;
  end if;
  return null;
end
$$;
