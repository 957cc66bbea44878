create table contractors.contractor_lists (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  name text not null,
  description text,
  is_default boolean not null default false,
  is_public boolean not null default false,
  color text,
  icon text,
  sort_order integer not null default 0,
  settings jsonb not null default '{}',
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint contractor_lists_pkey primary key (tenant_id, id),
  constraint contractor_lists_name_length check (length(name) between 1 and 255),
  constraint contractor_lists_color_shape check (color ~ '^#[0-9a-f]{6}$'),
  constraint contractor_lists_icon_length check (length(icon) between 1 and 50),
  constraint contractor_lists_settings_object check (jsonb_typeof(settings) = 'object'),
  constraint contractor_lists_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint contractor_lists_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table contractors.contractor_lists is
  'A user''s own selection of contractors; colleagues see it if it is public or shared with them (GG-09, GG-18)';
comment on column contractors.contractor_lists.user_id is 'The owner: only he changes or deletes the list';
comment on column contractors.contractor_lists.is_default is 'The favourites, made for each user by itself in each tenant, never deleted';
comment on column contractors.contractor_lists.is_public is 'Seen by everybody in the tenant, changed by the owner alone';

create unique index contractor_lists_one_default_per_user on contractors.contractor_lists (tenant_id, user_id) where is_default;
create index contractor_lists_owner_idx on contractors.contractor_lists (tenant_id, user_id, sort_order);
create index contractor_lists_user_id_idx on contractors.contractor_lists (user_id);
create index contractor_lists_public_idx on contractors.contractor_lists (tenant_id, sort_order) where is_public;

create table contractors.contractor_list_shares (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  list_id uuid not null,
  shared_with_user_id uuid,
  shared_with_email text,
  permission text not null default 'view',
  shared_by uuid,
  shared_at timestamptz(3) not null default now(),
  access_token_hash bytea,
  expires_at timestamptz,
  last_accessed_at timestamptz,
  constraint contractor_list_shares_pkey primary key (tenant_id, id),
  constraint contractor_list_shares_once_per_user unique (tenant_id, list_id, shared_with_user_id),
  constraint contractor_list_shares_once_per_email unique (tenant_id, list_id, shared_with_email),
  constraint contractor_list_shares_access_token_unique unique (tenant_id, access_token_hash),
  constraint contractor_list_shares_with_one check (num_nonnulls(shared_with_user_id, shared_with_email) = 1),
  constraint contractor_list_shares_email_shape check (shared_with_email = lower(shared_with_email) and length(shared_with_email) <= 255),
  constraint contractor_list_shares_permission_known check (permission in ('view', 'edit')),
  constraint contractor_list_shares_list_id_fkey foreign key (tenant_id, list_id)
    references contractors.contractor_lists (tenant_id, id) on delete cascade,
  constraint contractor_list_shares_shared_with_user_id_fkey foreign key (tenant_id, shared_with_user_id)
    references tenancy.user_tenants (tenant_id, user_id) on delete cascade,
  constraint contractor_list_shares_shared_by_fkey foreign key (shared_by) references identity.users (id) on delete set null
);
comment on table contractors.contractor_list_shares is 'Who else may see or edit a list: a member of the tenant, or somebody outside by e-mail (GG-11)';
comment on column contractors.contractor_list_shares.access_token_hash is 'SHA-256 of the token in an outside person''s link; the token itself is not kept';

create index contractor_list_shares_user_idx on contractors.contractor_list_shares (tenant_id, shared_with_user_id, list_id);
create index contractor_list_shares_shared_by_idx on contractors.contractor_list_shares (shared_by);

create table contractors.contractor_list_items (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  list_id uuid not null,
  contractor_profile_id uuid not null,
  notes text,
  tags jsonb not null default '[]',
  rating integer,
  priority text,
  added_by uuid,
  added_at timestamptz(3) not null default now(),
  last_viewed_at timestamptz,
  view_count integer not null default 0,
  custom_data jsonb not null default '{}',
  constraint contractor_list_items_pkey primary key (tenant_id, id),
  constraint contractor_list_items_once_per_list unique (tenant_id, list_id, contractor_profile_id),
  constraint contractor_list_items_notes_length check (length(notes) <= 10000),
  constraint contractor_list_items_tags_array check (jsonb_typeof(tags) = 'array'),
  constraint contractor_list_items_rating_range check (rating between 1 and 5),
  constraint contractor_list_items_priority_known check (priority in ('low', 'medium', 'high')),
  constraint contractor_list_items_views_counted check (view_count >= 0),
  constraint contractor_list_items_custom_data_object check (jsonb_typeof(custom_data) = 'object'),
  constraint contractor_list_items_list_id_fkey foreign key (tenant_id, list_id)
    references contractors.contractor_lists (tenant_id, id) on delete cascade,
  constraint contractor_list_items_contractor_profile_id_fkey foreign key (contractor_profile_id)
    references contractors.contractor_profiles (id) on delete restrict,
  constraint contractor_list_items_added_by_fkey foreign key (added_by) references identity.users (id) on delete set null
);
comment on table contractors.contractor_list_items is 'A contractor in a list, once, with what the team notes about it (GG-10)';
comment on column contractors.contractor_list_items.tags is 'Free words, a JSON array of strings';

create index contractor_list_items_added_idx on contractors.contractor_list_items (tenant_id, list_id, added_at desc, id);
create index contractor_list_items_contractor_idx on contractors.contractor_list_items (contractor_profile_id, tenant_id);
create index contractor_list_items_added_by_idx on contractors.contractor_list_items (added_by);

create table contractors.contractor_list_activity (
  tenant_id uuid not null,
  id uuid not null default platform.uuid_v7(),
  list_id uuid not null,
  user_id uuid,
  action text not null,
  item_id uuid,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null default now(),
  constraint contractor_list_activity_pkey primary key (tenant_id, id, created_at),
  constraint contractor_list_activity_action_shape check (action ~ '^[a-z]+\.[a-z_]+$' and length(action) <= 50),
  constraint contractor_list_activity_list_id_fkey foreign key (tenant_id, list_id)
    references contractors.contractor_lists (tenant_id, id) on delete cascade,
  constraint contractor_list_activity_user_id_fkey foreign key (user_id) references identity.users (id) on delete set null
) partition by range (created_at);
comment on table contractors.contractor_list_activity is
  'Who did what to which list and item (GG-12), by month (GG-15); written by triggers in the transaction of the change, goes with its list';
comment on column contractors.contractor_list_activity.action is 'list.created, list.updated, item.added, item.updated, item.removed';
comment on column contractors.contractor_list_activity.item_id is 'Stays when the item is removed: no foreign key';

create index contractor_list_activity_list_idx on contractors.contractor_list_activity (tenant_id, list_id, created_at desc, id);
create index contractor_list_activity_user_idx on contractors.contractor_list_activity (user_id);
create index contractor_list_activity_created_at_idx on contractors.contractor_list_activity (created_at);

select platform.keep_updated_at('contractors.contractor_lists');
select platform.isolate('contractors.contractor_lists');
select platform.isolate('contractors.contractor_list_shares');
select platform.isolate('contractors.contractor_list_items');
select platform.isolate('contractors.contractor_list_activity');

-- Inside a tenant rows belong to users (GG-18). Restrictive: they narrow the tenant's policy and never widen it.

create policy contractor_lists_seen_by on contractors.contractor_lists
  as restrictive
  for select
  using (
    user_id = (select platform.current_user_id())
    or is_public
    or exists (
      select
      from contractors.contractor_list_shares as share
      where share.tenant_id = contractor_lists.tenant_id
        and share.list_id = contractor_lists.id
        and share.shared_with_user_id = (select platform.current_user_id())
        and (share.expires_at is null or share.expires_at > now())
    )
  );
create policy contractor_lists_made_by_owner on contractors.contractor_lists
  as restrictive
  for insert
  with check (user_id = (select platform.current_user_id()));
create policy contractor_lists_changed_by_owner on contractors.contractor_lists
  as restrictive
  for update
  using (user_id = (select platform.current_user_id()))
  with check (user_id = (select platform.current_user_id()));
create policy contractor_lists_deleted_by_owner on contractors.contractor_lists
  as restrictive
  for delete
  using (user_id = (select platform.current_user_id()) and not is_default);

-- A function, since policies of lists and shares that read each other would be refused as infinite recursion.
create function contractors.owns_list(list_id uuid)
returns boolean
language sql
stable
parallel safe
as $$
  select exists (
    select
    from contractors.contractor_lists as list
    where list.tenant_id = platform.current_tenant_id()
      and list.id = owns_list.list_id
      and list.user_id = platform.current_user_id()
  )
$$;
comment on function contractors.owns_list(uuid) is 'The current user made this list';

create policy contractor_list_shares_seen_by on contractors.contractor_list_shares
  as restrictive
  for select
  using (
    shared_with_user_id = (select platform.current_user_id())
    or shared_by = (select platform.current_user_id())
  );
create policy contractor_list_shares_made_by_owner on contractors.contractor_list_shares
  as restrictive
  for insert
  with check (
    shared_by = (select platform.current_user_id())
    and contractors.owns_list(list_id)
  );
create policy contractor_list_shares_changed_by_sharer on contractors.contractor_list_shares
  as restrictive
  for update
  using (shared_by = (select platform.current_user_id()))
  with check (shared_by = (select platform.current_user_id()));
create policy contractor_list_shares_ended_by on contractors.contractor_list_shares
  as restrictive
  for delete
  using (
    shared_by = (select platform.current_user_id())
    or shared_with_user_id = (select platform.current_user_id())
  );

create function contractors.can_edit_list(list_id uuid)
returns boolean
language sql
stable
parallel safe
as $$
  select exists (
    select
    from contractors.contractor_lists as list
    where list.tenant_id = platform.current_tenant_id()
      and list.id = can_edit_list.list_id
      and (
        list.user_id = platform.current_user_id()
        or exists (
          select
          from contractors.contractor_list_shares as share
          where share.tenant_id = list.tenant_id
            and share.list_id = list.id
            and share.shared_with_user_id = platform.current_user_id()
            and share.permission = 'edit'
            and (share.expires_at is null or share.expires_at > now())
        )
      )
  )
$$;
comment on function contractors.can_edit_list(uuid) is 'The items of this list may be changed by the current user: he owns it, or it is shared with him for editing';

create policy contractor_list_items_seen_with_list on contractors.contractor_list_items
  as restrictive
  for select
  using (
    exists (
      select
      from contractors.contractor_lists as list
      where list.tenant_id = contractor_list_items.tenant_id
        and list.id = contractor_list_items.list_id
    )
  );
create policy contractor_list_items_added_by_editor on contractors.contractor_list_items
  as restrictive
  for insert
  with check (added_by = (select platform.current_user_id()) and contractors.can_edit_list(list_id));
create policy contractor_list_items_changed_by_editor on contractors.contractor_list_items
  as restrictive
  for update
  using (contractors.can_edit_list(list_id))
  with check (contractors.can_edit_list(list_id));
create policy contractor_list_items_removed_by_editor on contractors.contractor_list_items
  as restrictive
  for delete
  using (contractors.can_edit_list(list_id));

create policy contractor_list_activity_seen_with_list on contractors.contractor_list_activity
  as restrictive
  for select
  -- Names no column of its own table with the table's name: the policy is copied to the partitions.
  using (list_id in (select list.id from contractors.contractor_lists as list));

select platform.ensure_month_partitions('contractors.contractor_list_activity', 3);

-- Security definer: the program reads the activity but has no right to write it, so nobody writes what did not happen.
create function contractors.log_list_activity()
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
comment on function contractors.log_list_activity() is 'GG-12: each change of a list has its row in the activity';

create function contractors.log_item_activity()
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
comment on function contractors.log_item_activity() is 'GG-12: each change of an item has its row in the activity';

create trigger log_created after insert on contractors.contractor_lists
  referencing new table as new_rows
  for each statement execute function contractors.log_list_activity();
create trigger log_updated after update on contractors.contractor_lists
  referencing old table as old_rows new table as new_rows
  for each statement execute function contractors.log_list_activity();
create trigger log_added after insert on contractors.contractor_list_items
  referencing new table as new_rows
  for each statement execute function contractors.log_item_activity();
create trigger log_updated after update on contractors.contractor_list_items
  referencing old table as old_rows new table as new_rows
  for each statement execute function contractors.log_item_activity();
create trigger log_removed after delete on contractors.contractor_list_items
  referencing old table as old_rows
  for each statement execute function contractors.log_item_activity();

-- Derived and never stored: right under any concurrency, and after an import has changed a contractor's total.
create view contractors.contractor_list_summaries
with (security_invoker = true)
as
select
  list.*,
  totals.item_count,
  totals.total_value,
  totals.last_item_added_at
from contractors.contractor_lists as list
cross join lateral (
  select
    count(*)::integer as item_count,
    coalesce(sum(profile.total_contract_value), 0)::numeric(20, 2)::text as total_value,
    max(item.added_at) as last_item_added_at
  from contractors.contractor_list_items as item
  join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
  where item.tenant_id = list.tenant_id
    and item.list_id = list.id
) as totals;
comment on view contractors.contractor_list_summaries is 'Lists with what is derived from their items (GG-09)';
comment on column contractors.contractor_list_summaries.total_value is 'Sum of the total contract values of the contractors in the list, in US dollars';

revoke execute
  on function contractors.owns_list(uuid), contractors.can_edit_list(uuid), contractors.log_list_activity(),
    contractors.log_item_activity()
  from public;
grant execute on function contractors.owns_list(uuid), contractors.can_edit_list(uuid) to commonhold_app;
grant select, insert, delete on contractors.contractor_lists to commonhold_app;
grant update (name, description, is_public, color, icon, sort_order, settings) on contractors.contractor_lists to commonhold_app;
grant select, insert, delete on contractors.contractor_list_shares to commonhold_app;
grant update (permission, access_token_hash, expires_at, last_accessed_at) on contractors.contractor_list_shares to commonhold_app;
grant select, insert, delete on contractors.contractor_list_items to commonhold_app;
grant update (notes, tags, rating, priority, last_viewed_at, view_count, custom_data) on contractors.contractor_list_items to commonhold_app;
grant select on contractors.contractor_list_activity, contractors.contractor_list_summaries to commonhold_app;
grant select
  on contractors.contractor_lists, contractors.contractor_list_items, contractors.contractor_list_activity,
    contractors.contractor_list_summaries
  to commonhold_readonly;
