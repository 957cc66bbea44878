create table contractors.contractor_list_comments (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  list_id uuid not null,
  item_id uuid,
  parent_id uuid,
  user_id uuid,
  share_id uuid,
  guest_email text,
  body text,
  mentioned_ids uuid[] not null default '{}',
  edited_at timestamptz,
  created_at timestamptz(3) not null default now(),
  constraint contractor_list_comments_pkey primary key (tenant_id, id),
  constraint contractor_list_comments_body_length check (length(body) between 1 and 5000),
  constraint contractor_list_comments_guest_shape check (guest_email = lower(guest_email) and length(guest_email) <= 255),
  constraint contractor_list_comments_by_one check (num_nonnulls(user_id, guest_email) <= 1),
  constraint contractor_list_comments_mentions_few check (cardinality(mentioned_ids) <= 20),
  constraint contractor_list_comments_list_id_fkey foreign key (tenant_id, list_id)
    references contractors.contractor_lists (tenant_id, id) on delete cascade,
  constraint contractor_list_comments_item_id_fkey foreign key (tenant_id, item_id)
    references contractors.contractor_list_items (tenant_id, id) on delete cascade,
  constraint contractor_list_comments_parent_id_fkey foreign key (tenant_id, parent_id)
    references contractors.contractor_list_comments (tenant_id, id) on delete cascade,
  constraint contractor_list_comments_share_id_fkey foreign key (tenant_id, share_id)
    references contractors.contractor_list_shares (tenant_id, id) on delete set null (share_id),
  constraint contractor_list_comments_user_id_fkey foreign key (user_id) references identity.users (id) on delete set null
);
comment on table contractors.contractor_list_comments is
  'What people say to each other about a list or a contractor in it: members, and guests who may comment (GG-11). Answers stand one level below';
comment on column contractors.contractor_list_comments.item_id is 'Null where the list as a whole is meant';
comment on column contractors.contractor_list_comments.guest_email is 'Who wrote it without an account; stays when the share is ended';
comment on column contractors.contractor_list_comments.body is 'Null once it was removed while answers stand below it';
create index contractor_list_comments_list_idx on contractors.contractor_list_comments (tenant_id, list_id, created_at desc, id);
create index contractor_list_comments_item_idx on contractors.contractor_list_comments (tenant_id, item_id) where item_id is not null;
create index contractor_list_comments_parent_idx on contractors.contractor_list_comments (tenant_id, parent_id) where parent_id is not null;
create index contractor_list_comments_share_idx on contractors.contractor_list_comments (tenant_id, share_id) where share_id is not null;
create index contractor_list_comments_user_idx on contractors.contractor_list_comments (user_id);
select platform.isolate('contractors.contractor_list_comments');
select audit.track('contractors.contractor_list_comments', context => '{list_id,item_id}');

create function contractors.can_comment_list(list_id uuid)
returns boolean
language sql
stable
parallel safe
as $$
  select exists (
    select
    from contractors.contractor_lists as list
    where list.tenant_id = platform.current_tenant_id()
      and list.id = can_comment_list.list_id
      and list.archived_at is null
      and (
        list.user_id = platform.current_user_id()
        or exists (
          select
          from contractors.contractor_list_shares as share
          where share.tenant_id = list.tenant_id
            and share.list_id = list.id
            and share.shared_with_user_id = platform.current_user_id()
            and share.permission in ('comment', 'edit')
            and (share.expires_at is null or share.expires_at > now())
        )
      )
  )
$$;
comment on function contractors.can_comment_list(uuid) is 'The list is in use, and the current user owns it, or it is shared with him for comments or more';

create policy contractor_list_comments_seen_with_list on contractors.contractor_list_comments
  as restrictive
  for select
  to commonhold_app, commonhold_readonly
  using (
    exists (
      select
      from contractors.contractor_lists as list
      where list.tenant_id = contractor_list_comments.tenant_id
        and list.id = contractor_list_comments.list_id
    )
  );
create policy contractor_list_comments_written_by on contractors.contractor_list_comments
  as restrictive
  for insert
  to commonhold_app, commonhold_readonly
  with check (
    user_id = (select platform.current_user_id())
    and guest_email is null
    and contractors.can_comment_list(list_id)
  );
