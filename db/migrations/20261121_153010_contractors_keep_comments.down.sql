-- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid
update contractors.contractor_list_comments as comment
set item_id = null
where comment.item_id is not null
  and not exists (
    select
    from contractors.contractor_list_items as item
    where item.tenant_id = comment.tenant_id
      and item.id = comment.item_id
  );
alter table contractors.contractor_list_comments
  add constraint contractor_list_comments_item_id_fkey foreign key (tenant_id, item_id)
    references contractors.contractor_list_items (tenant_id, id) on delete cascade;
comment on column contractors.contractor_list_comments.item_id is 'Null where the list as a whole is meant';

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
