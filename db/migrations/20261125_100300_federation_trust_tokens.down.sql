-- Who was kept from the owner's role gets it by the next sync.
create or replace function federation.find_differences(of_provider_id uuid, of_user_tenant_id uuid, of_groups text[])
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

create or replace function federation.find_differences_of(of_provider_id uuid, of_people uuid[])
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

create or replace function federation.apply_groups_of(of_provider_id uuid, of_people uuid[])
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
drop function federation.may_make_owners(uuid);
