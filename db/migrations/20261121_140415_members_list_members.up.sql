create view members.member_details
with (security_invoker = true)
as
select
  membership.tenant_id,
  membership.id as membership_id,
  membership.user_id,
  account.email,
  account.full_name,
  account.username,
  profile.avatar_url,
  coalesce(account.is_active, false) as is_account_active,
  (account.last_activity_at at time zone 'utc')::date as last_active_on,
  membership.joined_at,
  membership.expires_at,
  coalesce(membership.expires_at <= now(), false) as has_ended,
  lower(coalesce(account.full_name, account.email)) as sort_name,
  (
    select coalesce(
      jsonb_agg(
        jsonb_build_object('id', role.id, 'name', role.name, 'isBuiltIn', role.is_built_in)
        order by array_position(array['owner', 'admin', 'member', 'viewer'], role.name), role.name
      ),
      '[]'
    )
    from access.user_tenant_roles as held
    join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id
    where held.tenant_id = membership.tenant_id
      and held.user_tenant_id = membership.id
  ) as roles,
  (
    select coalesce(
      jsonb_agg(
        jsonb_build_object('id', organization.id, 'name', organization.name, 'role', place.role)
        order by lower(organization.name), organization.id
      ),
      '[]'
    )
    from tenancy.user_organizations as place
    join tenancy.organizations as organization
      on organization.tenant_id = place.tenant_id and organization.id = place.organization_id
    where place.tenant_id = membership.tenant_id
      and place.user_id = membership.user_id
  ) as organizations
from tenancy.user_tenants as membership
join identity.users as account on account.id = membership.user_id and account.kind = 'person'
left join identity.user_profiles as profile on profile.user_id = account.id
where membership.tenant_id = (select platform.current_tenant_id());
comment on view members.member_details is 'The people of the scope''s tenant, with what each is there (GG-04, MT-13)';
grant select on members.member_details to commonhold_app;

create function members.has_role(of_membership_id uuid, of_role_id uuid)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from access.user_tenant_roles as held
    where held.tenant_id = platform.current_tenant_id()
      and held.user_tenant_id = of_membership_id
      and held.role_id = of_role_id
  )
$$;
comment on function members.has_role(uuid, uuid) is 'A member of the scope''s tenant has this role';

create function members.find_second_factors(of_user_ids uuid[])
returns setof uuid
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select membership.user_id
  from tenancy.user_tenants as membership
  where membership.tenant_id = platform.current_tenant_id()
    and membership.user_id = any (of_user_ids)
    and (
      exists (
        select
        from identity.two_factors as factor
        where factor.user_id = membership.user_id and not factor.is_pending
      )
      or exists (select from identity.authenticators as passkey where passkey.user_id = membership.user_id)
    )
$$;
comment on function members.find_second_factors(uuid[]) is
  'Which of these members of the scope''s tenant have an authenticator app or a passkey. For the system only';

