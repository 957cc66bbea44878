-- squawk-ignore-file constraint-missing-not-valid
create table tenancy.tenant_logos (
  tenant_id uuid not null,
  content bytea not null,
  content_hash bytea not null,
  updated_at timestamptz not null default now(),
  constraint tenant_logos_pkey primary key (tenant_id),
  constraint tenant_logos_content_size check (octet_length(content) between 1 and 100000),
  constraint tenant_logos_content_hash_is_sha256 check (octet_length(content_hash) = 32),
  constraint tenant_logos_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table tenancy.tenant_logos is 'The picture of a tenant, made anew by the program: WebP, at most 512 by 256, without metadata (MT-10). The log has the change of tenants.logo';
comment on column tenancy.tenant_logos.content_hash is 'SHA-256; a part of it is in tenants.logo, which is another one for another picture';
select platform.keep_updated_at('tenancy.tenant_logos');
select platform.isolate('tenancy.tenant_logos');
create policy tenant_logos_system on tenancy.tenant_logos
  for select
  using ((select platform.is_system()));
grant select, insert, delete on tenancy.tenant_logos to commonhold_app;
grant update (content, content_hash) on tenancy.tenant_logos to commonhold_app;
grant select on tenancy.tenant_logos to commonhold_readonly;

-- Nothing could be written there before.
alter table tenancy.tenants
  add constraint tenants_colors_known check (
    colors - 'primary' = '{}' and (not colors ? 'primary' or colors ->> 'primary' ~ '^#[0-9a-f]{6}$')
  );
comment on column tenancy.tenants.colors is 'Of the console while it shows this tenant: {"primary": "#1f6553"}';
comment on column tenancy.tenants.logo is 'The address of the picture in tenancy.tenant_logos';
