comment on column notifications.notifications.actor_name is 'The actor''s name at that time';
drop trigger forget_actor on notifications.notifications;
drop function notifications.forget_actor();
