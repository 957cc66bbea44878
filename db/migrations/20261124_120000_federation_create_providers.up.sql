create table federation.iam_providers (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  provider_name text not null,
  provider_type text not null,
  issuer text not null,
  client_id text,
  client_secret_encrypted text,
  secret_changed_at timestamptz,
  domain text,
  configuration jsonb not null default '{}',
  status text not null default 'inactive',
  last_error text,
  last_error_at timestamptz,
  checked_at timestamptz,
  creates_accounts boolean not null default true,
  default_role text not null default 'viewer',
  trusts_second_factor boolean not null default false,
  last_sign_in_at timestamptz,
  last_test jsonb,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint iam_providers_pkey primary key (tenant_id, id),
  constraint iam_providers_name_length check (length(provider_name) between 1 and 100 and provider_name = btrim(provider_name)),
  constraint iam_providers_type_known check (provider_type in ('auth0', 'okta', 'azure', 'google', 'custom_oidc')),
  constraint iam_providers_issuer_shape check (issuer ~ '^https?://[^[:space:]?#@]+$' and length(issuer) <= 500),
  constraint iam_providers_client_id_length check (length(client_id) between 1 and 500),
  constraint iam_providers_registered check (
    (client_id is null) = (client_secret_encrypted is null) and (client_id is not null or status = 'inactive')
  ),
  constraint iam_providers_last_test_object check (jsonb_typeof(last_test) = 'object'),
  constraint iam_providers_domain_length check (length(domain) between 1 and 253),
  constraint iam_providers_configuration_object check (jsonb_typeof(configuration) = 'object'),
  constraint iam_providers_status_known check (status in ('active', 'inactive', 'error')),
  constraint iam_providers_error_explained check (
    (last_error is null) = (last_error_at is null)
    and (status <> 'error' or last_error is not null)
    and length(last_error) between 1 and 1000
  ),
  constraint iam_providers_default_role_known check (default_role in ('member', 'viewer')),
  constraint iam_providers_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint iam_providers_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table federation.iam_providers is 'An identity provider of a tenant (OpenID Connect), by which its people sign in (AG-04)';
comment on column federation.iam_providers.provider_name is 'As its people call it: Acme''s Okta';
comment on column federation.iam_providers.provider_type is 'Whose product it is: that tells what its claims mean';
comment on column federation.iam_providers.issuer is 'To the letter: nothing that another issuer says is believed';
comment on column federation.iam_providers.client_id is 'As it knows us: null until we are registered there, for which it wants the redirect URI';
comment on column federation.iam_providers.last_test is 'What came of the last sign-in that an administrator tried';
comment on column federation.iam_providers.client_secret_encrypted is 'What it gave us to show who we are, AES-256-GCM (GG-17)';
comment on column federation.iam_providers.domain is 'What its issuer was made of: the domain at Okta or Auth0, the directory (tenant id) of Entra';
comment on column federation.iam_providers.configuration is 'Scopes and claims beyond the usual ones, as the product needs them';
comment on column federation.iam_providers.status is 'error: what it last answered could not be used. It is tried again with the next sign-in';
comment on column federation.iam_providers.creates_accounts is 'Whether who comes for the first time, with an address of the tenant''s own domains, gets an account and a membership';
comment on column federation.iam_providers.default_role is 'The role with which those begin';
comment on column federation.iam_providers.trusts_second_factor is 'Whether a second factor that it says was shown there counts here';
create unique index iam_providers_name_unique on federation.iam_providers (tenant_id, lower(provider_name));
create unique index iam_providers_client_unique on federation.iam_providers (tenant_id, issuer, client_id);
create index iam_providers_created_by_idx on federation.iam_providers (created_by) where created_by is not null;
select platform.keep_updated_at('federation.iam_providers');
select platform.isolate('federation.iam_providers');
create policy iam_providers_system on federation.iam_providers for select using ((select platform.is_system()));
grant select, insert, delete on federation.iam_providers to commonhold_app;
grant update (
  provider_name, client_id, client_secret_encrypted, secret_changed_at, configuration, status, last_error, last_error_at,
  checked_at, creates_accounts, default_role, trusts_second_factor, last_sign_in_at, last_test
) on federation.iam_providers to commonhold_app;
grant select (
  tenant_id, id, provider_name, provider_type, issuer, client_id, secret_changed_at, domain, configuration, status,
  last_error, last_error_at, checked_at, creates_accounts, default_role, trusts_second_factor, last_sign_in_at,
  created_by, created_at, updated_at
) on federation.iam_providers to commonhold_readonly;
select audit.track(
  'federation.iam_providers',
  redact => '{client_secret_encrypted}',
  ignore => '{updated_at,last_error,last_error_at,checked_at,last_sign_in_at,last_test}',
  context => '{provider_name}'
);

create table federation.provider_domains (
  tenant_id uuid not null,
  domain text not null,
  provider_id uuid not null,
  created_at timestamptz not null default now(),
  constraint provider_domains_pkey primary key (tenant_id, domain),
  constraint provider_domains_domain_fkey foreign key (tenant_id, domain)
    references tenancy.tenant_domains (tenant_id, domain) on delete cascade,
  constraint provider_domains_provider_id_fkey foreign key (tenant_id, provider_id)
    references federation.iam_providers (tenant_id, id) on delete cascade
);
comment on table federation.provider_domains is
  'Whose addresses are sent to which provider to sign in (AG-04); counts while the domain is proven to be the tenant''s';
create index provider_domains_provider_id_idx on federation.provider_domains (tenant_id, provider_id);
create index provider_domains_domain_idx on federation.provider_domains (domain);
select platform.isolate('federation.provider_domains');
create policy provider_domains_system on federation.provider_domains for select using ((select platform.is_system()));
grant select, insert, delete on federation.provider_domains to commonhold_app;
grant select on federation.provider_domains to commonhold_readonly;
select audit.track('federation.provider_domains');

create table federation.iam_user_mappings (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  provider_id uuid not null,
  user_id uuid,
  external_id text not null,
  external_email text,
  external_username text,
  external_name text,
  sync_status text not null default 'pending',
  conflict text,
  last_sync_at timestamptz,
  sync_metadata jsonb not null default '{}',
  last_sign_in_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint iam_user_mappings_pkey primary key (tenant_id, id),
  constraint iam_user_mappings_subject_unique unique (tenant_id, provider_id, external_id),
  constraint iam_user_mappings_user_unique unique (tenant_id, provider_id, user_id),
  constraint iam_user_mappings_external_id_length check (length(external_id) between 1 and 255),
  constraint iam_user_mappings_external_email_shape check (
    external_email = lower(external_email) and length(external_email) <= 255
  ),
  constraint iam_user_mappings_external_username_length check (length(external_username) between 1 and 255),
  constraint iam_user_mappings_external_name_length check (length(external_name) between 1 and 255),
  constraint iam_user_mappings_sync_status_known check (sync_status in ('pending', 'synced', 'failed', 'disabled')),
  constraint iam_user_mappings_synced_is_somebody check (sync_status <> 'synced' or (user_id is not null and conflict is null)),
  constraint iam_user_mappings_conflict_known check (
    conflict in ('address_taken', 'address_unverified', 'address_elsewhere', 'address_changed', 'not_a_member', 'accounts_not_created')
  ),
  constraint iam_user_mappings_sync_metadata_object check (jsonb_typeof(sync_metadata) = 'object'),
  constraint iam_user_mappings_provider_id_fkey foreign key (tenant_id, provider_id)
    references federation.iam_providers (tenant_id, id) on delete cascade,
  constraint iam_user_mappings_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table federation.iam_user_mappings is
  'Who somebody of a provider is here (AG-05): found by provider and subject, never by address';
comment on column federation.iam_user_mappings.user_id is 'Null until it is known who it is';
comment on column federation.iam_user_mappings.external_id is 'The subject; at Entra the object id (oid), which is the same in all applications of the directory';
comment on column federation.iam_user_mappings.external_email is 'The address that the provider told last, verified or not';
comment on column federation.iam_user_mappings.sync_status is
  'pending: not known yet who it is here. synced: known, and as the provider told last. failed: known, but the last try to bring it up to date failed. disabled: may not come in';
comment on column federation.iam_user_mappings.conflict is 'Why a sign-in with it was refused, until somebody has solved it';
comment on column federation.iam_user_mappings.sync_metadata is 'What the last sync or sign-in told beside, without secrets';
create index iam_user_mappings_user_id_idx on federation.iam_user_mappings (user_id) where user_id is not null;
create index iam_user_mappings_status_idx on federation.iam_user_mappings (tenant_id, provider_id, sync_status, created_at desc, id desc);
select platform.keep_updated_at('federation.iam_user_mappings');
select platform.isolate('federation.iam_user_mappings');
create policy iam_user_mappings_system on federation.iam_user_mappings for select using ((select platform.is_system()));
grant select, insert, delete on federation.iam_user_mappings to commonhold_app;
grant update (
  user_id, external_email, external_username, external_name, sync_status, conflict, last_sync_at, sync_metadata,
  last_sign_in_at
) on federation.iam_user_mappings to commonhold_app;
grant select on federation.iam_user_mappings to commonhold_readonly;
select audit.track(
  'federation.iam_user_mappings',
  redact => '{external_id,external_email,external_username,external_name,sync_metadata}',
  ignore => '{updated_at,last_sync_at,last_sign_in_at}',
  context => '{user_id,provider_id}'
);
