-- squawk-ignore-file constraint-missing-not-valid
-- Nothing could be written there before.
alter table tenancy.tenants
  add constraint tenants_features_booleans check (not jsonb_path_exists(features, '$.* ? (@.type() <> "boolean")')),
  add constraint tenants_feature_flags_booleans check (not jsonb_path_exists(feature_flags, '$.* ? (@.type() <> "boolean")'));
comment on column tenancy.tenants.features is
  'What the plan or an operator says, by feature: false takes it away, true gives it; what is not there is as the module declares (MT-10)';
comment on column tenancy.tenants.feature_flags is
  'What the tenant itself has switched on or off, among what features leaves it (MT-10, PE-12)';
comment on column tenancy.tenants.settings is 'What members see of the workspace besides its name: description, website, address for questions, time zone';

create table tenancy.onboarding_steps (
  tenant_id uuid not null,
  step text not null,
  done_at timestamptz not null default now(),
  done_by uuid,
  constraint onboarding_steps_pkey primary key (tenant_id, step),
  constraint onboarding_steps_name check (step ~ '^[a-z_]+[.][a-z0-9_]+$'),
  constraint onboarding_steps_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint onboarding_steps_done_by_fkey foreign key (done_by) references identity.users (id) on delete set null
);
comment on table tenancy.onboarding_steps is 'The steps of onboarding that somebody has ticked off or skipped (MT-10); what data shows as done has no row';
create index onboarding_steps_done_by_idx on tenancy.onboarding_steps (done_by) where done_by is not null;
select platform.isolate('tenancy.onboarding_steps');
grant select, insert, delete on tenancy.onboarding_steps to commonhold_app;
grant select on tenancy.onboarding_steps to commonhold_readonly;
select audit.track('tenancy.onboarding_steps');

alter table tenancy.tenants add column onboarding_dismissed_at timestamptz;
comment on column tenancy.tenants.onboarding_dismissed_at is 'Since when administrators want to see the steps no more';
comment on column tenancy.tenants.onboarding_status is 'Completed once all steps are done or the list is put away';
grant update (onboarding_dismissed_at) on tenancy.tenants to commonhold_app;
grant select (onboarding_dismissed_at) on tenancy.tenants to commonhold_readonly;
select audit.track('tenancy.tenants', redact => '{database_url_encrypted}');