create policy contractor_list_comments_changed_by_writer on contractors.contractor_list_comments
  as restrictive
  for update
  to commonhold_app, commonhold_readonly
  using (
    contractors.can_comment_list(list_id)
    and (user_id = (select platform.current_user_id()) or contractors.owns_list(list_id))
  )
  with check (
    body is null and contractors.owns_list(list_id)
    or user_id = (select platform.current_user_id()) and contractors.can_comment_list(list_id)
  );
create policy contractor_list_comments_removed_by on contractors.contractor_list_comments
  as restrictive
  for delete
  to commonhold_app, commonhold_readonly
  using (user_id = (select platform.current_user_id()) or contractors.owns_list(list_id));

create policy contractor_list_comments_shared_with_guest on contractors.contractor_list_comments
  as restrictive
  to commonhold_guest
  using (
    list_id = (select contractors.shared_list_id())
    and (select contractors.may_guest('{comment,edit}'))
  )
  with check (
    list_id = (select contractors.shared_list_id())
    and (select contractors.may_guest('{comment,edit}'))
    and share_id = (select share_id from contractors.current_share())
    and guest_email = (select email from contractors.current_share())
    and user_id is null
    and mentioned_ids = '{}'
  );
create policy contractor_list_comments_changed_by_guest on contractors.contractor_list_comments
  as restrictive
  for update
  to commonhold_guest
  using (share_id = (select share_id from contractors.current_share()));
create policy contractor_list_comments_removed_by_guest on contractors.contractor_list_comments
  as restrictive
  for delete
  to commonhold_guest
  using (share_id = (select share_id from contractors.current_share()));

-- An answer stands below what it answers: in the same list, about the same contractor, one level deep.
create function contractors.place_answer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  above record;
begin
  -- A row of another tenant is for row security to refuse, in the same words whatever it names.
  if new.tenant_id is distinct from platform.current_tenant_id() then
    return new;
  end if;
  if new.item_id is not null and not exists (
    select
    from contractors.contractor_list_items as item
    where item.tenant_id = new.tenant_id
      and item.id = new.item_id
      and item.list_id = new.list_id
  ) then
    raise foreign_key_violation using
      message = 'the item is in another list', constraint = 'contractor_list_comments_item_id_fkey';
  end if;
  if new.parent_id is null then
    return new;
  end if;
  select comment.item_id, coalesce(comment.parent_id, comment.id) as id
  from contractors.contractor_list_comments as comment
  where comment.tenant_id = new.tenant_id
    and comment.id = new.parent_id
    and comment.list_id = new.list_id
  into above;
  if not found then
    raise foreign_key_violation using
      message = 'what it answers is in another list', constraint = 'contractor_list_comments_parent_id_fkey';
  end if;
  new.parent_id := above.id;
  new.item_id := above.item_id;
  return new;
end
$$;
comment on function contractors.place_answer() is 'Keeps comments and their answers in one list, and answers one level deep';
create trigger place_answer before insert on contractors.contractor_list_comments
  for each row execute function contractors.place_answer();

create function contractors.list_readers(of_list_id uuid)
returns table (is_public boolean, user_ids uuid[])
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select list.is_public, array[list.user_id] || array(
    select share.shared_with_user_id
    from contractors.contractor_list_shares as share
    where share.tenant_id = list.tenant_id
      and share.list_id = list.id
      and share.shared_with_user_id is not null
      and (share.expires_at is null or share.expires_at > now())
  )
  from contractors.contractor_lists as list
  where list.tenant_id = platform.current_tenant_id()
    and list.id = of_list_id
$$;
comment on function contractors.list_readers(uuid) is 'Who sees a list and can be mentioned there, by id. Ask it about lists that the user sees';

revoke execute
  on function contractors.can_comment_list(uuid), contractors.place_answer(), contractors.list_readers(uuid)
  from public;
grant execute on function contractors.can_comment_list(uuid), contractors.list_readers(uuid) to commonhold_app;
grant select, insert, delete on contractors.contractor_list_comments to commonhold_app;
grant update (body, mentioned_ids, edited_at) on contractors.contractor_list_comments to commonhold_app;
grant select on contractors.contractor_list_comments to commonhold_readonly;
grant select, delete,
  insert (tenant_id, list_id, item_id, parent_id, share_id, guest_email, body),
  update (body, edited_at)
  on contractors.contractor_list_comments to commonhold_guest;
