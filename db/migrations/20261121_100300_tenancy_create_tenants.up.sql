create schema tenancy;
comment on schema tenancy is 'The customers of an installation, who belongs to them, and how they are organised inside';
grant usage on schema tenancy to commonhold_app, commonhold_readonly;

create table tenancy.tenants (
  id uuid not null default gen_random_uuid(),
  name text not null,
  slug text not null,
  domain text,
  logo text,
  colors jsonb not null default '{}',
  features jsonb not null default '{}',
  feature_flags jsonb not null default '{}',
  settings jsonb not null default '{}',
  security_policy jsonb not null default '{
    "session": {"maxConcurrentSessions": 3, "sessionTimeout": 3600, "extendOnActivity": true, "requireMFA": false},
    "twoFactor": {
      "required": false, "graceLogins": 3, "gracePeriodDays": 7, "allowBackupCodes": true,
      "allowRememberDevice": false, "exemptRoles": [], "enforcementDate": null
    },
    "ipRestrictions": {"enabled": false, "allowedIPs": [], "allowedRanges": [], "blockList": []}
  }',
  database_url_encrypted text,
  status text not null default 'active',
  is_active boolean generated always as (status = 'active') stored,
  status_reason text,
  status_changed_at timestamptz,
  deletion_requested_at timestamptz,
  deletion_scheduled_at timestamptz,
  grace_period_days integer not null default 7,
  onboarding_status text not null default 'pending',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tenants_pkey primary key (id),
  constraint tenants_slug_unique unique (slug),
  constraint tenants_name_length check (length(name) between 1 and 255),
  constraint tenants_slug_shape check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  constraint tenants_domain_shape check (domain = lower(domain) and length(domain) <= 255),
  constraint tenants_status_known check (status in ('active', 'suspended', 'pending_deletion')),
  constraint tenants_deletion_scheduled check ((status = 'pending_deletion') = (deletion_scheduled_at is not null)),
  constraint tenants_grace_period_days check (grace_period_days between 0 and 365),
  constraint tenants_onboarding_known check (onboarding_status in ('pending', 'in_progress', 'completed')),
  constraint tenants_colors_object check (jsonb_typeof(colors) = 'object'),
  constraint tenants_features_object check (jsonb_typeof(features) = 'object'),
  constraint tenants_feature_flags_object check (jsonb_typeof(feature_flags) = 'object'),
  constraint tenants_settings_object check (jsonb_typeof(settings) = 'object'),
  constraint tenants_security_policy_object check (jsonb_typeof(security_policy) = 'object')
);
comment on table tenancy.tenants is 'A customer of this installation; all of its rows elsewhere carry its id';
comment on column tenancy.tenants.slug is 'In addresses: a DNS label in lower case';
comment on column tenancy.tenants.database_url_encrypted is 'Where its data lives if not here (MT-17), AES-256-GCM';
comment on column tenancy.tenants.security_policy is 'Sessions, two-factor and addresses allowed (MT-14 to MT-16), in the documents'' own form';

create unique index tenants_domain_unique on tenancy.tenants (domain) where domain is not null;
create index tenants_status_idx on tenancy.tenants (status);
select platform.keep_updated_at('tenancy.tenants');

