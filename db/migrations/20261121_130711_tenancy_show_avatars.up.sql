create policy avatars_of_tenant on identity.avatars
  for select
  using (
    exists (
      select
      from tenancy.user_tenants as membership
      where membership.tenant_id = (select platform.current_tenant_id())
        and membership.user_id = avatars.user_id
    )
  );
