create function accounts.find_candidate(of_user_id uuid)
returns table (
  id uuid,
  email text,
  full_name text,
  username text,
  is_active boolean,
  has_totp boolean,
  has_passkeys boolean,
  may_remember_device boolean,
  password_has_expired boolean
)
language sql
stable
set search_path = ''
begin atomic
  select
    account.id,
    account.email,
    account.full_name,
    account.username,
    account.is_active,
    exists (
      select
      from identity.two_factors as factor
      where factor.user_id = account.id
        and factor.verified_at is not null
    ),
    exists (select from identity.authenticators as authenticator where authenticator.user_id = account.id),
    coalesce(policy.may_remember_device, true),
    coalesce(
      password.created_at + policy.password_expires_after_days * interval '1 day' <= pg_catalog.now(),
      false
    )
  from identity.users as account
  left join identity.passwords as password
    on password.user_id = account.id and password.replaced_at is null
  left join lateral (
    select
      bool_and(coalesce((tenant.security_policy #>> '{twoFactor,allowRememberDevice}')::boolean, false)) as may_remember_device,
      min((tenant.password_rules ->> 'expiresAfterDays')::integer) as password_expires_after_days
    from tenancy.user_tenants as membership
    join tenancy.tenants as tenant
      on tenant.id = membership.tenant_id and tenant.is_active
    where membership.user_id = account.id
      and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
  ) as policy on true
  where account.id = of_user_id;
end;
comment on function accounts.find_candidate(uuid) is
  'What decides how somebody comes in: his factors, and the strictest of his tenants'' policies (MT-05, MT-14)';
revoke execute on function accounts.find_candidate(uuid) from public;
grant execute on function accounts.find_candidate(uuid) to commonhold_app;
