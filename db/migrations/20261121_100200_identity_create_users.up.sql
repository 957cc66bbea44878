create schema identity;
comment on schema identity is 'Who people are: accounts, profiles, passwords, sessions';
grant usage on schema identity to commonhold_app, commonhold_readonly;

create table identity.users (
  id uuid not null default gen_random_uuid(),
  email text not null,
  username text,
  full_name text,
  status text not null default 'active',
  status_reason text,
  status_changed_at timestamptz,
  status_changed_by uuid,
  is_active boolean generated always as (status = 'active') stored,
  email_verified_at timestamptz,
  is_email_verified boolean generated always as (email_verified_at is not null) stored,
  default_tenant_id uuid,
  failed_login_attempts integer not null default 0,
  last_failed_login_at timestamptz,
  account_locked_until timestamptz,
  login_count integer not null default 0,
  last_login_at timestamptz,
  last_activity_at timestamptz,
  deactivated_at timestamptz,
  deactivated_by uuid,
  deactivation_reason text,
  deleted_at timestamptz,
  deleted_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_pkey primary key (id),
  constraint users_email_length check (length(email) between 3 and 255),
  constraint users_email_lower_case check (email = lower(email)),
  constraint users_username_shape check (username ~ '^[A-Za-z0-9][A-Za-z0-9._-]{1,49}$'),
  constraint users_full_name_length check (length(full_name) between 1 and 255),
  constraint users_status_known check (status in ('active', 'inactive', 'suspended', 'deleted')),
  constraint users_deleted_has_time check ((status = 'deleted') = (deleted_at is not null)),
  constraint users_failed_logins_counted check (failed_login_attempts >= 0),
  constraint users_logins_counted check (login_count >= 0),
  constraint users_status_changed_by_fkey foreign key (status_changed_by) references identity.users (id) on delete set null,
  constraint users_deactivated_by_fkey foreign key (deactivated_by) references identity.users (id) on delete set null,
  constraint users_deleted_by_fkey foreign key (deleted_by) references identity.users (id) on delete set null
);
comment on table identity.users is 'A person''s account. It belongs to no tenant: memberships lead to tenants';
comment on column identity.users.email is 'In lower case and NFKC; free again once the account is deleted (MT-02)';
comment on column identity.users.is_active is 'Derived from status (MT-01)';
comment on column identity.users.default_tenant_id is 'Where this user starts; no foreign key, a lost membership is passed over at sign-in';

create unique index users_email_unique on identity.users (email) where deleted_at is null;
create unique index users_username_unique on identity.users (lower(username)) where deleted_at is null;
create index users_status_idx on identity.users (status);
create index users_last_login_idx on identity.users (last_login_at);
create index users_status_changed_by_idx on identity.users (status_changed_by) where status_changed_by is not null;
create index users_deactivated_by_idx on identity.users (deactivated_by) where deactivated_by is not null;
create index users_deleted_by_idx on identity.users (deleted_by) where deleted_by is not null;

select platform.keep_updated_at('identity.users');
alter table identity.users enable row level security;
alter table identity.users force row level security;
create policy users_own on identity.users
  for select
  using (id = (select platform.current_user_id()));
create policy users_system on identity.users
  using ((select platform.is_system()))
  with check ((select platform.is_system()));

grant select, insert on identity.users to commonhold_app;
grant update (
  email, username, full_name, status, status_reason, status_changed_at, status_changed_by, email_verified_at,
  default_tenant_id, failed_login_attempts, last_failed_login_at, account_locked_until, login_count, last_login_at,
  last_activity_at, deactivated_at, deactivated_by, deactivation_reason, deleted_at, deleted_by
) on identity.users to commonhold_app;
grant select on identity.users to commonhold_readonly;

create table identity.user_profiles (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  first_name text,
  last_name text,
  phone text,
  avatar_url text,
  address text,
  timezone text not null default 'UTC',
  language text not null default 'en',
  bio text,
  title text,
  department text,
  social_links jsonb not null default '{}',
  skills jsonb not null default '[]',
  preferences jsonb not null default '{}',
  email_preferences jsonb not null default '{"marketing": true, "updates": true, "security": true, "newsletter": false}',
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint user_profiles_pkey primary key (id),
  constraint user_profiles_one_per_user unique (user_id),
  constraint user_profiles_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade,
  constraint user_profiles_first_name_length check (length(first_name) <= 100),
  constraint user_profiles_last_name_length check (length(last_name) <= 100),
  constraint user_profiles_phone_length check (length(phone) <= 20),
  constraint user_profiles_timezone_length check (length(timezone) between 1 and 50),
  constraint user_profiles_language_shape check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint user_profiles_social_links_object check (jsonb_typeof(social_links) = 'object'),
  constraint user_profiles_skills_array check (jsonb_typeof(skills) = 'array'),
  constraint user_profiles_preferences_object check (jsonb_typeof(preferences) = 'object'),
  constraint user_profiles_email_preferences_object check (jsonb_typeof(email_preferences) = 'object'),
  constraint user_profiles_metadata_object check (jsonb_typeof(metadata) = 'object')
);
comment on table identity.user_profiles is 'How a person is addressed and shown; goes with the user (PE-03)';

