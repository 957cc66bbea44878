create table platform.moving_tenants (
  tenant_id uuid not null,
  state text not null default 'open',
  paused_until timestamptz,
  constraint moving_tenants_pkey primary key (tenant_id),
  constraint moving_tenants_state_known check (state in ('open', 'paused', 'gone')),
  constraint moving_tenants_paused_until check ((state = 'paused') = (paused_until is not null))
);
comment on table platform.moving_tenants is
  'MT-17: tenants whose rows in this database are on the way to another one. Who writes one of their rows holds a share of this row, so that a change of its state waits for whoever is writing';
comment on column platform.moving_tenants.state is
  'open: changes are noted; paused: writes are refused until paused_until; gone: the rows here are an old copy, never written again';
comment on column platform.moving_tenants.paused_until is
  'When a pause ends by itself, should the program that asked for it have died';

create table platform.move_changes (
  tenant_id uuid not null,
  id uuid not null default platform.uuid_v7(),
  table_name text not null,
  key jsonb not null,
  constraint move_changes_pkey primary key (tenant_id, id)
);
comment on table platform.move_changes is 'MT-17: primary keys of rows that were written while their tenant moves; what they are now is copied once more';

select platform.isolate('platform.moving_tenants');
select platform.isolate('platform.move_changes');
-- The trigger below and who moves act for any tenant; the program has no right to either table.
create policy moving_tenants_of_owner on platform.moving_tenants to commonhold_owner using (true) with check (true);
create policy move_changes_of_owner on platform.move_changes to commonhold_owner using (true) with check (true);

create function platform.note_move_changes()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  key_columns constant text[] := tg_argv[1]::text[];
  touched uuid[];
  moving record;
begin
  if tg_op = 'INSERT' then
    select array_agg(distinct tenant_id) into touched from new_rows;
  elsif tg_op = 'DELETE' then
    select array_agg(distinct tenant_id) into touched from old_rows;
  else
    select array_agg(distinct tenant_id) into touched
    from (select tenant_id from new_rows union select tenant_id from old_rows) as both_sides;
  end if;
  if not exists (select from platform.moving_tenants as m where m.tenant_id = any (touched)) then
    return null;
  end if;
  -- Whoever asked for the pause has died, or is too late: he finds it open and takes the last step again.
  update platform.moving_tenants as m
  set state = 'open', paused_until = null
  where m.tenant_id = any (touched)
    and m.state = 'paused'
    and m.paused_until <= clock_timestamp();
  -- Held to the end of the transaction: a pause begins when the last of these has ended, and none is overlooked.
  for moving in
    select m.tenant_id, m.state
    from platform.moving_tenants as m
    where m.tenant_id = any (touched)
    order by m.tenant_id
    for share
  loop
    if moving.state = 'gone' then
      raise exception 'The tenant % has moved to another database', moving.tenant_id using errcode = 'CM002';
    elsif moving.state = 'paused' then
      raise exception 'The tenant % is being moved to another database', moving.tenant_id using errcode = 'CM001';
    end if;
    if tg_op <> 'INSERT' then
      insert into platform.move_changes (tenant_id, table_name, key)
      select r.tenant_id, tg_argv[0], (select jsonb_object_agg(name, to_jsonb(r) -> name) from unnest(key_columns) as name)
      from old_rows as r
      where r.tenant_id = moving.tenant_id;
    end if;
    if tg_op <> 'DELETE' then
      insert into platform.move_changes (tenant_id, table_name, key)
      select r.tenant_id, tg_argv[0], (select jsonb_object_agg(name, to_jsonb(r) -> name) from unnest(key_columns) as name)
      from new_rows as r
      where r.tenant_id = moving.tenant_id;
    end if;
  end loop;
  return null;
end
$$;
comment on function platform.note_move_changes() is
  'MT-17: trigger of a tenant''s tables while one of them moves; notes the keys of written rows, and refuses writes in a pause (SQLSTATE CM001) and to an old copy (CM002)';
revoke execute on function platform.note_move_changes() from public;
