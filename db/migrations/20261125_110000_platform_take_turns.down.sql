create or replace function platform.await_move_turn()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from platform.moving_tenants where tenant_id = platform.current_tenant_id() for share;
  return null;
end
$$;
comment on function platform.await_move_turn() is
  'Trigger of a tenant''s tables while one of them moves or is restored: whoever writes in the scope of that tenant waits before he locks a row, so that what he waits for never waits for him';
drop function platform.take_move_turn();
