-- As many rows as there are people, devices or roles: checked and indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, adding-foreign-key-constraint
create table identity.user_devices (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  token_hash bytea not null,
  user_agent text,
  ip_address inet,
  trusted_until timestamptz,
  failed_attempts integer not null default 0,
  resting_until timestamptz,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  constraint user_devices_pkey primary key (id),
  constraint user_devices_token_unique unique (user_id, token_hash),
  constraint user_devices_failures_counted check (failed_attempts >= 0),
  constraint user_devices_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table identity.user_devices is
  'A browser that this user has signed in with before, known again by a cookie of its own: no mail about it, and guesses elsewhere do not lock it out';
comment on column identity.user_devices.trusted_until is 'Until then it needs no second factor, where all tenants of the user allow that (MT-05)';
comment on column identity.user_devices.failed_attempts is 'Wrong passwords on this device since its last sign-in, counted apart from the account''s';
comment on column identity.user_devices.resting_until is 'No password from it counts before: from the fifth wrong one on, for a minute that doubles up to 15 (MT-03)';

alter table identity.user_sessions
  add column device_id uuid,
  add column authenticated_at timestamptz not null default now(),
  add column authentication_methods text[] not null default '{}',
  add column ends_at timestamptz not null default now() + interval '30 days',
  add constraint user_sessions_methods_known
    check (authentication_methods <@ array['password', 'totp', 'backup_code', 'passkey', 'google', 'trusted_device']),
  add constraint user_sessions_device_id_fkey foreign key (device_id) references identity.user_devices (id) on delete set null;
comment on column identity.user_sessions.expires_at is 'The idle expiry: moved on while the session is used, never past ends_at';
comment on column identity.user_sessions.ends_at is 'The absolute expiry';
comment on column identity.user_sessions.authenticated_at is 'The last time the user proved who he is: sensitive actions want it younger than 10 minutes';
create index user_sessions_device_id_idx on identity.user_sessions (device_id) where device_id is not null;
grant update (authenticated_at, authentication_methods) on identity.user_sessions to commonhold_app;

create table identity.address_failures (
  address inet not null,
  failed_attempts integer not null default 0,
  last_failed_at timestamptz not null default now(),
  resting_until timestamptz,
  constraint address_failures_pkey primary key (address),
  constraint address_failures_counted check (failed_attempts >= 0)
);
comment on table identity.address_failures is 'Wrong passwords by network address (IPv6 by its /64), to slow down whoever tries many accounts (MT-03)';
comment on column identity.address_failures.resting_until is 'No password from there is looked at before: from the thirtieth wrong one on, for a minute that doubles up to an hour';
create index address_failures_last_failed_at_idx on identity.address_failures (last_failed_at);

create table identity.sign_ups (
  id uuid not null default gen_random_uuid(),
  email text not null,
  full_name text not null,
  password_hash text not null,
  tenant_name text,
  timezone text,
  token_hash bytea,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint sign_ups_pkey primary key (id),
  constraint sign_ups_token_unique unique (token_hash),
  constraint sign_ups_email_length check (length(email) between 3 and 255),
  constraint sign_ups_password_hash_encoded check (password_hash like '$%')
);
comment on table identity.sign_ups is
  'Accounts asked for whose address is not confirmed yet: no account exists before, so nobody can occupy the address of another (MT-04)';
comment on column identity.sign_ups.token_hash is 'Of the link in the mail; null until that goes';
create index sign_ups_email_idx on identity.sign_ups (email);
create index sign_ups_expires_at_idx on identity.sign_ups (expires_at);

create table identity.operators (
  user_id uuid not null,
  created_at timestamptz not null default now(),
  created_by uuid,
  constraint operators_pkey primary key (user_id),
  constraint operators_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade,
  constraint operators_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table identity.operators is 'Who runs this installation: they hold the permissions that modules declare for operators, in whatever tenant they work';
create index operators_created_by_idx on identity.operators (created_by) where created_by is not null;

do $$
declare
  target text;
begin
  foreach target in array array['user_devices', 'address_failures', 'sign_ups', 'operators'] loop
    execute format('alter table identity.%I enable row level security', target);
    execute format('alter table identity.%I force row level security', target);
    execute format(
      'create policy %I on identity.%I using ((select platform.is_system())) with check ((select platform.is_system()))',
      target || '_system', target
    );
    execute format('grant select, insert, delete on identity.%I to commonhold_app', target);
  end loop;
end
$$;
grant update (token_hash, user_agent, ip_address, trusted_until, failed_attempts, resting_until, last_seen_at)
  on identity.user_devices to commonhold_app;
grant update (failed_attempts, last_failed_at, resting_until) on identity.address_failures to commonhold_app;
grant update (token_hash, used_at) on identity.sign_ups to commonhold_app;
create policy user_devices_own on identity.user_devices
  for select
  using (user_id = (select platform.current_user_id()));
select audit.track('identity.operators');

alter table identity.one_time_tokens
  drop constraint one_time_tokens_purpose_known,
  add constraint one_time_tokens_purpose_known check (
    purpose in (
      'verify_email', 'reset_password', 'change_email', 'passkey_challenge', 'first_administrator', 'sign_in_step',
      'google_sign_in'
    )
  );

alter table identity.users add column lock_told_at timestamptz;
comment on column identity.users.lock_told_at is 'When the owner was last written to that his account rests after wrong passwords';
grant update (lock_told_at) on identity.users to commonhold_app;
create index users_account_locked_until_idx on identity.users (account_locked_until) where account_locked_until is not null;
select audit.track(
  'identity.users',
  ignore => '{updated_at,failed_login_attempts,last_failed_login_at,login_count,last_login_at,last_activity_at,lock_told_at}'
);
