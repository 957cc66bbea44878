-- As many rows as there are people, devices or roles: checked and indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation
alter table identity.user_devices
  add column recognised_at timestamptz;
comment on column identity.user_devices.recognised_at is
  'The last time that its cookie came back; null: perhaps a program without cookies, whose next sign-in takes the row over';
grant update (recognised_at) on identity.user_devices to commonhold_app;
create index user_devices_last_seen_at_idx on identity.user_devices (last_seen_at);
