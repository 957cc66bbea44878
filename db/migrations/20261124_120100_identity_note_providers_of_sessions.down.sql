delete from identity.one_time_tokens
where purpose in ('provider_sign_in', 'provider_link');
alter table identity.one_time_tokens
  drop constraint one_time_tokens_purpose_known,
  add constraint one_time_tokens_purpose_known check (
    purpose in (
      'verify_email', 'reset_password', 'change_email', 'passkey_challenge', 'first_administrator', 'sign_in_step',
      'google_sign_in'
    )
  );
comment on column identity.login_histories.methods is
  'How the user proved who he is: password, totp, backup_code, passkey, google, trusted_device';
delete from identity.user_sessions
where provider_id is not null
  or authentication_methods && array['provider', 'provider_second_factor'];
drop index identity.user_sessions_provider_id_idx;
alter table identity.user_sessions
  drop constraint user_sessions_provider_of_tenant,
  drop column provider_tenant_id,
  drop column provider_id,
  drop constraint user_sessions_methods_known,
  add constraint user_sessions_methods_known
    check (authentication_methods <@ array['password', 'totp', 'backup_code', 'passkey', 'google', 'trusted_device']);
