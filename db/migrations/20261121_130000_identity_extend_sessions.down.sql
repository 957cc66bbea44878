alter table identity.users drop column lock_told_at;
drop index identity.users_account_locked_until_idx;
select audit.track(
  'identity.users',
  ignore => '{updated_at,failed_login_attempts,last_failed_login_at,login_count,last_login_at,last_activity_at}'
);

delete from identity.one_time_tokens
where purpose in ('sign_in_step', 'google_sign_in');
alter table identity.one_time_tokens
  drop constraint one_time_tokens_purpose_known,
  add constraint one_time_tokens_purpose_known check (
    purpose in ('verify_email', 'reset_password', 'change_email', 'passkey_challenge', 'first_administrator')
  );
select audit.untrack('identity.operators');
drop table identity.operators;
drop table identity.sign_ups;
drop table identity.address_failures;
revoke update on identity.user_sessions from commonhold_app;
alter table identity.user_sessions
  drop column device_id,
  drop column authenticated_at,
  drop column authentication_methods,
  drop column ends_at;
comment on column identity.user_sessions.expires_at is null;
grant update (active_tenant_id, last_seen_at, expires_at, revoked_at, revoked_reason) on identity.user_sessions to commonhold_app;
drop table identity.user_devices;
