create function notifications.forget_actor()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.actor_name := null;
  return new;
end
$$;
comment on function notifications.forget_actor() is 'The name of an actor goes with his account';
create trigger forget_actor before update of actor_id on notifications.notifications
  for each row when (old.actor_id is not null and new.actor_id is null)
  execute function notifications.forget_actor();
revoke execute on function notifications.forget_actor() from public;
comment on column notifications.notifications.actor_name is 'The actor''s name at that time; null once his account is gone';