create index user_profiles_phone_idx on identity.user_profiles (phone) where phone is not null;
create index user_profiles_preferences_gin on identity.user_profiles using gin (preferences);
create index user_profiles_metadata_gin on identity.user_profiles using gin (metadata);

select platform.keep_updated_at('identity.user_profiles');
alter table identity.user_profiles enable row level security;
alter table identity.user_profiles force row level security;
create policy user_profiles_own on identity.user_profiles
  using (user_id = (select platform.current_user_id()))
  with check (user_id = (select platform.current_user_id()));
create policy user_profiles_system on identity.user_profiles
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on identity.user_profiles to commonhold_app;
grant update (
  first_name, last_name, phone, avatar_url, address, timezone, language, bio, title, department, social_links, skills,
  preferences, email_preferences, metadata
) on identity.user_profiles to commonhold_app;
grant select on identity.user_profiles to commonhold_readonly;

create table identity.passwords (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  password_hash text not null,
  created_at timestamptz not null default now(),
  replaced_at timestamptz,
  constraint passwords_pkey primary key (id),
  constraint passwords_hash_encoded check (password_hash like '$%'),
  constraint passwords_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table identity.passwords is
  'Password hashes, apart from the account so that no colleague''s query can read one; replaced ones stay to refuse re-use';

create unique index passwords_one_current_per_user on identity.passwords (user_id) where replaced_at is null;
create index passwords_user_id_idx on identity.passwords (user_id, created_at desc);

alter table identity.passwords enable row level security;
alter table identity.passwords force row level security;
create policy passwords_system on identity.passwords
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on identity.passwords to commonhold_app;
grant update (replaced_at) on identity.passwords to commonhold_app;

create table identity.two_factors (
  user_id uuid not null,
  secret_encrypted text not null,
  setup_started_at timestamptz not null default now(),
  verified_at timestamptz,
  is_pending boolean generated always as (verified_at is null) stored,
  last_verified_at timestamptz,
  last_time_step bigint,
  verification_attempts integer not null default 0,
  last_failed_attempt_at timestamptz,
  constraint two_factors_pkey primary key (user_id),
  constraint two_factors_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade,
  constraint two_factors_attempts_counted check (verification_attempts >= 0)
);
comment on table identity.two_factors is 'The authenticator app of a user (TOTP, RFC 6238); enabled once verified (MT-05)';
comment on column identity.two_factors.secret_encrypted is 'AES-256-GCM, key id in front (GG-17)';
comment on column identity.two_factors.last_time_step is 'The last accepted time step: a code works once';

create table identity.backup_codes (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  code_hash bytea not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint backup_codes_pkey primary key (id),
  constraint backup_codes_once unique (user_id, code_hash),
  constraint backup_codes_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table identity.backup_codes is 'Single-use codes for a lost authenticator, hashed';

create table identity.one_time_tokens (
  id uuid not null default gen_random_uuid(),
  user_id uuid,
  purpose text not null,
  token_hash bytea not null,
  details jsonb not null default '{}',
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint one_time_tokens_pkey primary key (id),
  constraint one_time_tokens_hash_unique unique (token_hash),
  constraint one_time_tokens_purpose_known check (
    purpose in ('verify_email', 'reset_password', 'change_email', 'passkey_challenge', 'first_administrator')
  ),
  constraint one_time_tokens_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table identity.one_time_tokens is 'Links and challenges that work once until they expire; only their hash is kept (VS-02)';

create index one_time_tokens_user_id_idx on identity.one_time_tokens (user_id, purpose);
create index one_time_tokens_expires_at_idx on identity.one_time_tokens (expires_at);

create table identity.external_identities (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  issuer text not null,
  subject text not null,
  email text,
  last_login_at timestamptz,
  created_at timestamptz not null default now(),
  constraint external_identities_pkey primary key (id),
  constraint external_identities_subject_unique unique (issuer, subject),
  constraint external_identities_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table identity.external_identities is
  'An account elsewhere (Google …), by issuer and subject, never by e-mail (MT-07)';

create index external_identities_user_id_idx on identity.external_identities (user_id);

do $$
declare
  target text;
begin
  foreach target in array array['two_factors', 'backup_codes', 'one_time_tokens', 'external_identities'] loop
    execute format('alter table identity.%I enable row level security', target);
    execute format('alter table identity.%I force row level security', target);
    execute format(
      'create policy %I on identity.%I using ((select platform.is_system())) with check ((select platform.is_system()))',
      target || '_system', target
    );
    execute format('grant select, insert, update, delete on identity.%I to commonhold_app', target);
  end loop;
end
$$;
