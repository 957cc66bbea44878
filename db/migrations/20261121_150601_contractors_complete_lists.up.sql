-- Columns of lists and their items are looked at and filled within the migration's own transaction: as many rows as
-- people have put together by hand. A volatile default gives each item that is there a place of its own.
-- squawk-ignore-file adding-field-with-default, constraint-missing-not-valid, adding-not-nullable-field, disallowed-unique-constraint, require-concurrent-index-creation, adding-required-field
alter table contractors.contractor_lists add column archived_at timestamptz(3);
alter table contractors.contractor_lists
  add constraint contractor_lists_default_is_active check (not is_default or archived_at is null);
comment on column contractors.contractor_lists.archived_at is 'Since when the list is put away: seen as before, changed by nobody; null for one in use';
comment on column contractors.contractor_lists.sort_order is 'Place among the owner''s lists, in steps so that a move changes one row; smaller comes first';
comment on column contractors.contractor_lists.settings is
  'Fields that the owner defined for the items, columns shown, and their order: {fields, columns, sort}';

alter table contractors.contractor_list_items
  -- The latest addition comes first, also by hand: a smaller number is higher up. What is put between two gets a number
  -- between theirs, drawn at random, so that two who move at once do not meet in one place.
  add column position numeric not null default (-extract(epoch from clock_timestamp()) - (random() / 1000000)::numeric);
alter table contractors.contractor_list_items drop constraint contractor_list_items_priority_known;
alter table contractors.contractor_list_items
  add constraint contractor_list_items_priority_known check (priority in ('low', 'medium', 'high', 'critical'));
comment on column contractors.contractor_list_items.position is 'Place in the list by hand, smaller is higher up; any number between two others is a place';
comment on column contractors.contractor_list_items.custom_data is
  'Values of the list''s own fields by the field''s id; those of a field that was taken out stay, and are there again when it comes back';
comment on column contractors.contractor_list_items.view_count is 'How often somebody has opened the item';
create index contractor_list_items_position_idx on contractors.contractor_list_items (tenant_id, list_id, position, id);

-- What the order by hand is nobody wants to read about in the log.
select audit.track(
  'contractors.contractor_list_items',
  ignore => '{last_viewed_at,view_count,position}',
  context => '{list_id,contractor_profile_id}'
);
select audit.track(
  'contractors.contractor_lists',
  ignore => '{updated_at,sort_order}',
  context => '{name}'
);

-- What was taken out, for whoever wants it back. Not audited: the items themselves are.
create table contractors.contractor_list_removed_items (
  tenant_id uuid not null,
  id uuid not null,
  removal_id uuid not null,
  list_id uuid not null,
  contractor_profile_id uuid not null,
  notes text,
  tags jsonb not null,
  rating integer,
  priority text,
  added_by uuid,
  added_at timestamptz(3) not null,
  last_viewed_at timestamptz,
  view_count integer not null,
  custom_data jsonb not null,
  position numeric not null,
  removed_by uuid,
  removed_at timestamptz(3) not null default now(),
  constraint contractor_list_removed_items_pkey primary key (tenant_id, id),
  constraint contractor_list_removed_items_list_id_fkey foreign key (tenant_id, list_id)
    references contractors.contractor_lists (tenant_id, id) on delete cascade,
  constraint contractor_list_removed_items_contractor_profile_id_fkey foreign key (contractor_profile_id)
    references contractors.contractor_profiles (id) on delete cascade,
  constraint contractor_list_removed_items_added_by_fkey foreign key (added_by) references identity.users (id) on delete set null,
  constraint contractor_list_removed_items_removed_by_fkey foreign key (removed_by) references identity.users (id) on delete set null
);
comment on table contractors.contractor_list_removed_items is
  'Items that were taken out of a list, with all that was noted about them, for 30 days: a removal can be undone (GG-10)';
comment on column contractors.contractor_list_removed_items.removal_id is 'What was taken out together comes back together';
create index contractor_list_removed_items_removal_idx on contractors.contractor_list_removed_items (tenant_id, list_id, removal_id);
create index contractor_list_removed_items_contractor_idx on contractors.contractor_list_removed_items (contractor_profile_id);
create index contractor_list_removed_items_added_by_idx on contractors.contractor_list_removed_items (added_by);
create index contractor_list_removed_items_removed_by_idx on contractors.contractor_list_removed_items (removed_by);
create index contractor_list_removed_items_old_idx on contractors.contractor_list_removed_items (removed_at);
select platform.isolate('contractors.contractor_list_removed_items');

