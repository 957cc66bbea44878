-- Lists and shares are as many as people make by hand: checked and indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, adding-field-with-default, adding-foreign-key-constraint
alter table contractors.contractor_list_shares
  add column includes_remarks boolean not null default true,
  add column is_single_use boolean not null default false,
  add column used_at timestamptz,
  add column issued_by uuid,
  add column issued_at timestamptz,
  add column access_count integer not null default 0,
  add column password_hash text,
  add column wrong_passwords integer not null default 0,
  add column closed_until timestamptz,
  drop constraint contractor_list_shares_permission_known,
  add constraint contractor_list_shares_permission_known check (permission in ('view', 'comment', 'edit')),
  add constraint contractor_list_shares_accesses_counted check (access_count >= 0 and wrong_passwords >= 0),
  add constraint contractor_list_shares_edit_with_remarks check (permission <> 'edit' or includes_remarks),
  add constraint contractor_list_shares_link_is_outside check (
    shared_with_email is not null
    or access_token_hash is null and password_hash is null and not is_single_use and used_at is null
  ),
  add constraint contractor_list_shares_issued_by_fkey foreign key (issued_by) references identity.users (id) on delete set null;
comment on column contractors.contractor_list_shares.includes_remarks is 'Whether notes, tags, ratings and priorities are shown too; to members of the tenant they always are';
comment on column contractors.contractor_list_shares.is_single_use is 'The link opens the list once; what it has opened stays open for some hours';
comment on column contractors.contractor_list_shares.issued_by is 'Who made the link. It opens nothing once the share is another''s: who gets a leaver''s list answers for no links that he has not sent';
comment on column contractors.contractor_list_shares.closed_until is 'After ten wrong passwords none is tried for some time';
create index contractor_list_shares_issued_by_idx on contractors.contractor_list_shares (issued_by) where issued_by is not null;

create table contractors.contractor_list_share_sessions (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  share_id uuid not null,
  token_hash bytea not null,
  expires_at timestamptz not null,
  last_seen_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  constraint contractor_list_share_sessions_pkey primary key (tenant_id, id),
  constraint contractor_list_share_sessions_token_unique unique (tenant_id, token_hash),
  constraint contractor_list_share_sessions_share_id_fkey foreign key (tenant_id, share_id)
    references contractors.contractor_list_shares (tenant_id, id) on delete cascade
);
comment on table contractors.contractor_list_share_sessions is
  'A browser in which somebody outside has opened his link: for one list and some hours (GG-11). Read and written by functions only';
comment on column contractors.contractor_list_share_sessions.token_hash is 'SHA-256 of the cookie''s secret';
create index contractor_list_share_sessions_share_idx on contractors.contractor_list_share_sessions (tenant_id, share_id, expires_at);
select platform.isolate('contractors.contractor_list_share_sessions');
create policy contractor_list_share_sessions_seen_by on contractors.contractor_list_share_sessions
  as restrictive
  to commonhold_app, commonhold_readonly
  using (
    exists (
      select
      from contractors.contractor_list_shares as share
      where share.tenant_id = contractor_list_share_sessions.tenant_id
        and share.id = contractor_list_share_sessions.share_id
        and share.shared_by = (select platform.current_user_id())
    )
  );
grant select (tenant_id, id, share_id, expires_at, last_seen_at, created_at)
  on contractors.contractor_list_share_sessions to commonhold_app;
grant delete on contractors.contractor_list_share_sessions to commonhold_app;

select audit.track(
  'contractors.contractor_list_shares',
  redact => '{access_token_hash,password_hash}',
  ignore => '{last_accessed_at,access_count,wrong_passwords}',
  context => '{list_id}'
);
grant update (includes_remarks, is_single_use, used_at, issued_by, issued_at, password_hash, wrong_passwords, closed_until)
  on contractors.contractor_list_shares to commonhold_app;

-- What follows acts for the owner of the schema: whoever shows a link is no user. Tenants it cannot mix up either.

