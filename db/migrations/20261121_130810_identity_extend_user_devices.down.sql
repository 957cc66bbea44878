drop index identity.user_devices_last_seen_at_idx;
alter table identity.user_devices
  drop column recognised_at;
