create table federation.iam_group_mappings (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  provider_id uuid not null,
  external_group_id text not null,
  external_group_name text,
  internal_role uuid not null,
  auto_assign boolean not null default true,
  sync_status text not null default 'pending',
  last_sync_at timestamptz,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint iam_group_mappings_pkey primary key (tenant_id, id),
  constraint iam_group_mappings_group_unique unique (tenant_id, provider_id, external_group_id),
  constraint iam_group_mappings_role_of_mapping unique (tenant_id, id, internal_role),
  constraint iam_group_mappings_group_id_length check (length(external_group_id) between 1 and 500),
  constraint iam_group_mappings_group_name_length check (length(external_group_name) between 1 and 500),
  constraint iam_group_mappings_no_wildcard check (external_group_id !~ '[*]'),
  constraint iam_group_mappings_sync_status_known
    check (sync_status in ('pending', 'synced', 'failed', 'disabled', 'unknown')),
  constraint iam_group_mappings_provider_id_fkey foreign key (tenant_id, provider_id)
    references federation.iam_providers (tenant_id, id) on delete cascade,
  constraint iam_group_mappings_internal_role_fkey foreign key (tenant_id, internal_role)
    references access.roles (tenant_id, id) on delete cascade,
  constraint iam_group_mappings_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table federation.iam_group_mappings is 'Which group of a provider gives which role (AG-06)';
comment on column federation.iam_group_mappings.external_group_id is
  'As the provider names it in its claims or by SCIM, in the form that is compared: GUIDs and DOMAIN\name in lower case';
comment on column federation.iam_group_mappings.external_group_name is 'As people know it; for reading alone';
comment on column federation.iam_group_mappings.auto_assign is
  'False: the role is proposed to an administrator. It is taken away by itself in any case';
comment on column federation.iam_group_mappings.sync_status is
  'pending: not looked at yet. synced, failed: how it went last. unknown: of nobody it is known whether he is in the group. disabled: gives nothing and takes nothing';
create index iam_group_mappings_internal_role_idx on federation.iam_group_mappings (tenant_id, internal_role);
create index iam_group_mappings_created_by_idx on federation.iam_group_mappings (created_by) where created_by is not null;
select platform.keep_updated_at('federation.iam_group_mappings');
select platform.isolate('federation.iam_group_mappings');
create policy iam_group_mappings_system on federation.iam_group_mappings for select using ((select platform.is_system()));
grant select, insert, delete on federation.iam_group_mappings to commonhold_app;
grant update (external_group_name, auto_assign, sync_status, last_sync_at) on federation.iam_group_mappings to commonhold_app;
grant select on federation.iam_group_mappings to commonhold_readonly;
select audit.track('federation.iam_group_mappings', ignore => '{updated_at,last_sync_at}', context => '{provider_id}');

create table federation.role_sources (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  user_tenant_id uuid not null,
  role_id uuid not null,
  mapping_id uuid,
  created_at timestamptz not null default now(),
  constraint role_sources_pkey primary key (tenant_id, id),
  constraint role_sources_once unique nulls not distinct (tenant_id, user_tenant_id, role_id, mapping_id),
  constraint role_sources_role_fkey foreign key (tenant_id, user_tenant_id, role_id)
    references access.user_tenant_roles (tenant_id, user_tenant_id, role_id) on delete cascade,
  constraint role_sources_mapping_fkey foreign key (tenant_id, mapping_id, role_id)
    references federation.iam_group_mappings (tenant_id, id, internal_role) on delete cascade
);
comment on table federation.role_sources is
  'Why a member has a role that a group gave (AG-06). A role without a row here was given by hand';
comment on column federation.role_sources.mapping_id is 'Null: it had been given by hand before, and stays when no group gives it any more';
create index role_sources_mapping_id_idx on federation.role_sources (tenant_id, mapping_id, role_id);
select platform.isolate('federation.role_sources');
create policy role_sources_system on federation.role_sources for select using ((select platform.is_system()));
grant select, insert, delete on federation.role_sources to commonhold_app;
grant select on federation.role_sources to commonhold_readonly;

create table federation.known_groups (
  tenant_id uuid not null,
  provider_id uuid not null,
  user_tenant_id uuid not null,
  group_ids text[],
  group_names text[],
  known_at timestamptz,
  known_by text,
  outcome text not null,
  reason text,
  asked_at timestamptz not null default now(),
  constraint known_groups_pkey primary key (tenant_id, provider_id, user_tenant_id),
  constraint known_groups_known_whole check (
    (group_ids is null) = (known_at is null)
    and (group_ids is null) = (known_by is null)
    and (group_ids is null) = (group_names is null)
    and cardinality(group_ids) = cardinality(group_names)
    and cardinality(group_ids) <= 5000
  ),
  constraint known_groups_known_by_known check (known_by in ('sign_in', 'scim')),
  constraint known_groups_outcome_known check (outcome in ('known', 'unknown', 'inactive')),
  constraint known_groups_reason_length check (length(reason) between 1 and 100),
  constraint known_groups_provider_id_fkey foreign key (tenant_id, provider_id)
    references federation.iam_providers (tenant_id, id) on delete cascade,
  constraint known_groups_user_tenant_id_fkey foreign key (tenant_id, user_tenant_id)
    references tenancy.user_tenants (tenant_id, id) on delete cascade
);
comment on table federation.known_groups is 'The groups of a member at a provider: those last known, and what the latest answer was (AG-06)';
comment on column federation.known_groups.group_ids is 'Null: they have never been known';
comment on column federation.known_groups.group_names is 'In the order of group_ids; null where the provider told none';
comment on column federation.known_groups.outcome is 'Of the latest answer: only known changes group_ids, and only known takes roles away';
comment on column federation.known_groups.reason is 'Why it is unknown: overage, cut, missing …';
create index known_groups_user_tenant_id_idx on federation.known_groups (tenant_id, user_tenant_id);
select platform.isolate('federation.known_groups');
create policy known_groups_system on federation.known_groups for select using ((select platform.is_system()));
grant select, insert, delete on federation.known_groups to commonhold_app;
grant update (group_ids, group_names, known_at, known_by, outcome, reason, asked_at) on federation.known_groups to commonhold_app;
grant select on federation.known_groups to commonhold_readonly;

create table federation.role_proposals (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  mapping_id uuid not null,
  user_tenant_id uuid not null,
  dismissed_at timestamptz,
  dismissed_by uuid,
  created_at timestamptz not null default now(),
  constraint role_proposals_pkey primary key (tenant_id, id),
  constraint role_proposals_once unique (tenant_id, mapping_id, user_tenant_id),
  constraint role_proposals_mapping_id_fkey foreign key (tenant_id, mapping_id)
    references federation.iam_group_mappings (tenant_id, id) on delete cascade,
  constraint role_proposals_user_tenant_id_fkey foreign key (tenant_id, user_tenant_id)
    references tenancy.user_tenants (tenant_id, id) on delete cascade,
  constraint role_proposals_dismissed_by_fkey foreign key (dismissed_by) references identity.users (id) on delete set null
);
comment on table federation.role_proposals is 'Who is in a group whose mapping does not assign by itself: an administrator accepts or dismisses it';
comment on column federation.role_proposals.dismissed_at is 'It is not proposed again while he stays in the group';
create index role_proposals_user_tenant_id_idx on federation.role_proposals (tenant_id, user_tenant_id);
create index role_proposals_dismissed_by_idx on federation.role_proposals (dismissed_by) where dismissed_by is not null;
select platform.isolate('federation.role_proposals');
grant select, insert, delete on federation.role_proposals to commonhold_app;
grant update (dismissed_at, dismissed_by) on federation.role_proposals to commonhold_app;
grant select on federation.role_proposals to commonhold_readonly;
select audit.track('federation.role_proposals', context => '{user_tenant_id,mapping_id}');

create table federation.sync_runs (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  provider_id uuid not null,
  cause text not null,
  retry_of uuid,
  started_by uuid,
  status text not null default 'running',
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  ended_at timestamptz,
  people integer not null default 0,
  given integer not null default 0,
  taken integer not null default 0,
  proposed integer not null default 0,
  unknown integer not null default 0,
  failed integer not null default 0,
  error text,
  constraint sync_runs_pkey primary key (tenant_id, id),
  constraint sync_runs_cause_known check (cause in ('person', 'command', 'schedule', 'mapping', 'retry')),
  constraint sync_runs_status_known check (status in ('running', 'succeeded', 'partly', 'failed')),
  constraint sync_runs_end_known check ((status = 'running') = (ended_at is null)),
  constraint sync_runs_error_explained check ((status = 'failed') = (error is not null) and length(error) between 1 and 1000),
  constraint sync_runs_counted check (least(people, given, taken, proposed, unknown, failed) >= 0),
  constraint sync_runs_provider_id_fkey foreign key (tenant_id, provider_id)
    references federation.iam_providers (tenant_id, id) on delete cascade,
  constraint sync_runs_retry_of_fkey foreign key (tenant_id, retry_of)
    references federation.sync_runs (tenant_id, id) on delete set null (retry_of),
  constraint sync_runs_started_by_fkey foreign key (started_by) references identity.users (id) on delete set null
);
comment on table federation.sync_runs is 'Each time the roles of a provider''s people were brought in line with their groups (AG-05)';
comment on column federation.sync_runs.retry_of is 'The run whose failed people are tried again';
comment on column federation.sync_runs.seen_at is 'When it last showed that it is alive: after five minutes of silence it counts as lost';
comment on column federation.sync_runs.given is 'Roles, as taken and proposed; people, unknown and failed count people';
create unique index sync_runs_one_at_a_time on federation.sync_runs (tenant_id, provider_id) where status = 'running';
create index sync_runs_latest_idx on federation.sync_runs (tenant_id, provider_id, started_at desc, id desc);
create index sync_runs_started_at_idx on federation.sync_runs (started_at);
create index sync_runs_retry_of_idx on federation.sync_runs (tenant_id, retry_of) where retry_of is not null;
create index sync_runs_started_by_idx on federation.sync_runs (started_by) where started_by is not null;
select platform.isolate('federation.sync_runs');
create policy sync_runs_system on federation.sync_runs for select using ((select platform.is_system()));
create policy sync_runs_system_removes on federation.sync_runs for delete using ((select platform.is_system()));
grant select, insert, delete on federation.sync_runs to commonhold_app;
grant update (status, started_at, seen_at, ended_at, people, given, taken, proposed, unknown, failed, error)
  on federation.sync_runs to commonhold_app;
grant select on federation.sync_runs to commonhold_readonly;

create table federation.sync_run_errors (
  tenant_id uuid not null,
  run_id uuid not null,
  user_tenant_id uuid not null,
  code text not null,
  message text not null,
  created_at timestamptz not null default now(),
  constraint sync_run_errors_pkey primary key (tenant_id, run_id, user_tenant_id),
  constraint sync_run_errors_message_length check (length(message) between 1 and 1000),
  constraint sync_run_errors_run_id_fkey foreign key (tenant_id, run_id)
    references federation.sync_runs (tenant_id, id) on delete cascade,
  constraint sync_run_errors_user_tenant_id_fkey foreign key (tenant_id, user_tenant_id)
    references tenancy.user_tenants (tenant_id, id) on delete cascade
);
comment on table federation.sync_run_errors is 'Whose roles a sync run could not bring in line, and why (AG-05)';
create index sync_run_errors_user_tenant_id_idx on federation.sync_run_errors (tenant_id, user_tenant_id);
select platform.isolate('federation.sync_run_errors');
grant select, insert, delete on federation.sync_run_errors to commonhold_app;
grant select on federation.sync_run_errors to commonhold_readonly;

create function federation.find_differences(of_provider_id uuid, of_user_tenant_id uuid, of_groups text[])
returns table (change text, mapping_id uuid, role_id uuid)
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with mapping as (
    select
      each.id,
      each.internal_role,
      each.auto_assign,
      each.external_group_id = any (of_groups) as is_in,
      exists (
        select
        from federation.role_sources as source
        where source.tenant_id = each.tenant_id
          and source.user_tenant_id = of_user_tenant_id
          and source.role_id = each.internal_role
          and source.mapping_id = each.id
      ) as gives,
      exists (
        select
        from federation.role_proposals as proposal
        where proposal.tenant_id = each.tenant_id
          and proposal.user_tenant_id = of_user_tenant_id
          and proposal.mapping_id = each.id
      ) as is_proposed
    from federation.iam_group_mappings as each
    where each.tenant_id = platform.current_tenant_id()
      and each.provider_id = of_provider_id
      and each.sync_status <> 'disabled'
  )
  select 'give', id, internal_role from mapping where of_groups is not null and is_in and auto_assign and not gives
  union all
  select 'take', id, internal_role from mapping where of_groups is not null and not is_in and gives
  union all
  select 'propose', id, internal_role
  from mapping
  where is_in and not auto_assign and not gives and not is_proposed
    -- Who has the role already is not proposed for it.
    and not exists (
      select
      from access.user_tenant_roles as held
      where held.tenant_id = platform.current_tenant_id()
        and held.user_tenant_id = of_user_tenant_id
        and held.role_id = mapping.internal_role
    )
  union all
  select 'withdraw', id, internal_role
  from mapping
  where of_groups is not null and is_proposed and (not is_in or auto_assign)
$function$;
comment on function federation.find_differences(uuid, uuid, text[]) is
  'AG-06: what has to change so that the roles of a member are those that his groups give; nothing where they are not known (null)';
revoke execute on function federation.find_differences(uuid, uuid, text[]) from public;
grant execute on function federation.find_differences(uuid, uuid, text[]) to commonhold_app;

create function federation.give_role(of_user_tenant_id uuid, of_mapping_id uuid, of_role_id uuid)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
declare
  is_new boolean;
begin
  insert into access.user_tenant_roles (user_tenant_id, role_id)
  values (of_user_tenant_id, of_role_id)
  on conflict do nothing;
  is_new := found;
  if not is_new then
    insert into federation.role_sources (user_tenant_id, role_id, mapping_id)
    select of_user_tenant_id, of_role_id, null
    where not exists (
      select
      from federation.role_sources as source
      where source.tenant_id = platform.current_tenant_id()
        and source.user_tenant_id = of_user_tenant_id
        and source.role_id = of_role_id
    );
  end if;
  insert into federation.role_sources (user_tenant_id, role_id, mapping_id)
  values (of_user_tenant_id, of_role_id, of_mapping_id)
  on conflict on constraint role_sources_once do nothing;
  return is_new;
end
$function$;
comment on function federation.give_role(uuid, uuid, uuid) is
  'Gives a member a role because of a mapping, and notes whether he had it by hand; answers whether it is new to him';
revoke execute on function federation.give_role(uuid, uuid, uuid) from public;
grant execute on function federation.give_role(uuid, uuid, uuid) to commonhold_app;

create function federation.take_role(of_user_tenant_id uuid, of_mapping_id uuid, of_role_id uuid)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
declare
  refusal text;
begin
  delete from federation.role_sources
  where tenant_id = platform.current_tenant_id()
    and user_tenant_id = of_user_tenant_id
    and role_id = of_role_id
    and mapping_id = of_mapping_id;
  return case
    when exists (
      select
      from access.user_tenant_roles
      where tenant_id = platform.current_tenant_id()
        and user_tenant_id = of_user_tenant_id
        and role_id = of_role_id
    ) then 'parted'
    else 'taken'
  end;
exception
  when sqlstate 'CH001' then
    -- Its source stays too: once there is another owner the next sync takes it.
    get stacked diagnostics refusal = constraint_name;
    if refusal = 'members.last_owner' then
      return 'kept';
    end if;
    raise;
end
$function$;
comment on function federation.take_role(uuid, uuid, uuid) is
  'Takes away what a mapping gave: taken, or parted where the member has the role by hand or by another group too, or kept where he is the last owner';
revoke execute on function federation.take_role(uuid, uuid, uuid) from public;
grant execute on function federation.take_role(uuid, uuid, uuid) to commonhold_app;

create function federation.await_mappings(of_provider_id uuid, to_change boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
begin
  if to_change then
    perform pg_advisory_xact_lock(hashtext('federation.iam_group_mappings'), hashtext(of_provider_id::text));
  else
    perform pg_advisory_xact_lock_shared(hashtext('federation.iam_group_mappings'), hashtext(of_provider_id::text));
  end if;
end
$function$;
comment on function federation.await_mappings(uuid, boolean) is
  'Who changes mappings waits for whoever reads them: the sync run after it then sees all groups that were noted with the old ones';
revoke execute on function federation.await_mappings(uuid, boolean) from public;
grant execute on function federation.await_mappings(uuid, boolean) to commonhold_app;

create function federation.await_person(of_provider_id uuid, of_user_tenant_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
begin
  perform federation.await_mappings(of_provider_id, false);
  perform pg_advisory_xact_lock(hashtext('federation.known_groups'), hashtext(of_provider_id::text || of_user_tenant_id::text));
end
$function$;
comment on function federation.await_person(uuid, uuid) is
  'Of two who bring the same person in line at once the second goes by what the first has done, and by what he has noted';
revoke execute on function federation.await_person(uuid, uuid) from public;
grant execute on function federation.await_person(uuid, uuid) to commonhold_app;

create function federation.lock_member(of_user_tenant_id uuid)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
begin
  perform
  from tenancy.tenants
  where id = platform.current_tenant_id()
  for no key update;
  perform
  from tenancy.user_tenants
  where tenant_id = platform.current_tenant_id()
    and id = of_user_tenant_id
  for update;
  return found;
end
$function$;
comment on function federation.lock_member(uuid) is
  'In the order of access.set_roles_of, and before federation.await_person: whoever has locked the tenant already waits there for nobody who waits for it';
revoke execute on function federation.lock_member(uuid) from public;
grant execute on function federation.lock_member(uuid) to commonhold_app;

create function federation.find_known_groups(of_provider_id uuid, of_user_tenant_id uuid)
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select group_ids
  from federation.known_groups
  where tenant_id = platform.current_tenant_id()
    and provider_id = of_provider_id
    and user_tenant_id = of_user_tenant_id
    and outcome <> 'inactive'
$function$;
comment on function federation.find_known_groups(uuid, uuid) is
  'The groups that a member was last known to have; null where none are known, or he is inactive at the provider';
revoke execute on function federation.find_known_groups(uuid, uuid) from public;
grant execute on function federation.find_known_groups(uuid, uuid) to commonhold_app;

create function federation.apply_groups(of_provider_id uuid, of_user_tenant_id uuid, of_groups text[])
returns table (change text, mapping_id uuid, role_id uuid)
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
  groups text[];
  is_locked boolean := false;
  difference record;
begin
  -- Nearly always nothing has changed: then nobody of the tenant waits for anybody else.
  groups := coalesce(of_groups, federation.find_known_groups(of_provider_id, of_user_tenant_id));
  if exists (select from federation.find_differences(of_provider_id, of_user_tenant_id, groups)) then
    is_locked := federation.lock_member(of_user_tenant_id);
  end if;
  loop
    begin
      perform federation.await_person(of_provider_id, of_user_tenant_id);
      groups := coalesce(of_groups, federation.find_known_groups(of_provider_id, of_user_tenant_id));
      if not exists (select from federation.find_differences(of_provider_id, of_user_tenant_id, groups)) then
        return;
      end if;
      exit when is_locked;
      -- Somebody else has made the difference meanwhile: gives the turn back, and takes the locks in their order.
      raise exception using errcode = 'CH002';
    exception
      when sqlstate 'CH002' then
        is_locked := federation.lock_member(of_user_tenant_id);
        if not is_locked then
          return;
        end if;
    end;
  end loop;
  for difference in
    select *
    from federation.find_differences(of_provider_id, of_user_tenant_id, groups) as found
    -- Giving first: a role that goes from one group to another is never gone.
    order by array_position(array['give', 'propose', 'withdraw', 'take'], found.change), found.mapping_id
  loop
    mapping_id := difference.mapping_id;
    role_id := difference.role_id;
    case difference.change
      when 'give' then
        change := case
          when federation.give_role(of_user_tenant_id, difference.mapping_id, difference.role_id) then 'given'
          else 'joined'
        end;
      when 'take' then
        change := federation.take_role(of_user_tenant_id, difference.mapping_id, difference.role_id);
      when 'propose' then
        insert into federation.role_proposals (mapping_id, user_tenant_id)
        values (difference.mapping_id, of_user_tenant_id);
        change := 'proposed';
      when 'withdraw' then
        delete from federation.role_proposals as proposal
        where proposal.tenant_id = platform.current_tenant_id()
          and proposal.user_tenant_id = of_user_tenant_id
          and proposal.mapping_id = difference.mapping_id;
        change := 'withdrawn';
    end case;
    return next;
  end loop;
end
$function$;
comment on function federation.apply_groups(uuid, uuid, text[]) is
  'AG-06: brings the roles of a member in line with his groups (null: those last known), and answers what it changed: given, joined (had it already), taken, parted (has it still), kept (last owner), proposed, withdrawn';
revoke execute on function federation.apply_groups(uuid, uuid, text[]) from public;
grant execute on function federation.apply_groups(uuid, uuid, text[]) to commonhold_app;

create function federation.take_unfounded_roles()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
begin
  -- Where the workspace itself goes, its roles go by themselves, and are counted.
  if exists (
    select
    from tenancy.tenant_deletions as deletion
    where deletion.tenant_id = platform.current_tenant_id()
      and deletion.begun_at is not null
  ) then
    return null;
  end if;
  delete from access.user_tenant_roles as held
  using (
    select distinct gone.tenant_id, gone.user_tenant_id, gone.role_id
    from old_rows as gone
    where not exists (
      select
      from federation.role_sources as source
      where source.tenant_id = gone.tenant_id
        and source.user_tenant_id = gone.user_tenant_id
        and source.role_id = gone.role_id
    )
  ) as unfounded
  where held.tenant_id = unfounded.tenant_id
    and held.user_tenant_id = unfounded.user_tenant_id
    and held.role_id = unfounded.role_id;
  return null;
end
$function$;
comment on function federation.take_unfounded_roles() is
  'A role goes with the last reason why somebody has it, whatever path takes that: a group, a mapping, a provider';
revoke execute on function federation.take_unfounded_roles() from public;
create trigger take_unfounded_roles
  after delete on federation.role_sources
  referencing old table as old_rows
  for each statement execute function federation.take_unfounded_roles();

create function federation.forget_groups()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
begin
  delete from federation.known_groups as known
  using tenancy.user_tenants as membership
  where membership.tenant_id = old.tenant_id
    and membership.user_id = old.user_id
    and known.tenant_id = old.tenant_id
    and known.provider_id = old.provider_id
    and known.user_tenant_id = membership.id;
  delete from federation.role_sources as source
  using tenancy.user_tenants as membership, federation.iam_group_mappings as mapping
  where membership.tenant_id = old.tenant_id
    and membership.user_id = old.user_id
    and mapping.tenant_id = old.tenant_id
    and mapping.provider_id = old.provider_id
    and source.tenant_id = old.tenant_id
    and source.user_tenant_id = membership.id
    and source.mapping_id = mapping.id;
  delete from federation.role_proposals as proposal
  using tenancy.user_tenants as membership, federation.iam_group_mappings as mapping
  where membership.tenant_id = old.tenant_id
    and membership.user_id = old.user_id
    and mapping.tenant_id = old.tenant_id
    and mapping.provider_id = old.provider_id
    and proposal.tenant_id = old.tenant_id
    and proposal.user_tenant_id = membership.id
    and proposal.mapping_id = mapping.id;
  return null;
end
$function$;
comment on function federation.forget_groups() is
  'Who is nobody at a provider any more loses what its groups gave him: no sync would ever take it';
revoke execute on function federation.forget_groups() from public;
create trigger forget_groups_deleted
  after delete on federation.iam_user_mappings
  for each row when (old.user_id is not null)
  execute function federation.forget_groups();
create trigger forget_groups_changed
  after update of user_id on federation.iam_user_mappings
  for each row when (old.user_id is not null and new.user_id is distinct from old.user_id)
  execute function federation.forget_groups();

create function federation.guard_group_mapping()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
begin
  perform access.require_held(new.tenant_id, array[new.internal_role], '{}');
  return null;
end
$function$;
comment on function federation.guard_group_mapping() is
  'MT-20: a group gives no role that holds more than who lets it give that';
revoke execute on function federation.guard_group_mapping() from public;
create trigger guard_made_mapping
  after insert on federation.iam_group_mappings
  for each row execute function federation.guard_group_mapping();
create trigger guard_changed_mapping
  after update of auto_assign, sync_status on federation.iam_group_mappings
  for each row
  when ((new.auto_assign and not old.auto_assign) or (old.sync_status = 'disabled' and new.sync_status <> 'disabled'))
  execute function federation.guard_group_mapping();

create function federation.guard_group_settings()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
begin
  perform access.require_held(
    new.tenant_id,
    array(
      select internal_role
      from federation.iam_group_mappings
      where tenant_id = new.tenant_id
        and provider_id = new.id
    ),
    '{}'
  );
  return null;
end
$function$;
comment on function federation.guard_group_settings() is
  'MT-20: who says where groups are read can be in any of them, so he holds all that the groups give';
revoke execute on function federation.guard_group_settings() from public;
create trigger guard_group_settings
  after update of configuration on federation.iam_providers
  for each row
  when (old.configuration -> 'groups' is distinct from new.configuration -> 'groups')
  execute function federation.guard_group_settings();

create function federation.keep_mapped_role()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
begin
  if exists (
      select
      from federation.iam_group_mappings
      where tenant_id = old.tenant_id
        and internal_role = old.id
    )
    -- With the tenant everything goes.
    and exists (
      select
      from tenancy.tenants
      where id = old.tenant_id
        and not (status = 'pending_deletion' and deletion_scheduled_at <= now())
    )
  then
    raise exception 'groups of an identity provider give this role'
      using errcode = 'CH001', constraint = 'federation.role_mapped', schema = 'access', table = 'roles';
  end if;
  return old;
end
$function$;
comment on function federation.keep_mapped_role() is
  'A role that groups give is not removed: with its replacement given by hand nobody would lose it any more by leaving the group';
revoke execute on function federation.keep_mapped_role() from public;
create trigger keep_mapped_role
  before delete on access.roles
  for each row execute function federation.keep_mapped_role();
