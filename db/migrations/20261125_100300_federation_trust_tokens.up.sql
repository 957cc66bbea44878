create function federation.may_make_owners(of_provider_id uuid)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select not exists (
    select
    from federation.iam_providers as provider
    join federation.provisionings as provisioning
      on provisioning.tenant_id = provider.tenant_id and provisioning.provider_id = provider.id
    join access.api_keys as token
      on token.tenant_id = provisioning.tenant_id and token.user_id = provisioning.service_id
    where provider.tenant_id = platform.current_tenant_id()
      and provider.id = of_provider_id
      and provider.configuration #>> '{groups,source}' = 'scim'
      and token.revoked_at is null
      and (token.expires_at is null or token.expires_at > now())
      and not exists (
        select
        from federation.list_owners() as owner (user_id)
        where owner.user_id = token.created_by
      )
  )
$function$;
comment on function federation.may_make_owners(uuid) is
  'Whether the groups of a provider may give the owner''s role: who made a living token of its directory can put himself into any group, so each of them has to be an owner now (decision 0015)';
revoke execute on function federation.may_make_owners(uuid) from public;
grant execute on function federation.may_make_owners(uuid) to commonhold_app;

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
      each.auto_assign
        and (not role.is_built_in or role.name <> 'owner' or federation.may_make_owners(of_provider_id)) as may_give,
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
    join access.roles as role on role.tenant_id = each.tenant_id and role.id = each.internal_role
    where each.tenant_id = platform.current_tenant_id()
      and each.provider_id = of_provider_id
      and each.sync_status <> 'disabled'
  )
  select 'give', id, internal_role from mapping where of_groups is not null and is_in and may_give and not gives
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
  -- Row security hides from the planner how many rows a tenant has, so a join with them is planned for one: each look that
  -- stands as a subquery with a limit is one by the index, however many there are.
  with mapping as materialized (
    select
      each.id,
      each.internal_role,
      each.auto_assign,
      each.auto_assign
        and (not role.is_built_in or role.name <> 'owner' or federation.may_make_owners(of_provider_id)) as may_give,
      each.external_group_id
    from federation.iam_group_mappings as each
    join access.roles as role on role.tenant_id = each.tenant_id and role.id = each.internal_role
    where each.tenant_id = platform.current_tenant_id()
      and each.provider_id = of_provider_id
      and each.sync_status <> 'disabled'
  ),
  wanted as materialized (
    select distinct known.user_tenant_id, mapping.id, mapping.internal_role, mapping.auto_assign, mapping.may_give
    from federation.known_groups as known
    cross join unnest(known.group_ids) as own (group_id)
    join mapping on mapping.external_group_id = own.group_id
    where known.tenant_id = platform.current_tenant_id()
      and known.provider_id = of_provider_id
      and known.user_tenant_id = any (of_people)
      and known.outcome <> 'inactive'
  )
  select wanted.user_tenant_id, 'give', wanted.id, wanted.internal_role
  from wanted
  where wanted.may_give
    and (
      select true
      from federation.role_sources as source
      where source.tenant_id = platform.current_tenant_id()
        and source.user_tenant_id = wanted.user_tenant_id
        and source.role_id = wanted.internal_role
        and source.mapping_id = wanted.id
      limit 1
    ) is null
  union all
  select source.user_tenant_id, 'take', mapping.id, mapping.internal_role
  from federation.role_sources as source
  join mapping on mapping.id = source.mapping_id
  cross join lateral (
    select known.group_ids
    from federation.known_groups as known
    where known.tenant_id = platform.current_tenant_id()
      and known.provider_id = of_provider_id
      and known.user_tenant_id = source.user_tenant_id
      and known.outcome <> 'inactive'
    limit 1
  ) as known
  where source.tenant_id = platform.current_tenant_id()
    and source.user_tenant_id = any (of_people)
    and not mapping.external_group_id = any (known.group_ids)
  union all
  select wanted.user_tenant_id, 'propose', wanted.id, wanted.internal_role
  from wanted
  where not wanted.auto_assign
    and (
      select true
      from federation.role_sources as source
      where source.tenant_id = platform.current_tenant_id()
        and source.user_tenant_id = wanted.user_tenant_id
        and source.role_id = wanted.internal_role
        and source.mapping_id = wanted.id
      limit 1
    ) is null
    and (
      select true
      from federation.role_proposals as proposal
      where proposal.tenant_id = platform.current_tenant_id()
        and proposal.user_tenant_id = wanted.user_tenant_id
        and proposal.mapping_id = wanted.id
      limit 1
    ) is null
    -- Who has the role already is not proposed for it.
    and (
      select true
      from access.user_tenant_roles as held
      where held.tenant_id = platform.current_tenant_id()
        and held.user_tenant_id = wanted.user_tenant_id
        and held.role_id = wanted.internal_role
      limit 1
    ) is null
  union all
  select proposal.user_tenant_id, 'withdraw', mapping.id, mapping.internal_role
  from federation.role_proposals as proposal
  join mapping on mapping.id = proposal.mapping_id
  cross join lateral (
    select known.group_ids
    from federation.known_groups as known
    where known.tenant_id = platform.current_tenant_id()
      and known.provider_id = of_provider_id
      and known.user_tenant_id = proposal.user_tenant_id
      and known.outcome <> 'inactive'
    limit 1
  ) as known
  where proposal.tenant_id = platform.current_tenant_id()
    and proposal.user_tenant_id = any (of_people)
    and known.group_ids is not null
    and (mapping.auto_assign or not mapping.external_group_id = any (known.group_ids))
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
    and (
      select true
      from federation.role_sources as source
      where source.tenant_id = platform.current_tenant_id()
        and source.user_tenant_id = person.user_tenant_id
        and source.role_id = person.role_id
      limit 1
    ) is null;
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
    and proposal.user_tenant_id = any (of_people)
    and proposal.user_tenant_id = person.user_tenant_id
    and proposal.mapping_id = person.mapping_id;

  -- Giving first: a role that goes from one group to another is never gone.
  delete from federation.role_sources as source
  using jsonb_to_recordset(differences) as person (user_tenant_id uuid, change text, mapping_id uuid, role_id uuid)
  where person.change = 'take'
    and source.tenant_id = platform.current_tenant_id()
    and source.user_tenant_id = any (of_people)
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
      when 'take' then case when told.is_first and held.is_held is null then 'taken' else 'parted' end
      when 'propose' then 'proposed'
      else 'withdrawn'
    end,
    told.mapping_id,
    told.role_id
  from told
  left join jsonb_to_recordset(fresh) as given (user_tenant_id uuid, role_id uuid)
    on given.user_tenant_id = told.user_tenant_id and given.role_id = told.role_id
  left join lateral (
    select true as is_held
    from access.user_tenant_roles as held
    where told.change = 'take'
      and held.tenant_id = platform.current_tenant_id()
      and held.user_tenant_id = told.user_tenant_id
      and held.role_id = told.role_id
    limit 1
  ) as held on true;
end
$function$;
