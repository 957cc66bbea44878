create function federation.find_differences_of(of_provider_id uuid, of_people uuid[])
returns table (user_tenant_id uuid, change text, mapping_id uuid, role_id uuid)
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with mapping as materialized (
    select id, internal_role, auto_assign, external_group_id
    from federation.iam_group_mappings
    where tenant_id = platform.current_tenant_id()
      and provider_id = of_provider_id
      and sync_status <> 'disabled'
  ),
  person as materialized (
    select known.user_tenant_id, known.group_ids
    from federation.known_groups as known
    where known.tenant_id = platform.current_tenant_id()
      and known.provider_id = of_provider_id
      and known.user_tenant_id = any (of_people)
      and known.group_ids is not null
      and known.outcome <> 'inactive'
  ),
  source as materialized (
    select source.user_tenant_id, source.mapping_id
    from federation.role_sources as source
    where source.tenant_id = platform.current_tenant_id()
      and source.user_tenant_id = any (of_people)
      and source.mapping_id is not null
  ),
  proposal as materialized (
    select proposal.user_tenant_id, proposal.mapping_id
    from federation.role_proposals as proposal
    where proposal.tenant_id = platform.current_tenant_id()
      and proposal.user_tenant_id = any (of_people)
  ),
  held as materialized (
    select held.user_tenant_id, held.role_id
    from access.user_tenant_roles as held
    where held.tenant_id = platform.current_tenant_id()
      and held.user_tenant_id = any (of_people)
  ),
  standing as (
    select
      person.user_tenant_id,
      mapping.id,
      mapping.internal_role,
      mapping.auto_assign,
      mapping.external_group_id = any (person.group_ids) as is_in,
      source.mapping_id is not null as gives,
      proposal.mapping_id is not null as is_proposed,
      held.role_id is not null as is_held
    from person
    cross join mapping
    left join source on source.user_tenant_id = person.user_tenant_id and source.mapping_id = mapping.id
    left join proposal on proposal.user_tenant_id = person.user_tenant_id and proposal.mapping_id = mapping.id
    left join held on held.user_tenant_id = person.user_tenant_id and held.role_id = mapping.internal_role
  )
  select user_tenant_id, 'give', id, internal_role from standing where is_in and auto_assign and not gives
  union all
  select user_tenant_id, 'take', id, internal_role from standing where not is_in and gives
  union all
  select user_tenant_id, 'propose', id, internal_role
  from standing
  -- Who has the role already is not proposed for it.
  where is_in and not auto_assign and not gives and not is_proposed and not is_held
  union all
  select user_tenant_id, 'withdraw', id, internal_role from standing where is_proposed and (not is_in or auto_assign)
$function$;
comment on function federation.find_differences_of(uuid, uuid[]) is
  'What federation.find_differences answers by the groups last known, of many people with one look';
revoke execute on function federation.find_differences_of(uuid, uuid[]) from public;
grant execute on function federation.find_differences_of(uuid, uuid[]) to commonhold_app;

create function federation.apply_groups_of(of_provider_id uuid, of_people uuid[])
returns table (user_tenant_id uuid, change text, mapping_id uuid, role_id uuid)
language plpgsql
set search_path = pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
  differences jsonb;
  fresh jsonb;
