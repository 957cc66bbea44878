select audit.untrack('tenancy.user_tenants');
drop index tenancy.user_tenants_expires_at_idx;
comment on column tenancy.user_tenants.expires_at is null;
alter table tenancy.user_tenants
  drop column expiry_reported,
  drop column expiry_announced;
select audit.track('tenancy.user_tenants', context => '{user_id}');
