create function oauth.tenant_name_of(of_tenant_id uuid)
returns text
language sql
stable
begin atomic
  select tenant.name
  from tenancy.tenants as tenant
  where tenant.id = of_tenant_id;
end;
comment on function oauth.tenant_name_of(uuid) is 'A tenant''s name, where the caller may see it';
revoke execute on function oauth.tenant_name_of(uuid) from public;
grant execute on function oauth.tenant_name_of(uuid) to commonhold_app;
