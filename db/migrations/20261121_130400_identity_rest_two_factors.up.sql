-- As many rows as there are people, devices or roles: checked and indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation
alter table identity.two_factors add column resting_until timestamptz;
comment on column identity.two_factors.resting_until is
  'No code is looked at before: from the fifth wrong one on, for a minute that doubles up to 15';
comment on column identity.two_factors.verification_attempts is 'Wrong codes, of the app and for its loss, since the last right one';
create index two_factors_setup_started_at_idx on identity.two_factors (setup_started_at) where verified_at is null;

comment on column identity.backup_codes.code_hash is
  'HMAC-SHA-256 under the secret of the authenticator app, which is encrypted: 50 bits could be tried out under a bare hash';

select audit.track(
  'identity.two_factors',
  redact => '{secret_encrypted}',
  ignore => '{last_verified_at,last_time_step,verification_attempts,last_failed_attempt_at,resting_until}'
);
