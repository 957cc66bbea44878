create function accounts.find_password_rules(of_user_id uuid)
returns table (
  minimum_length integer,
  refuse_common boolean,
  refused_reuses integer,
  expires_after_days integer
)
language sql
stable
set search_path = ''
begin atomic
  select
    pg_catalog.max((tenant.password_rules ->> 'minimumLength')::integer),
    pg_catalog.bool_or((tenant.password_rules ->> 'refuseCommon')::boolean),
    pg_catalog.max((tenant.password_rules ->> 'refusedReuses')::integer),
    pg_catalog.min((tenant.password_rules ->> 'expiresAfterDays')::integer)
  from tenancy.user_tenants as membership
  join tenancy.tenants as tenant
    on tenant.id = membership.tenant_id
  where membership.user_id = of_user_id
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
    and tenant.is_active
  having pg_catalog.count(*) > 0;
end;
comment on function accounts.find_password_rules(uuid) is
  'The strictest of each rule of a user''s active tenants; no row for whoever is in none';

create function accounts.count_password_ages(of_tenant_id uuid, in_days integer)
returns table (
  members integer,
  with_password integer,
  older integer
)
language sql
stable
set search_path = ''
begin atomic
  select
    pg_catalog.count(*)::integer,
    pg_catalog.count(password.id)::integer,
    (
      pg_catalog.count(*) filter (
        where password.created_at < pg_catalog.now() - pg_catalog.make_interval(days => in_days)
      )
    )::integer
  from tenancy.user_tenants as membership
  join identity.users as account
    on account.id = membership.user_id
  left join identity.passwords as password
    on password.user_id = account.id and password.replaced_at is null
  where membership.tenant_id = of_tenant_id
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
    and account.is_active;
end;
comment on function accounts.count_password_ages(uuid, integer) is
  'How many active members a tenant has, how many of them a password, and how many one of more than so many days';

revoke execute on function accounts.find_password_rules(uuid) from public;
revoke execute on function accounts.count_password_ages(uuid, integer) from public;
grant execute on function accounts.find_password_rules(uuid) to commonhold_app;
grant execute on function accounts.count_password_ages(uuid, integer) to commonhold_app;