begin
  -- In the order of federation.lock_member and federation.await_person.
  perform
  from tenancy.tenants
  where id = platform.current_tenant_id()
  for no key update;
  perform
  from tenancy.user_tenants
  where tenant_id = platform.current_tenant_id()
    and id = any (of_people)
  order by id
  for no key update;
  perform federation.await_person(of_provider_id, person) from unnest(of_people) as person order by person;

  select coalesce(jsonb_agg(to_jsonb(found)), '[]')
  into differences
  from federation.find_differences_of(of_provider_id, of_people) as found;

  with given as (
    insert into access.user_tenant_roles (user_tenant_id, role_id)
    select distinct person.user_tenant_id, person.role_id
    from jsonb_to_recordset(differences) as person (user_tenant_id uuid, change text, role_id uuid)
    where person.change = 'give'
    order by person.user_tenant_id, person.role_id
    on conflict do nothing
    returning user_tenant_id, role_id
  )
  select coalesce(jsonb_agg(to_jsonb(given)), '[]') into fresh from given;

  -- Who had it by hand keeps it by hand.
  insert into federation.role_sources (user_tenant_id, role_id, mapping_id)
  select distinct person.user_tenant_id, person.role_id, null::uuid
  from jsonb_to_recordset(differences) as person (user_tenant_id uuid, change text, role_id uuid)
  where person.change = 'give'
    and not exists (
      select
      from jsonb_to_recordset(fresh) as given (user_tenant_id uuid, role_id uuid)
      where given.user_tenant_id = person.user_tenant_id
        and given.role_id = person.role_id
    )
    and not exists (
      select
      from federation.role_sources as source
      where source.tenant_id = platform.current_tenant_id()
        and source.user_tenant_id = person.user_tenant_id
        and source.role_id = person.role_id
    );
  insert into federation.role_sources (user_tenant_id, role_id, mapping_id)
  select person.user_tenant_id, person.role_id, person.mapping_id
  from jsonb_to_recordset(differences) as person (user_tenant_id uuid, change text, mapping_id uuid, role_id uuid)
  where person.change = 'give'
  on conflict on constraint role_sources_once do nothing;

  insert into federation.role_proposals (mapping_id, user_tenant_id)
  select person.mapping_id, person.user_tenant_id
  from jsonb_to_recordset(differences) as person (user_tenant_id uuid, change text, mapping_id uuid)
  where person.change = 'propose';
  delete from federation.role_proposals as proposal
  using jsonb_to_recordset(differences) as person (user_tenant_id uuid, change text, mapping_id uuid)
  where person.change = 'withdraw'
    and proposal.tenant_id = platform.current_tenant_id()
    and proposal.user_tenant_id = person.user_tenant_id
    and proposal.mapping_id = person.mapping_id;

  -- Giving first: a role that goes from one group to another is never gone.
  delete from federation.role_sources as source
  using jsonb_to_recordset(differences) as person (user_tenant_id uuid, change text, mapping_id uuid, role_id uuid)
  where person.change = 'take'
    and source.tenant_id = platform.current_tenant_id()
    and source.user_tenant_id = person.user_tenant_id
    and source.role_id = person.role_id
    and source.mapping_id = person.mapping_id;

  return query
  with told as (
    select
      person.*,
      row_number() over (
        partition by person.user_tenant_id, person.role_id, person.change order by person.mapping_id
      ) = 1 as is_first
    from jsonb_to_recordset(differences) as person (user_tenant_id uuid, change text, mapping_id uuid, role_id uuid)
  )
  select
    told.user_tenant_id,
    case told.change
      when 'give' then case when told.is_first and given.role_id is not null then 'given' else 'joined' end
      when 'take' then case when told.is_first and held.role_id is null then 'taken' else 'parted' end
      when 'propose' then 'proposed'
      else 'withdrawn'
    end,
    told.mapping_id,
    told.role_id
  from told
  left join jsonb_to_recordset(fresh) as given (user_tenant_id uuid, role_id uuid)
    on given.user_tenant_id = told.user_tenant_id and given.role_id = told.role_id
  left join access.user_tenant_roles as held
    on held.tenant_id = platform.current_tenant_id()
    and held.user_tenant_id = told.user_tenant_id
    and held.role_id = told.role_id;
end
$function$;
comment on function federation.apply_groups_of(uuid, uuid[]) is
  'AG-06: what federation.apply_groups does by the groups last known, of many people at once. One of them who cannot be brought in line refuses all, the last owner too: then each by himself';
revoke execute on function federation.apply_groups_of(uuid, uuid[]) from public;
grant execute on function federation.apply_groups_of(uuid, uuid[]) to commonhold_app;

create or replace function federation.list_people_to_sync(of_provider_id uuid, of_run_id uuid, after_id uuid, at_most integer)
returns table (user_tenant_id uuid, is_known boolean, differs boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
  people uuid[];
begin
  people := array(
    select membership.id
    from federation.iam_user_mappings as person
    join tenancy.user_tenants as membership
      on membership.tenant_id = person.tenant_id and membership.user_id = person.user_id
    where person.tenant_id = platform.current_tenant_id()
      and person.provider_id = of_provider_id
      and person.sync_status <> 'disabled'
      and (after_id is null or membership.id > after_id)
      and (
        of_run_id is null
        or exists (
          select
          from federation.sync_run_errors as error
          where error.tenant_id = person.tenant_id
            and error.run_id = of_run_id
            and error.user_tenant_id = membership.id
        )
      )
    order by membership.id
    limit at_most
  );
  return query
  select person.id, coalesce(known.outcome = 'known', false), differing.user_tenant_id is not null
  from unnest(people) as person (id)
  left join federation.known_groups as known
    on known.tenant_id = platform.current_tenant_id()
    and known.provider_id = of_provider_id
    and known.user_tenant_id = person.id
  left join (
    select distinct found.user_tenant_id
    from federation.find_differences_of(of_provider_id, people) as found
  ) as differing
    on differing.user_tenant_id = person.id
  order by person.id;
end
$function$;
create function federation.mark_people(of_provider_id uuid, of_people uuid[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $function$
  update federation.iam_user_mappings as person
  set sync_status = 'synced', last_sync_at = now()
  from tenancy.user_tenants as membership
  where membership.tenant_id = platform.current_tenant_id()
    and membership.id = any (of_people)
    and person.tenant_id = membership.tenant_id
    and person.user_id = membership.user_id
    and person.provider_id = of_provider_id
    and person.conflict is null
    and person.sync_status in ('synced', 'failed')
$function$;
comment on function federation.mark_people(uuid, uuid[]) is 'AG-05: that the last sync of several people went well';
revoke execute on function federation.mark_people(uuid, uuid[]) from public;
grant execute on function federation.mark_people(uuid, uuid[]) to commonhold_app;