-- What a search finds is put into a list by a job; whoever asked for it sees how far it is.
create table contractors.contractor_list_additions (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  list_id uuid not null,
  requested_by uuid not null,
  search jsonb not null,
  fields jsonb not null default '{}',
  status text not null default 'queued',
  looked_at integer not null default 0,
  added integer not null default 0,
  already_in integer not null default 0,
  failure text,
  created_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  constraint contractor_list_additions_pkey primary key (tenant_id, id),
  constraint contractor_list_additions_status_known check (status in ('queued', 'running', 'done', 'failed')),
  constraint contractor_list_additions_list_id_fkey foreign key (tenant_id, list_id)
    references contractors.contractor_lists (tenant_id, id) on delete cascade,
  constraint contractor_list_additions_requested_by_fkey foreign key (requested_by) references identity.users (id) on delete cascade
);
comment on table contractors.contractor_list_additions is 'The results of a search on their way into a list, and how far that is; kept 30 days';
comment on column contractors.contractor_list_additions.fields is 'What is noted about each of them';
comment on column contractors.contractor_list_additions.failure is 'Why it ended early, in words; what was added until then stays';
create index contractor_list_additions_list_idx on contractors.contractor_list_additions (tenant_id, list_id);
create index contractor_list_additions_requested_by_idx on contractors.contractor_list_additions (requested_by);
create index contractor_list_additions_old_idx on contractors.contractor_list_additions (created_at);
select platform.isolate('contractors.contractor_list_additions');

create or replace function contractors.can_edit_list(list_id uuid)
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
      and list.archived_at is null
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
comment on function contractors.can_edit_list(uuid) is
  'The items of this list may be changed by the current user: it is in use, and he owns it or it is shared with him for editing';

create policy contractor_list_removed_items_seen_by_editor on contractors.contractor_list_removed_items
  as restrictive
  for select to commonhold_app, commonhold_readonly
  using (contractors.can_edit_list(list_id) or (select platform.is_system()));
create policy contractor_list_removed_items_kept_by_editor on contractors.contractor_list_removed_items
  as restrictive
  for insert to commonhold_app, commonhold_readonly
  with check (removed_by = (select platform.current_user_id()) and contractors.can_edit_list(list_id));
create policy contractor_list_removed_items_restored_by_editor on contractors.contractor_list_removed_items
  as restrictive
  for delete to commonhold_app, commonhold_readonly
  using (contractors.can_edit_list(list_id) or (select platform.is_system()));
create policy contractor_list_additions_seen_by_requester on contractors.contractor_list_additions
  as restrictive
  for select to commonhold_app, commonhold_readonly
  using (requested_by = (select platform.current_user_id()) or (select platform.is_system()));
create policy contractor_list_additions_requested_by_editor on contractors.contractor_list_additions
  as restrictive
  for insert to commonhold_app, commonhold_readonly
  with check (requested_by = (select platform.current_user_id()) and contractors.can_edit_list(list_id));
create policy contractor_list_additions_done_for_requester on contractors.contractor_list_additions
  as restrictive
  for update to commonhold_app, commonhold_readonly
  using (requested_by = (select platform.current_user_id()))
  with check (requested_by = (select platform.current_user_id()));

-- What comes back was added by who added it then.
alter policy contractor_list_items_added_by_editor on contractors.contractor_list_items
  with check (
    contractors.can_edit_list(list_id)
    and (
      added_by = (select platform.current_user_id())
      or exists (
        select
        from contractors.contractor_list_removed_items as removed
        where removed.tenant_id = contractor_list_items.tenant_id
          and removed.list_id = contractor_list_items.list_id
          and removed.id = contractor_list_items.id
          and removed.added_by is not distinct from contractor_list_items.added_by
      )
    )
  );

-- Who only reads a list counts as a reader too. Security definer, for he has no right to change the item; that he sees it,
-- the statement that calls this has found out.
create function contractors.count_item_view(item_id uuid)
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
  update contractors.contractor_list_items
  set view_count = view_count + 1, last_viewed_at = now()
  where tenant_id = platform.current_tenant_id()
    and id = item_id
$$;
comment on function contractors.count_item_view(uuid) is 'GG-10: counts that somebody has opened an item; call it on items that are seen under the policies';

-- A place between two; null is an end. Random within the middle half: two who put something there at once stay apart.
create function contractors.place_between(above numeric, below numeric)
returns numeric
language sql
volatile
as $$
  select case
    when above is null and below is null then 0
    when above is null then below - 1 - round(random()::numeric, 6)
    when below is null then above + 1 + round(random()::numeric, 6)
    else trim_scale(round(
      above + (below - above) * (0.25 + random()::numeric / 2),
      greatest(0, 6 - floor(log(greatest(below - above, 1e-9000)))::integer)
    ))
  end
$$;
comment on function contractors.place_between(numeric, numeric) is 'A position for what comes between these two of contractor_list_items';

drop view contractors.contractor_list_summaries;
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

revoke execute on function contractors.count_item_view(uuid), contractors.place_between(numeric, numeric) from public;
grant execute on function contractors.count_item_view(uuid), contractors.place_between(numeric, numeric) to commonhold_app;
grant update (is_default, archived_at) on contractors.contractor_lists to commonhold_app;
grant update (position) on contractors.contractor_list_items to commonhold_app;
grant select, insert, delete on contractors.contractor_list_removed_items to commonhold_app;
grant select, insert, delete on contractors.contractor_list_additions to commonhold_app;
grant update (status, looked_at, added, already_in, failure, finished_at) on contractors.contractor_list_additions to commonhold_app;
grant select on contractors.contractor_list_summaries to commonhold_app;
grant select
  on contractors.contractor_list_summaries, contractors.contractor_list_removed_items, contractors.contractor_list_additions
  to commonhold_readonly;
