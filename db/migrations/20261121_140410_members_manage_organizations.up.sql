-- As many rows as there are organizations: checked within seconds, in the migration's own transaction.
-- squawk-ignore-file constraint-missing-not-valid
alter table tenancy.organizations
  add constraint organizations_description_length check (length(description) <= 2000),
  add constraint organizations_settings_size check (octet_length(settings::text) <= 16384);

create function members.keep_tree()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  most_levels constant integer := 10;
  most_organizations constant integer := 2000;
  levels_above integer := 0;
  levels_below integer := 1;
  is_below_itself boolean := false;
begin
  -- Of two that are moved below each other at once the second waits here, and then sees where the first stands.
  perform
  from tenancy.tenants as tenant
  where tenant.id = new.tenant_id
  for no key update;

  if new.parent_id is not null then
    with recursive above as (
      select parent.id, parent.parent_id, 1 as level
      from tenancy.organizations as parent
      where parent.tenant_id = new.tenant_id
        and parent.id = new.parent_id
      union all
      select parent.id, parent.parent_id, above.level + 1
      from above
      join tenancy.organizations as parent on parent.tenant_id = new.tenant_id and parent.id = above.parent_id
      where above.level <= most_levels
    )
    select coalesce(max(level), 0), coalesce(bool_or(id = new.id), false) into levels_above, is_below_itself from above;
    if is_below_itself then
      raise exception 'An organization cannot stand below itself'
        using errcode = 'CH001', constraint = 'members.organization_below_itself', schema = 'tenancy', table = 'organizations';
    end if;
  end if;

  if tg_op = 'UPDATE' then
    with recursive below as (
      select new.id, 1 as level
      union all
      select child.id, below.level + 1
      from below
      join tenancy.organizations as child on child.tenant_id = new.tenant_id and child.parent_id = below.id
      where below.level <= most_levels
    )
    select max(level) into levels_below from below;
  elsif (select count(*) from tenancy.organizations where tenant_id = new.tenant_id) >= most_organizations then
    raise exception 'A tenant has % organizations at most', most_organizations
      using errcode = 'CH001', constraint = 'members.organizations_too_many', schema = 'tenancy', table = 'organizations';
  end if;
  if levels_above + levels_below > most_levels then
    raise exception 'Organizations stand in % levels at most', most_levels
      using errcode = 'CH001', constraint = 'members.organization_too_deep', schema = 'tenancy', table = 'organizations';
  end if;
  return new;
end
$$;
comment on function members.keep_tree() is
  'GG-05: organizations stay a tree of at most 10 levels, and 2,000 in a tenant, whoever makes and moves them at once';

create function members.administers(of_organization_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    with recursive above as (
      select organization.id, organization.parent_id
      from tenancy.organizations as organization
      where organization.tenant_id = platform.current_tenant_id()
        and organization.id = of_organization_id
      union
      select parent.id, parent.parent_id
      from above
      join tenancy.organizations as parent
        on parent.tenant_id = platform.current_tenant_id() and parent.id = above.parent_id
    )
    select
    from above
    join tenancy.user_organizations as place
      on place.tenant_id = platform.current_tenant_id()
      and place.organization_id = above.id
      and place.user_id = platform.current_user_id()
      and place.role = 'admin'
    join tenancy.user_tenants as membership
      on membership.tenant_id = place.tenant_id
      and membership.user_id = place.user_id
      and (membership.expires_at is null or membership.expires_at > now())
  );
end
$$;
comment on function members.administers(uuid) is
  'The current user is an administrator of this organization, or of one that it stands below';

