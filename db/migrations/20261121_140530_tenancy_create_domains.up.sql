-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, adding-foreign-key-constraint
create table tenancy.tenant_domains (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  domain text not null,
  token text not null,
  proven_at timestamptz,
  proven_by text,
  checked_at timestamptz,
  failing_since timestamptz,
  last_fault text,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tenant_domains_pkey primary key (tenant_id, id),
  constraint tenant_domains_once unique (tenant_id, domain),
  constraint tenant_domains_shape check (
    domain ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' and length(domain) <= 253
  ),
  constraint tenant_domains_proof check (
    (proven_at is null) = (proven_by is null) and (proven_by is null or proven_by in ('dns', 'file'))
  ),
  constraint tenant_domains_failing check (failing_since is null or proven_at is not null),
  constraint tenant_domains_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint tenant_domains_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table tenancy.tenant_domains is
  'Domains that a tenant wants for its own, and the state of their proof (GG-03). A claim without proof keeps nobody from another';
comment on column tenancy.tenant_domains.token is 'Stands in the DNS or in a file of the domain: who can put it there owns the domain. No secret';
comment on column tenancy.tenant_domains.failing_since is 'Since when a proof that was there is found no more; after 7 days it counts no more';
create index tenant_domains_created_by_idx on tenancy.tenant_domains (created_by) where created_by is not null;
create index tenant_domains_checked_at_idx on tenancy.tenant_domains (checked_at) where proven_at is not null;
select platform.keep_updated_at('tenancy.tenant_domains');
select platform.isolate('tenancy.tenant_domains');
create policy tenant_domains_system on tenancy.tenant_domains
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
-- What counts as proven is for the program itself to say, which has looked.
create policy tenant_domains_made_by_platform on tenancy.tenant_domains
  as restrictive
  for update
  using ((select platform.is_system()));
create policy tenant_domains_unproven on tenancy.tenant_domains
  as restrictive
  for insert
  with check (proven_at is null or (select platform.is_system()));
grant select, insert, delete on tenancy.tenant_domains to commonhold_app;
grant update (proven_at, proven_by, checked_at, failing_since, last_fault) on tenancy.tenant_domains to commonhold_app;
grant select on tenancy.tenant_domains to commonhold_readonly;
select audit.track('tenancy.tenant_domains', ignore => '{checked_at,updated_at}', context => '{domain}');

create table tenancy.proven_domains (
  domain text not null,
  holder_id uuid not null,
  constraint proven_domains_pkey primary key (domain),
  constraint proven_domains_of_holder unique (domain, holder_id),
  constraint proven_domains_holder_id_fkey foreign key (holder_id) references tenancy.tenants (id) on delete cascade
);
comment on table tenancy.proven_domains is 'A proven domain is one tenant''s (GG-03); kept by a trigger on tenancy.tenant_domains';
comment on column tenancy.proven_domains.holder_id is
  'The tenant. Not called tenant_id: a domain is unique over all tenants, and so are rows here';
create index proven_domains_holder_id_idx on tenancy.proven_domains (holder_id);
alter table tenancy.proven_domains enable row level security;
alter table tenancy.proven_domains force row level security;
create policy proven_domains_of_holder on tenancy.proven_domains
  for select
  using (holder_id = (select platform.current_tenant_id()));
create policy proven_domains_system on tenancy.proven_domains
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select on tenancy.proven_domains to commonhold_app;
grant select on tenancy.proven_domains to commonhold_readonly;

create function tenancy.keep_proven_domains()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  if tg_op = 'DELETE' then
    delete from tenancy.proven_domains where domain = old.domain and holder_id = old.tenant_id;
    perform set_config('app.system', was_system, true);
    return null;
  end if;
  if new.proven_at is null then
    delete from tenancy.proven_domains where domain = new.domain and holder_id = new.tenant_id;
    perform set_config('app.system', was_system, true);
    return null;
  end if;
  insert into tenancy.proven_domains (domain, holder_id)
  values (new.domain, new.tenant_id)
  on conflict (domain) do nothing;
  if not exists (select from tenancy.proven_domains where domain = new.domain and holder_id = new.tenant_id) then
    raise exception 'The domain % is proven for another tenant', new.domain
      using errcode = 'unique_violation', constraint = 'proven_domains_one_tenant', schema = 'tenancy', table = 'proven_domains';
  end if;
  perform set_config('app.system', was_system, true);
  return null;
end
$$;
comment on function tenancy.keep_proven_domains() is 'Of two tenants that prove the same domain the first has it';
revoke execute on function tenancy.keep_proven_domains() from public;
create trigger keep_proven_domains after insert or update of proven_at or delete on tenancy.tenant_domains
  for each row execute function tenancy.keep_proven_domains();

-- No domain has been proven before.
select set_config('app.system', 'on', true);
update tenancy.tenants set domain = null where domain is not null;
select set_config('app.system', '', true);
alter table tenancy.tenants
  add constraint tenants_domain_fkey foreign key (domain, id)
    references tenancy.proven_domains (domain, holder_id) on delete set null (domain);
comment on column tenancy.tenants.domain is 'The primary one of its proven domains: links to the tenant use it';
