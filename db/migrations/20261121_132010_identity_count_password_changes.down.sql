alter table identity.users drop column password_version;
select audit.track(
  'identity.users',
  ignore => '{updated_at,failed_login_attempts,last_failed_login_at,login_count,last_login_at,last_activity_at,lock_told_at}'
);