create function members.list_own_tenants(of_user_id uuid)
returns table (
  id uuid,
  name text,
  slug text,
  logo text,
  is_active boolean,
  is_default boolean,
  roles text[],
  joined_at timestamptz,
  expires_at timestamptz,
  has_ended boolean,
  is_last_owner boolean
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    tenant.id,
    tenant.name,
    tenant.slug,
    tenant.logo,
    tenant.is_active,
    coalesce(account.default_tenant_id = tenant.id, false),
    array(
      select role.name
      from access.user_tenant_roles as held
      join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id
      where held.tenant_id = membership.tenant_id
        and held.user_tenant_id = membership.id
      order by array_position(array['owner', 'admin', 'member', 'viewer'], role.name), role.name
    ),
    membership.joined_at,
    membership.expires_at,
    coalesce(membership.expires_at <= now(), false),
    (membership.expires_at is null or membership.expires_at > now())
      and exists (
        select
        from access.user_tenant_roles as held
        join access.roles as role
          on role.tenant_id = held.tenant_id and role.id = held.role_id and role.is_built_in and role.name = 'owner'
        where held.tenant_id = membership.tenant_id
          and held.user_tenant_id = membership.id
      )
      and not exists (
        select
        from tenancy.user_tenants as other
        join identity.users as owner on owner.id = other.user_id and owner.is_active and owner.kind = 'person'
        join access.user_tenant_roles as held on held.tenant_id = other.tenant_id and held.user_tenant_id = other.id
        join access.roles as role
          on role.tenant_id = held.tenant_id and role.id = held.role_id and role.is_built_in and role.name = 'owner'
        where other.tenant_id = membership.tenant_id
          and other.id <> membership.id
          and other.expires_at is null
      )
  from tenancy.user_tenants as membership
  join tenancy.tenants as tenant on tenant.id = membership.tenant_id
  join identity.users as account on account.id = membership.user_id
  where membership.user_id = of_user_id
  order by lower(tenant.name), tenant.id
$$;
comment on function members.list_own_tenants(uuid) is
  'A person''s tenants, those too where the membership has ended; whether he is the last owner there. For the system only';

create function members.list_due_expiries(days integer)
returns table (
  tenant_id uuid,
  tenant_name text,
  membership_id uuid,
  user_id uuid,
  email text,
  name text,
  timezone text,
  is_account_active boolean,
  expires_at timestamptz,
  has_ended boolean
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    tenant.id,
    tenant.name,
    membership.id,
    account.id,
    account.email,
    coalesce(account.full_name, account.email),
    coalesce(profile.timezone, 'UTC'),
    account.is_active,
    membership.expires_at,
    membership.expires_at <= now()
  from tenancy.user_tenants as membership
  join tenancy.tenants as tenant on tenant.id = membership.tenant_id and tenant.is_active
  join identity.users as account on account.id = membership.user_id and account.kind = 'person'
  left join identity.user_profiles as profile on profile.user_id = account.id
  where membership.expires_at < now() + days * interval '1 day'
    and membership.expires_at is distinct from membership.expiry_reported
    and (membership.expires_at <= now() or membership.expires_at is distinct from membership.expiry_announced)
  order by tenant.id, membership.expires_at, membership.id
$$;
comment on function members.list_due_expiries(integer) is
  'Memberships in active tenants that end within so many days or have ended, and of which nobody was told yet. For the system only';

create function members.list_owners(of_tenant_id uuid)
returns table (user_id uuid, email text, name text, timezone text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select account.id, account.email, coalesce(account.full_name, account.email), coalesce(profile.timezone, 'UTC')
  from tenancy.user_tenants as membership
  join identity.users as account on account.id = membership.user_id and account.is_active and account.kind = 'person'
  left join identity.user_profiles as profile on profile.user_id = account.id
  join access.user_tenant_roles as held
    on held.tenant_id = membership.tenant_id and held.user_tenant_id = membership.id
  join access.roles as role
    on role.tenant_id = held.tenant_id and role.id = held.role_id and role.is_built_in and role.name = 'owner'
  where membership.tenant_id = of_tenant_id
    and (membership.expires_at is null or membership.expires_at > now())
  order by account.id
$$;
comment on function members.list_owners(uuid) is 'Who owns a tenant and can sign in: to be told of something. For the system only';

revoke execute
  on function members.has_role(uuid, uuid), members.find_second_factors(uuid[]), members.list_own_tenants(uuid),
    members.list_due_expiries(integer), members.list_owners(uuid)
  from public;
grant execute
  on function members.has_role(uuid, uuid), members.find_second_factors(uuid[]), members.list_own_tenants(uuid),
    members.list_due_expiries(integer), members.list_owners(uuid)
  to commonhold_app;

create function members.find_person(of_membership_id uuid)
returns table (email text, name text, tenant_name text, is_account_active boolean)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select account.email, coalesce(account.full_name, account.email), tenant.name, account.is_active
  from tenancy.user_tenants as membership
  join tenancy.tenants as tenant on tenant.id = membership.tenant_id
  join identity.users as account on account.id = membership.user_id and account.kind = 'person'
  where membership.tenant_id = platform.current_tenant_id()
    and membership.id = of_membership_id
$$;
comment on function members.find_person(uuid) is 'Who has a membership of the scope''s tenant, and where: to be written to';
revoke execute on function members.find_person(uuid) from public;
grant execute on function members.find_person(uuid) to commonhold_app;
