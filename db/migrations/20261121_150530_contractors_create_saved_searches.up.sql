create table contractors.saved_searches (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  name text not null,
  search jsonb not null,
  alert text not null default 'never',
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint saved_searches_pkey primary key (tenant_id, id),
  constraint saved_searches_name_length check (length(name) between 1 and 255),
  constraint saved_searches_search_object check (jsonb_typeof(search) = 'object' and length(search::text) <= 8192),
  constraint saved_searches_alert_known check (alert in ('never', 'daily', 'at_once')),
  constraint saved_searches_user_id_fkey foreign key (tenant_id, user_id)
    references tenancy.user_tenants (tenant_id, user_id) on delete cascade
);
comment on table contractors.saved_searches is 'A search for contractors that a member keeps for himself, and is told of what is new in it if he wants (GG-06)';
comment on column contractors.saved_searches.search is 'What is looked for, as the search takes it';
comment on column contractors.saved_searches.alert is 'never; daily: at seven by his clock; at_once: after each change of the catalogue';
create unique index saved_searches_name_unique on contractors.saved_searches (tenant_id, user_id, lower(name));
create index saved_searches_alert_idx on contractors.saved_searches (alert, tenant_id) where alert <> 'never';

create table contractors.saved_search_states (
  tenant_id uuid not null,
  saved_search_id uuid not null,
  revision bigint not null,
  checked_at timestamptz(3) not null default now(),
  seen_at timestamptz(3) not null default now(),
  new_count integer not null default 0,
  constraint saved_search_states_pkey primary key (tenant_id, saved_search_id),
  constraint saved_search_states_count_not_negative check (new_count >= 0),
  constraint saved_search_states_saved_search_id_fkey foreign key (tenant_id, saved_search_id)
    references contractors.saved_searches (tenant_id, id) on delete cascade
);
comment on table contractors.saved_search_states is 'How far a saved search has been held against the catalogue';
comment on column contractors.saved_search_states.revision is 'contractors.catalogue_revisions: what came later has not been looked at';
comment on column contractors.saved_search_states.checked_at is 'When it was last looked at';
comment on column contractors.saved_search_states.seen_at is 'When its user last looked at what is new';
comment on column contractors.saved_search_states.new_count is 'New since then, exactly; of which up to 1,000 are kept by name';

create table contractors.saved_search_matches (
  tenant_id uuid not null,
  saved_search_id uuid not null,
  contractor_profile_id uuid not null,
  found_at timestamptz(3) not null default now(),
  is_new_contractor boolean not null,
  constraint saved_search_matches_pkey primary key (tenant_id, saved_search_id, contractor_profile_id),
  constraint saved_search_matches_saved_search_id_fkey foreign key (tenant_id, saved_search_id)
    references contractors.saved_searches (tenant_id, id) on delete cascade
);
comment on table contractors.saved_search_matches is
  'What is new in a saved search: the latest 1,000. No foreign key to the contractor, who is in the catalogue wherever the tenant is';
comment on column contractors.saved_search_matches.is_new_contractor is 'New in the catalogue; else it was there and did not match before';
create index saved_search_matches_found_idx on contractors.saved_search_matches (tenant_id, saved_search_id, found_at desc, contractor_profile_id);

select platform.keep_updated_at('contractors.saved_searches');
select platform.isolate('contractors.saved_searches');
select platform.isolate('contractors.saved_search_states');
select platform.isolate('contractors.saved_search_matches');
select audit.track('contractors.saved_searches', context => '{name}');
select usage.count_rows('contractors.saved_searches', 'contractors.saved_searches');

-- Personal: nobody else in the tenant sees it. The owner of the schema acts for the jobs, see below.
create policy saved_searches_of_user on contractors.saved_searches
  as restrictive
  to commonhold_app, commonhold_readonly
  using (user_id = (select platform.current_user_id()))
  with check (user_id = (select platform.current_user_id()));
create policy saved_search_states_of_user on contractors.saved_search_states
  as restrictive
  to commonhold_app, commonhold_readonly
  using (saved_search_id in (select saved.id from contractors.saved_searches as saved));
create policy saved_search_matches_of_user on contractors.saved_search_matches
  as restrictive
  to commonhold_app, commonhold_readonly
  using (saved_search_id in (select saved.id from contractors.saved_searches as saved));
create policy saved_searches_of_all_tenants on contractors.saved_searches
  for select
  to commonhold_owner
  using ((select platform.is_system()));
create policy saved_search_states_of_all_tenants on contractors.saved_search_states
  for select
  to commonhold_owner
  using ((select platform.is_system()));

grant select, insert, delete on contractors.saved_searches to commonhold_app;
grant update (name, search, alert) on contractors.saved_searches to commonhold_app;
grant select, insert on contractors.saved_search_states to commonhold_app;
grant update (revision, checked_at, seen_at, new_count) on contractors.saved_search_states to commonhold_app;
grant select, insert, delete on contractors.saved_search_matches to commonhold_app;
grant update (found_at, is_new_contractor) on contractors.saved_search_matches to commonhold_app;
grant select on contractors.saved_searches, contractors.saved_search_states, contractors.saved_search_matches
  to commonhold_readonly;

-- For the jobs in the system scope, which are for no single user: security definer, so that the policies for the owner hold.
create function contractors.list_alerts(of_kind text)
returns table (tenant_id uuid, user_id uuid, revision bigint, checked_at timestamptz)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select saved.tenant_id, saved.user_id, min(state.revision), min(state.checked_at)
  from contractors.saved_searches as saved
  join contractors.saved_search_states as state
    on state.tenant_id = saved.tenant_id
    and state.saved_search_id = saved.id
  where saved.alert = of_kind
    and platform.is_system()
  group by saved.tenant_id, saved.user_id
$$;
comment on function contractors.list_alerts(text) is
  'Who in which tenant of this database wants to be told in this way, and since when nobody has looked. Needs the system scope';
revoke execute on function contractors.list_alerts(text) from public;
grant execute on function contractors.list_alerts(text) to commonhold_app;
