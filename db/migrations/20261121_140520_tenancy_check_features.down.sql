alter table tenancy.tenants drop column onboarding_dismissed_at;
comment on column tenancy.tenants.onboarding_status is null;
select audit.untrack('tenancy.onboarding_steps');
drop table tenancy.onboarding_steps;
comment on column tenancy.tenants.settings is null;
comment on column tenancy.tenants.feature_flags is null;
comment on column tenancy.tenants.features is null;
alter table tenancy.tenants
  drop constraint tenants_feature_flags_booleans,
  drop constraint tenants_features_booleans;
select audit.track('tenancy.tenants', redact => '{database_url_encrypted}');