create function contractors.find_share(of_token_hash bytea)
returns table (
  id uuid,
  list_id uuid,
  shared_by uuid,
  email text,
  password_hash text
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select
    share.id, share.list_id, share.shared_by, share.shared_with_email, share.password_hash
  from contractors.contractor_list_shares as share
  join contractors.contractor_lists as list on list.tenant_id = share.tenant_id and list.id = share.list_id
  where share.tenant_id = platform.current_tenant_id()
    and share.access_token_hash = of_token_hash
    and share.issued_by = share.shared_by
    and share.shared_by = list.user_id
    and (share.expires_at is null or share.expires_at > now())
    and (not share.is_single_use or share.used_at is null)
    and list.archived_at is null
$$;
comment on function contractors.find_share(bytea) is 'The share of a link that may be opened now, in the tenant of the scope';

create function contractors.open_share(
  of_token_hash bytea, of_password_hash text, session_token_hash bytea, session_hours integer
)
returns table (list_id uuid, expires_at timestamptz)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  opened record;
begin
  -- One statement looks and takes: of many who come at once with a link for one time, one gets a row.
  update contractors.contractor_list_shares as share
  set
    used_at = now(),
    last_accessed_at = now(),
    access_count = share.access_count + 1,
    wrong_passwords = 0,
    closed_until = null
  where share.tenant_id = platform.current_tenant_id()
    and share.access_token_hash = of_token_hash
    and share.password_hash is not distinct from of_password_hash
    and share.id in (select found.id from contractors.find_share(of_token_hash) as found)
    and (not share.is_single_use or share.used_at is null)
  returning share.id, share.tenant_id, share.list_id, share.expires_at into opened;
  if opened.id is null then
    return;
  end if;
  delete from contractors.contractor_list_share_sessions as session
  where session.tenant_id = opened.tenant_id
    and session.share_id = opened.id
    and session.expires_at <= now();
  return query
    insert into contractors.contractor_list_share_sessions (tenant_id, share_id, token_hash, expires_at)
    values (
      opened.tenant_id, opened.id, session_token_hash,
      least(now() + session_hours * interval '1 hour', opened.expires_at)
    )
    returning opened.list_id, contractor_list_share_sessions.expires_at;
end
$$;
comment on function contractors.open_share(bytea, text, bytea, integer) is
  'Opens a link: consumes what works once, and begins a session; no row where the link opens nothing (any more)';

create function contractors.try_share_password(of_token_hash bytea)
returns boolean
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
  with tried as (
    update contractors.contractor_list_shares as share
    set
      wrong_passwords = case when share.wrong_passwords >= 10 then 1 else share.wrong_passwords + 1 end,
      closed_until = case when share.wrong_passwords = 9 then now() + interval '15 minutes' end
    where share.tenant_id = platform.current_tenant_id()
      and share.access_token_hash = of_token_hash
      and (share.closed_until is null or share.closed_until <= now())
    returning share.id
  )
  select exists (select from tried)
$$;
comment on function contractors.try_share_password(bytea) is
  'Counts a password before it is looked at, so that many at once are no more than one after the other: ten, then a quarter of an hour of rest, whoever asks. The right one sets the count back';

create function contractors.find_share_session(of_token_hash bytea)
returns table (
  id uuid,
  share_id uuid,
  list_id uuid,
  shared_by uuid,
  email text,
  permission text,
  includes_remarks boolean,
  expires_at timestamptz
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  -- Written about once a minute, not at each request.
  with seen as (
    update contractors.contractor_list_share_sessions as session
    set last_seen_at = now()
    where session.tenant_id = platform.current_tenant_id()
      and session.token_hash = of_token_hash
      and session.expires_at > now()
      and session.last_seen_at < now() - interval '1 minute'
    returning session.share_id
  )
  update contractors.contractor_list_shares as share
  set last_accessed_at = now()
  from seen
  where share.tenant_id = platform.current_tenant_id()
    and share.id = seen.share_id;
  return query
    select
      session.id, share.id, share.list_id, share.shared_by, share.shared_with_email, share.permission,
      share.includes_remarks, session.expires_at
    from contractors.contractor_list_share_sessions as session
    join contractors.contractor_list_shares as share
      on share.tenant_id = session.tenant_id and share.id = session.share_id
    join contractors.contractor_lists as list on list.tenant_id = share.tenant_id and list.id = share.list_id
    where session.tenant_id = platform.current_tenant_id()
      and session.token_hash = of_token_hash
      and session.expires_at > now()
      and share.issued_by = share.shared_by
      and share.shared_by = list.user_id
      and (share.expires_at is null or share.expires_at > now())
      and list.archived_at is null;
end
$$;
comment on function contractors.find_share_session(bytea) is 'What a cookie of a link opens now, in the tenant of the scope';

create function contractors.end_share_session(of_token_hash bytea)
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
  delete from contractors.contractor_list_share_sessions as session
  where session.tenant_id = platform.current_tenant_id()
    and session.token_hash = of_token_hash
$$;
comment on function contractors.end_share_session(bytea) is 'Somebody outside closes what he has opened';

revoke execute
  on function
    contractors.find_share(bytea), contractors.open_share(bytea, text, bytea, integer),
    contractors.try_share_password(bytea), contractors.find_share_session(bytea), contractors.end_share_session(bytea)
  from public;
grant execute
  on function
    contractors.find_share(bytea), contractors.open_share(bytea, text, bytea, integer),
    contractors.try_share_password(bytea), contractors.find_share_session(bytea), contractors.end_share_session(bytea)
  to commonhold_app;

-- The guest: a role with nothing but what is granted here, and of that the rows of one list. A table that is added and
-- forgotten here is closed to it.

create function contractors.current_share()
returns table (share_id uuid, list_id uuid, permission text, includes_remarks boolean, email text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select share.id, share.list_id, share.permission, share.includes_remarks, share.shared_with_email
  from contractors.contractor_list_share_sessions as session
  join contractors.contractor_list_shares as share on share.tenant_id = session.tenant_id and share.id = session.share_id
  where session.tenant_id = platform.current_tenant_id()
    and session.id = nullif(current_setting('app.share_session', true), '')::uuid
    and session.expires_at > now()
    and (share.expires_at is null or share.expires_at > now())
$$;
comment on function contractors.current_share() is 'The share by which the guest of this transaction came; no row without one';

create function contractors.shared_list_id()
returns uuid
language sql
stable
set search_path = pg_catalog, pg_temp
as $$ select list_id from contractors.current_share() $$;
comment on function contractors.shared_list_id() is 'The one list that the guest of this transaction sees';

create function contractors.may_guest(of_permissions text[])
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$ select coalesce((select permission = any (of_permissions) from contractors.current_share()), false) $$;
comment on function contractors.may_guest(text[]) is 'The guest''s share has one of these permissions';

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

-- Keeps what it takes out, as a member's removal does: the owner can put it back.
create function contractors.remove_shared_item(of_item_id uuid)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not contractors.may_guest('{edit}') then
    return false;
  end if;
  insert into contractors.contractor_list_removed_items
    (tenant_id, id, removal_id, list_id, contractor_profile_id, notes, tags, rating, priority, added_by, added_at,
      last_viewed_at, view_count, custom_data, position)
  select
    tenant_id, id, gen_random_uuid(), list_id, contractor_profile_id, notes, tags, rating, priority, added_by, added_at,
    last_viewed_at, view_count, custom_data, position
  from contractors.contractor_list_items
  where tenant_id = platform.current_tenant_id()
    and list_id = contractors.shared_list_id()
    and id = of_item_id
  on conflict (tenant_id, id) do nothing;
  delete from contractors.contractor_list_items
  where tenant_id = platform.current_tenant_id()
    and list_id = contractors.shared_list_id()
    and id = of_item_id;
  return found;
end
$$;
comment on function contractors.remove_shared_item(uuid) is 'A guest who may edit takes a contractor out of the shared list';

create policy contractor_lists_shared_with_guest on contractors.contractor_lists
  as restrictive
  to commonhold_guest
  using (id = (select contractors.shared_list_id()));
create policy contractor_list_items_shared_with_guest on contractors.contractor_list_items
  as restrictive
  to commonhold_guest
  using (list_id = (select contractors.shared_list_id()))
  with check (list_id = (select contractors.shared_list_id()) and (select contractors.may_guest('{edit}')));
create policy contractor_list_items_changed_by_guest on contractors.contractor_list_items
  as restrictive
  for update
  to commonhold_guest
  using ((select contractors.may_guest('{edit}')));
alter policy contractor_list_items_added_by_editor on contractors.contractor_list_items to commonhold_app, commonhold_readonly;
alter policy contractor_list_items_changed_by_editor on contractors.contractor_list_items to commonhold_app, commonhold_readonly;

revoke execute
  on function
    contractors.current_share(), contractors.shared_list_id(), contractors.may_guest(text[]),
    contractors.shared_remarks(uuid), contractors.remove_shared_item(uuid)
  from public;
grant execute
  on function
    contractors.current_share(), contractors.shared_list_id(), contractors.may_guest(text[]),
    contractors.shared_remarks(uuid), contractors.remove_shared_item(uuid)
  to commonhold_guest;
grant usage on schema platform, contractors to commonhold_guest;
grant select (tenant_id, id, name, description, color, icon, created_at, updated_at)
  on contractors.contractor_lists to commonhold_guest;
grant select (tenant_id, id, list_id, contractor_profile_id, added_at, position)
  on contractors.contractor_list_items to commonhold_guest;
grant insert (tenant_id, list_id, contractor_profile_id, notes, tags, rating, priority),
  update (notes, tags, rating, priority)
  on contractors.contractor_list_items to commonhold_guest;
grant select (id, uei, name, state, naics_code, total_contract_value, is_hidden)
  on contractors.contractor_profiles to commonhold_guest;
