-- What people were told, and how they wanted it, is lost.
select audit.untrack('notifications.quiet_tenants'), audit.untrack('notifications.kind_preferences'), audit.untrack('notifications.preferences');
drop function notifications.list_waiting(uuid, timestamptz, integer);
drop function notifications.find_places(uuid);
drop function notifications.find_recipient(uuid);
drop table notifications.quiet_tenants;
drop table notifications.kind_preferences;
drop table notifications.preferences;
drop table notifications.notifications;
drop schema notifications;
