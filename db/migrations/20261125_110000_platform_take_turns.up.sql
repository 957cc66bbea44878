create function platform.take_move_turn()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '50s'
as $$
begin
  perform from platform.moving_tenants where tenant_id = platform.current_tenant_id() for share;
exception
  when lock_not_available then
    raise exception 'The tenant % is being moved or restored', platform.current_tenant_id() using errcode = 'CM001';
end
$$;
comment on function platform.take_move_turn() is
  'Waits until the tenant of this transaction is not being restored, and keeps the next restore waiting to its end; gives up after 50 seconds (SQLSTATE CM001). For who begins anew, before he locks anything';
revoke execute on function platform.take_move_turn() from public;
grant execute on function platform.take_move_turn() to commonhold_app;

create or replace function platform.await_move_turn()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  has_locked constant boolean := pg_current_xact_id_if_assigned() is not null;
begin
  begin
    perform from platform.moving_tenants where tenant_id = platform.current_tenant_id() for share nowait;
    return null;
  exception
    when lock_not_available then null;
  end;
  -- Who has locked rows has a number: the one that restores would wait for these rows, and he for the restore.
  if has_locked then
    raise exception 'The tenant % is being moved or restored: begin anew, with platform.take_move_turn()', platform.current_tenant_id()
      using errcode = 'CM003';
  end if;
  perform platform.take_move_turn();
  return null;
end
$$;
comment on function platform.await_move_turn() is
  'Trigger of a tenant''s tables while one of them moves or is restored: whoever writes in the scope of that tenant waits before he locks a row, so that what he waits for never waits for him. Who has locked one already is refused (SQLSTATE CM003), to begin anew';
