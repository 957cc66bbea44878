alter table identity.users add column password_version integer not null default 0;
comment on column identity.users.password_version is
  'Counts the changes of the password, in the row that a sign-in updates: one that verified the old password just before a change opens nothing after it';
grant update (password_version) on identity.users to commonhold_app;
select audit.track(
  'identity.users',
  ignore => '{updated_at,failed_login_attempts,last_failed_login_at,login_count,last_login_at,last_activity_at,lock_told_at,password_version}'
);
