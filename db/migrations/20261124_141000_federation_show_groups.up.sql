create view federation.group_mapping_details with (security_invoker = true) as
select
  mapping.tenant_id,
  mapping.id,
  mapping.provider_id,
  mapping.external_group_id,
  mapping.external_group_name,
  mapping.internal_role as role_id,
  role.name as role_name,
  mapping.auto_assign,
  mapping.sync_status,
  mapping.last_sync_at,
  mapping.created_at,
  mapping.updated_at,
  (
    select count(*)::integer
    from federation.role_sources as source
    where source.tenant_id = mapping.tenant_id
      and source.mapping_id = mapping.id
  ) as people
from federation.iam_group_mappings as mapping
join access.roles as role
  on role.tenant_id = mapping.tenant_id and role.id = mapping.internal_role;
comment on view federation.group_mapping_details is 'Which group gives which role, and to how many (AG-06)';
grant select on federation.group_mapping_details to commonhold_app;

create view federation.role_proposal_details with (security_invoker = true) as
select
  proposal.tenant_id,
  proposal.id,
  mapping.provider_id,
  proposal.mapping_id,
  coalesce(mapping.external_group_name, mapping.external_group_id) as group_name,
  mapping.internal_role as role_id,
  role.name as role_name,
  membership.user_id,
  account.full_name,
  account.email,
  proposal.user_tenant_id,
  proposal.dismissed_at,
  proposal.created_at
from federation.role_proposals as proposal
join federation.iam_group_mappings as mapping
  on mapping.tenant_id = proposal.tenant_id and mapping.id = proposal.mapping_id
join access.roles as role
  on role.tenant_id = mapping.tenant_id and role.id = mapping.internal_role
join tenancy.user_tenants as membership
  on membership.tenant_id = proposal.tenant_id and membership.id = proposal.user_tenant_id
join identity.users as account
  on account.id = membership.user_id;
comment on view federation.role_proposal_details is 'Who would get which role by which group, if an administrator says so';
grant select on federation.role_proposal_details to commonhold_app;

create view federation.sync_run_error_details with (security_invoker = true) as
select
  error.tenant_id,
  error.run_id,
  error.user_tenant_id,
  membership.user_id,
  account.full_name,
  account.email,
  error.code,
  error.message,
  error.created_at
from federation.sync_run_errors as error
join tenancy.user_tenants as membership
  on membership.tenant_id = error.tenant_id and membership.id = error.user_tenant_id
join identity.users as account
  on account.id = membership.user_id;
comment on view federation.sync_run_error_details is 'Whose roles a sync run could not bring in line, and why (AG-05)';
grant select on federation.sync_run_error_details to commonhold_app;

create function federation.list_people_to_sync(of_provider_id uuid, of_run_id uuid, after_id uuid, at_most integer)
returns table (user_tenant_id uuid, is_known boolean, differs boolean)
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select
    membership.id,
    coalesce(known.outcome = 'known', false),
    known.outcome <> 'inactive'
      and exists (
        select
        from federation.find_differences(of_provider_id, membership.id, known.group_ids)
      )
  from federation.iam_user_mappings as person
  join tenancy.user_tenants as membership
    on membership.tenant_id = person.tenant_id and membership.user_id = person.user_id
  left join federation.known_groups as known
    on known.tenant_id = person.tenant_id
    and known.provider_id = person.provider_id
    and known.user_tenant_id = membership.id
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
$function$;
comment on function federation.list_people_to_sync(uuid, uuid, uuid, integer) is
  'AG-05: the people of a provider (of a run: those with whom it failed), whether their groups are known, and whether their roles are others than those give';
revoke execute on function federation.list_people_to_sync(uuid, uuid, uuid, integer) from public;
grant execute on function federation.list_people_to_sync(uuid, uuid, uuid, integer) to commonhold_app;

create function federation.mark_person(of_provider_id uuid, of_user_tenant_id uuid, has_failed boolean)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $function$
  update federation.iam_user_mappings as person
  set
    sync_status = case when has_failed then 'failed' else 'synced' end,
    last_sync_at = now()
  from tenancy.user_tenants as membership
  where membership.tenant_id = platform.current_tenant_id()
    and membership.id = of_user_tenant_id
    and person.tenant_id = membership.tenant_id
    and person.user_id = membership.user_id
    and person.provider_id = of_provider_id
    and person.conflict is null
    and person.sync_status in ('synced', 'failed')
$function$;
comment on function federation.mark_person(uuid, uuid, boolean) is 'AG-05: how the last sync of somebody went';
revoke execute on function federation.mark_person(uuid, uuid, boolean) from public;
grant execute on function federation.mark_person(uuid, uuid, boolean) to commonhold_app;

create function federation.note_sync_error(of_run_id uuid, of_user_tenant_id uuid, of_code text, of_message text)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $function$
  insert into federation.sync_run_errors (run_id, user_tenant_id, code, message)
  select of_run_id, membership.id, of_code, left(of_message, 1000)
  from tenancy.user_tenants as membership
  where membership.tenant_id = platform.current_tenant_id()
    and membership.id = of_user_tenant_id
  for key share
  on conflict do nothing
$function$;
comment on function federation.note_sync_error(uuid, uuid, text, text) is
  'AG-05: with whom a run failed, and why; nothing where he has left meanwhile';
revoke execute on function federation.note_sync_error(uuid, uuid, text, text) from public;
grant execute on function federation.note_sync_error(uuid, uuid, text, text) to commonhold_app;

create function federation.list_owners()
returns setof uuid
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select user_id from members.list_owners(platform.current_tenant_id())
$function$;
comment on function federation.list_owners() is 'Who is told of a sync that failed';
revoke execute on function federation.list_owners() from public;
grant execute on function federation.list_owners() to commonhold_app;