create function members.may_manage(of_organization_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return platform.is_system()
    or members.administers(of_organization_id)
    or (
      select cardinality(unheld.permissions) = 0
      from access.find_unheld(platform.current_tenant_id(), '{}', '{members.organizations.write}', null) as unheld
    );
end
$$;
comment on function members.may_manage(uuid) is
  'GG-05: the current user may change this organization, its members, and what stands below it: as its administrator, as one of those above it, or by members.organizations.write. Of null, the top, by that permission alone';

create function members.guard_place()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- An administrator of one organization moves what stands below it, and only to there.
  if platform.current_tenant_id() is not null
    and not (members.may_manage(old.parent_id) and members.may_manage(new.parent_id))
  then
    raise exception 'An organization is moved by who may manage both places'
      using errcode = 'CH001', constraint = 'members.organization_not_yours', schema = 'tenancy',
        table = 'organizations';
  end if;
  return new;
end
$$;
comment on function members.guard_place() is 'Refuses to move an organization out of, or into, one that the current user may not manage';

revoke execute
  on function members.keep_tree(), members.administers(uuid), members.may_manage(uuid), members.guard_place()
  from public;
grant execute on function members.administers(uuid), members.may_manage(uuid) to commonhold_app;

create trigger take_turn before insert or update of tenant_id, id, parent_id on tenancy.organizations
  for each statement execute function members.take_turn();
create trigger keep_tree_added before insert on tenancy.organizations
  for each row execute function members.keep_tree();
create trigger keep_tree_moved before update of tenant_id, id, parent_id on tenancy.organizations
  for each row
  when (new.parent_id is distinct from old.parent_id or (new.tenant_id, new.id) is distinct from (old.tenant_id, old.id))
  execute function members.keep_tree();
create trigger guard_place before update of parent_id on tenancy.organizations
  for each row
  when (new.parent_id is distinct from old.parent_id)
  execute function members.guard_place();

-- Restrictive: they narrow the tenant's policy and never widen it.
create policy organizations_made_by_manager on tenancy.organizations
  as restrictive
  for insert
  to commonhold_app
  with check (members.may_manage(parent_id));
create policy organizations_changed_by_manager on tenancy.organizations
  as restrictive
  for update
  to commonhold_app
  using (members.may_manage(id));
create policy organizations_removed_by_manager on tenancy.organizations
  as restrictive
  for delete
  to commonhold_app
  using (members.may_manage(parent_id));
create policy user_organizations_added_by_manager on tenancy.user_organizations
  as restrictive
  for insert
  to commonhold_app
  with check (members.may_manage(organization_id));
create policy user_organizations_changed_by_manager on tenancy.user_organizations
  as restrictive
  for update
  to commonhold_app
  using (members.may_manage(organization_id));
create policy user_organizations_removed_by_manager on tenancy.user_organizations
  as restrictive
  for delete
  to commonhold_app
  using (user_id = (select platform.current_user_id()) or members.may_manage(organization_id));

create view members.organization_details
with (security_invoker = true)
as
with recursive place as (
  select organization.tenant_id, organization.id, 1 as level, array[lower(organization.name), organization.id::text] as path
  from tenancy.organizations as organization
  where organization.parent_id is null
  union all
  select child.tenant_id, child.id, place.level + 1, place.path || array[lower(child.name), child.id::text]
  from place
  join tenancy.organizations as child on child.tenant_id = place.tenant_id and child.parent_id = place.id
),
above as (
  select organization.tenant_id, organization.id, organization.id as of_id, organization.parent_id
  from tenancy.organizations as organization
  union all
  select parent.tenant_id, parent.id, above.of_id, parent.parent_id
  from above
  join tenancy.organizations as parent on parent.tenant_id = above.tenant_id and parent.id = above.parent_id
),
counted as (
  select
    above.tenant_id,
    above.id,
    count(distinct member.user_id)::integer as members_with_below,
    (count(*) filter (where above.id = above.of_id and member.user_id is not null))::integer as members,
    count(distinct above.of_id)::integer - 1 as organizations_below
  from above
  left join tenancy.user_organizations as member
    on member.tenant_id = above.tenant_id and member.organization_id = above.of_id
  group by above.tenant_id, above.id
)
select
  organization.tenant_id,
  organization.id,
  organization.parent_id,
  organization.name,
  organization.slug,
  organization.description,
  organization.settings,
  organization.created_at,
  organization.updated_at,
  place.level,
  place.path,
  counted.members,
  counted.members_with_below,
  counted.organizations_below
from tenancy.organizations as organization
join place on place.tenant_id = organization.tenant_id and place.id = organization.id
join counted on counted.tenant_id = organization.tenant_id and counted.id = organization.id;
comment on view members.organization_details is
  'Organizations with their place in the tree and how many people belong to them, directly and with all below, each counted once';
comment on column members.organization_details.path is 'Sorted by it the tree is read from the top, siblings by name';
grant select on members.organization_details to commonhold_app;

create function members.list_places(of_organization_id uuid)
returns table (
  user_id uuid,
  email text,
  full_name text,
  username text,
  avatar_url text,
  role text,
  joined_at timestamptz,
  sort_name text
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    account.id,
    account.email,
    account.full_name,
    account.username,
    profile.avatar_url,
    place.role,
    place.joined_at,
    lower(coalesce(account.full_name, account.email))
  from tenancy.user_organizations as place
  join identity.users as account on account.id = place.user_id
  left join identity.user_profiles as profile on profile.user_id = account.id
  where place.tenant_id = platform.current_tenant_id()
    and place.organization_id = of_organization_id
$$;
comment on function members.list_places(uuid) is 'Who belongs to an organization of the scope''s tenant, and as what';

create function members.has_organization(of_organization_id uuid)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from tenancy.organizations as organization
    where organization.tenant_id = platform.current_tenant_id()
      and organization.id = of_organization_id
  )
$$;
comment on function members.has_organization(uuid) is 'The scope''s tenant has this organization';

create function members.list_administered()
returns setof uuid
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select place.organization_id
  from tenancy.user_organizations as place
  where place.tenant_id = platform.current_tenant_id()
    and place.user_id = platform.current_user_id()
    and place.role = 'admin'
$$;
comment on function members.list_administered() is 'The organizations whose administrator the current user is: with them he manages all below';

revoke execute
  on function members.list_places(uuid), members.has_organization(uuid), members.list_administered()
  from public;
grant execute
  on function members.list_places(uuid), members.has_organization(uuid), members.list_administered()
  to commonhold_app;
