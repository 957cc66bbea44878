drop function federation.mark_people(uuid, uuid[]);
create or replace function federation.list_people_to_sync(of_provider_id uuid, of_run_id uuid, after_id uuid, at_most integer)
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
drop function federation.apply_groups_of(uuid, uuid[]);
drop function federation.find_differences_of(uuid, uuid[]);
