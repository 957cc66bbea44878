create function oauth.find_issuer(of_tenant_id uuid, of_slug text)
returns table (tenant_id uuid, slug text, name text)
language sql
stable
begin atomic
  select tenant.id, tenant.slug, tenant.name
  from tenancy.tenants as tenant
  where (tenant.id = of_tenant_id or tenant.slug = of_slug)
    and tenant.is_active;
end;
comment on function oauth.find_issuer(uuid, text) is
  'The active tenant of this id or, letter by letter, of this slug. Needs the system scope';
revoke execute on function oauth.find_issuer(uuid, text) from public;
grant execute on function oauth.find_issuer(uuid, text) to commonhold_app;
