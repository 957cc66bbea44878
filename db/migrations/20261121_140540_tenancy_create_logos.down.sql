comment on column tenancy.tenants.logo is null;
comment on column tenancy.tenants.colors is null;
alter table tenancy.tenants drop constraint tenants_colors_known;
drop table tenancy.tenant_logos;