create table tenancy.user_tenants (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  joined_at timestamptz not null default now(),
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint user_tenants_pkey primary key (tenant_id, id),
  constraint user_tenants_one_per_user unique (tenant_id, user_id),
  constraint user_tenants_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint user_tenants_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table tenancy.user_tenants is 'Membership: this user works in this tenant, until it expires (GG-04)';

create index user_tenants_user_id_idx on tenancy.user_tenants (user_id);
select platform.keep_updated_at('tenancy.user_tenants');
select platform.isolate('tenancy.user_tenants');
create policy user_tenants_own on tenancy.user_tenants
  for select
  using (user_id = (select platform.current_user_id()));
create policy user_tenants_system on tenancy.user_tenants
  for select
  using ((select platform.is_system()));
-- Otherwise a query in a tenant's scope could make any user its member, and then read who he is.
create policy user_tenants_made_by_platform on tenancy.user_tenants
  as restrictive
  for insert
  with check ((select platform.is_system()));
grant select, insert, delete on tenancy.user_tenants to commonhold_app;
grant update (expires_at) on tenancy.user_tenants to commonhold_app;
grant select on tenancy.user_tenants to commonhold_readonly;

alter table tenancy.tenants enable row level security;
alter table tenancy.tenants force row level security;
create policy tenants_current on tenancy.tenants
  using (id = (select platform.current_tenant_id()))
  with check (id = (select platform.current_tenant_id()));
create policy tenants_of_member on tenancy.tenants
  for select
  using (
    exists (
      select
      from tenancy.user_tenants as membership
      where membership.tenant_id = tenants.id
        and membership.user_id = (select platform.current_user_id())
    )
  );
create policy tenants_system on tenancy.tenants
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert on tenancy.tenants to commonhold_app;
grant update (
  name, slug, domain, logo, colors, features, feature_flags, settings, security_policy, database_url_encrypted, status,
  status_reason, status_changed_at, deletion_requested_at, deletion_scheduled_at, grace_period_days, onboarding_status
) on tenancy.tenants to commonhold_app;
grant select (
  id, name, slug, domain, logo, colors, features, feature_flags, settings, status, is_active, onboarding_status,
  created_at, updated_at
) on tenancy.tenants to commonhold_readonly;

create policy users_of_tenant on identity.users
  for select
  using (
    exists (
      select
      from tenancy.user_tenants as membership
      where membership.tenant_id = (select platform.current_tenant_id())
        and membership.user_id = users.id
    )
  );
create policy user_profiles_of_tenant on identity.user_profiles
  for select
  using (
    exists (
      select
      from tenancy.user_tenants as membership
      where membership.tenant_id = (select platform.current_tenant_id())
        and membership.user_id = user_profiles.user_id
    )
  );

create table tenancy.organizations (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  parent_id uuid,
  name text not null,
  slug text not null,
  description text,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint organizations_pkey primary key (tenant_id, id),
  constraint organizations_slug_unique unique (tenant_id, slug),
  constraint organizations_name_length check (length(name) between 1 and 255),
  constraint organizations_slug_shape check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  constraint organizations_not_own_parent check (parent_id <> id),
  constraint organizations_settings_object check (jsonb_typeof(settings) = 'object'),
  constraint organizations_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint organizations_parent_id_fkey foreign key (tenant_id, parent_id)
    references tenancy.organizations (tenant_id, id) on delete cascade
);
comment on table tenancy.organizations is 'A department or subsidiary inside a tenant, as a tree (GG-05)';

create index organizations_parent_id_idx on tenancy.organizations (tenant_id, parent_id);
select platform.keep_updated_at('tenancy.organizations');
select platform.isolate('tenancy.organizations');
grant select, insert, delete on tenancy.organizations to commonhold_app;
grant update (parent_id, name, slug, description, settings) on tenancy.organizations to commonhold_app;
grant select on tenancy.organizations to commonhold_readonly;

create table tenancy.user_organizations (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  organization_id uuid not null,
  user_id uuid not null,
  role text not null default 'member',
  joined_at timestamptz not null default now(),
  constraint user_organizations_pkey primary key (tenant_id, id),
  constraint user_organizations_once unique (tenant_id, organization_id, user_id),
  constraint user_organizations_role_known check (role in ('admin', 'member')),
  constraint user_organizations_organization_id_fkey foreign key (tenant_id, organization_id)
    references tenancy.organizations (tenant_id, id) on delete cascade,
  constraint user_organizations_user_id_fkey foreign key (tenant_id, user_id)
    references tenancy.user_tenants (tenant_id, user_id) on delete cascade
);
comment on table tenancy.user_organizations is 'Who belongs to an organization; only members of the tenant can';

create index user_organizations_user_id_idx on tenancy.user_organizations (tenant_id, user_id);
select platform.isolate('tenancy.user_organizations');
grant select, insert, delete on tenancy.user_organizations to commonhold_app;
grant update (role) on tenancy.user_organizations to commonhold_app;
grant select on tenancy.user_organizations to commonhold_readonly;
