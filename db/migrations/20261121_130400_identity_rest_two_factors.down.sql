comment on column identity.backup_codes.code_hash is null;
drop index identity.two_factors_setup_started_at_idx;
comment on column identity.two_factors.verification_attempts is null;
alter table identity.two_factors drop column resting_until;
-- After the column is gone: what is tracked is written out column by column.
select audit.track(
  'identity.two_factors',
  redact => '{secret_encrypted}',
  ignore => '{last_verified_at,last_time_step,verification_attempts,last_failed_attempt_at}'
);
