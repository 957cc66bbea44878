-- Sessions go 30 days after their end, tokens sooner: both tables stay short.
-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-creation
alter table identity.user_sessions
  add column provider_tenant_id uuid,
  add column provider_id uuid,
  add constraint user_sessions_provider_of_tenant check ((provider_tenant_id is null) = (provider_id is null)),
  drop constraint user_sessions_methods_known,
  add constraint user_sessions_methods_known check (
    authentication_methods <@ array[
      'password', 'totp', 'backup_code', 'passkey', 'google', 'trusted_device', 'provider', 'provider_second_factor'
    ]
  );
comment on column identity.user_sessions.provider_tenant_id is
  'Whose identity provider said who this is: what it says counts in that tenant alone. No foreign key, for a session outlives it';
comment on column identity.user_sessions.provider_id is 'Which of the tenant''s providers (AG-04)';
create index user_sessions_provider_id_idx on identity.user_sessions (provider_id, user_id)
  where provider_id is not null and revoked_at is null;
comment on column identity.login_histories.methods is
  'How the user proved who he is: password, totp, backup_code, passkey, google, trusted_device, provider, provider_second_factor';

alter table identity.one_time_tokens
  drop constraint one_time_tokens_purpose_known,
  add constraint one_time_tokens_purpose_known check (
    purpose in (
      'verify_email', 'reset_password', 'change_email', 'passkey_challenge', 'first_administrator', 'sign_in_step',
      'google_sign_in', 'provider_sign_in', 'provider_link'
    )
  );
