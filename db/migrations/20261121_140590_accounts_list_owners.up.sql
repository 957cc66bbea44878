create function accounts.list_owners(of_tenant_id uuid)
returns table (
  id uuid,
  email text,
  full_name text,
  username text
)
language sql
stable
begin atomic
  select account.id, account.email, account.full_name, account.username
  from tenancy.user_tenants as membership
  join identity.users as account
    on account.id = membership.user_id and account.is_active and account.kind = 'person'
  where membership.tenant_id = of_tenant_id
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
    and exists (
      select
      from access.user_tenant_roles as held
      join access.roles as role
        on role.tenant_id = held.tenant_id and role.id = held.role_id
      where held.tenant_id = membership.tenant_id
        and held.user_tenant_id = membership.id
        and role.is_built_in
        and role.name = 'owner'
    )
  order by membership.joined_at, account.id;
end;
comment on function accounts.list_owners(uuid) is 'Who owns a tenant now: people with an active account and the built-in role owner, the first to join first';
revoke execute on function accounts.list_owners(uuid) from public;
grant execute on function accounts.list_owners(uuid) to commonhold_app;
