create table usage.placed_limits (
  tenant_id uuid not null,
  database_id uuid not null,
  limits jsonb not null,
  mirrored_at timestamptz not null default now(),
  constraint placed_limits_pkey primary key (tenant_id),
  constraint placed_limits_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table usage.placed_limits is
  'MT-17: the limits that were last written into a tenant''s own database, where its rows are counted';
comment on column usage.placed_limits.limits is 'Metric to {quota, isHard}, as usage.limits_of says; of its plan and its own alike';
select platform.isolate('usage.placed_limits');
create policy placed_limits_system on usage.placed_limits
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy placed_limits_written_by_platform on usage.placed_limits
  as restrictive
  for insert
  with check ((select platform.is_system()));
create policy placed_limits_changed_by_platform on usage.placed_limits
  as restrictive
  for update
  using ((select platform.is_system()));
grant select, insert on usage.placed_limits to commonhold_app;
grant update (database_id, limits, mirrored_at) on usage.placed_limits to commonhold_app;
grant select on usage.placed_limits to commonhold_readonly;

create function usage.list_unmirrored_limits()
returns table (tenant_id uuid, database_id uuid, limits jsonb)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select placement.tenant_id, placement.database_id, now_held.limits
  from tenancy.placements as placement
  cross join lateral (
    select coalesce(
      jsonb_object_agg(allowed.metric_name, jsonb_build_object('quota', allowed.quota, 'isHard', allowed.is_hard)),
      '{}'
    ) as limits
    from usage.limits_of(placement.tenant_id) as allowed
  ) as now_held
  left join usage.placed_limits as mirrored on mirrored.tenant_id = placement.tenant_id
  where placement.database_id is not null
    and (
      mirrored.database_id is distinct from placement.database_id
      or mirrored.limits is distinct from now_held.limits
    )
$$;
comment on function usage.list_unmirrored_limits() is 'Tenants whose own databases hold other limits than hold for them now';

create function usage.take_over_limits(of_tenant_id uuid, of_limits jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from usage.tenant_limits where tenant_id = of_tenant_id;
  insert into usage.tenant_limits (tenant_id, metric_name, quota, is_hard)
  select of_tenant_id, allowed.key, (allowed.value ->> 'quota')::bigint, (allowed.value ->> 'isHard')::boolean
  from jsonb_each(of_limits) as allowed;
  perform usage.apply_quotas(array[of_tenant_id]);
end
$$;
comment on function usage.take_over_limits(uuid, jsonb) is
  'In a tenant''s own database: what it is allowed by the main one. For an administrator, past triggers: it was logged where it was decided';

create function usage.lock_gauge(of_tenant_id uuid, of_metric text)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from usage.plans where is_built_in for share;
  insert into usage.gauges (tenant_id, metric_name, quota)
  values (of_tenant_id, of_metric, usage.hard_quota_of(of_tenant_id, of_metric))
  on conflict (tenant_id, metric_name) do nothing;
  perform
  from usage.gauges
  where tenant_id = of_tenant_id
    and metric_name = of_metric
  for update;
  perform
  from usage.gauge_shards
  where tenant_id = of_tenant_id
    and metric_name = of_metric
  order by shard
  for update;
  return usage.value_of(of_tenant_id, of_metric);
end
$$;
comment on function usage.lock_gauge(uuid, text) is 'Nobody counts until the end of the transaction; what the gauge stands at';

create function usage.correct_gauge(of_tenant_id uuid, of_metric text, used bigint, right_value bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  hard_quota bigint;
  own_shard integer;
begin
  if used = right_value then
    return;
  end if;
  select quota into hard_quota
  from usage.gauges
  where tenant_id = of_tenant_id
    and metric_name = of_metric;
  select coalesce(min(shard), 0) into own_shard
  from usage.gauge_shards
  where tenant_id = of_tenant_id
    and metric_name = of_metric;
  insert into usage.gauge_shards as part (tenant_id, metric_name, shard, value)
  values (of_tenant_id, of_metric, own_shard, right_value - used)
  on conflict (tenant_id, metric_name, shard) do update
  set value = part.value + excluded.value;
  perform usage.spread_allowance(of_tenant_id, of_metric, hard_quota, right_value, own_shard);
end
$$;
comment on function usage.correct_gauge(uuid, text, bigint, bigint) is
  'Brings a locked gauge to what it ought to stand at, be that above its limit: it was allowed where it comes from';

create function usage.recount_rows(of_tenant_id uuid, of_metric text, of_table regclass)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  used bigint;
  right_value bigint;
begin
  if not exists (select from tenancy.tenants where id = of_tenant_id) then
    return;
  end if;
  used := usage.lock_gauge(of_tenant_id, of_metric);
  execute format('select count(*) from %s where tenant_id = $1', of_table) into right_value using of_tenant_id;
  perform usage.correct_gauge(of_tenant_id, of_metric, used, right_value);
end
$$;
comment on function usage.recount_rows(uuid, text, regclass) is
  'Counts the rows of a table anew: who has written and not committed yet counts afterwards. For an administrator, who sees all rows';

create function usage.note_placed_gauge(of_tenant_id uuid, in_database_id uuid, of_metric text, right_value bigint)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not platform.is_system() then
    raise exception 'Only the platform notes what is counted elsewhere' using errcode = 'insufficient_privilege';
  end if;
  -- A move back waits here, or has been: then the rows are counted in this database again.
  perform
  from tenancy.placements
  where tenant_id = of_tenant_id
    and database_id = in_database_id
  for share;
  if not found then
    return;
  end if;
  perform usage.correct_gauge(of_tenant_id, of_metric, usage.lock_gauge(of_tenant_id, of_metric), right_value);
end
$$;
comment on function usage.note_placed_gauge(uuid, uuid, text, bigint) is
  'MT-17: what a gauge stands at in the tenant''s own database, so that reports and warnings of the main one have it';

revoke execute
  on function usage.list_unmirrored_limits(), usage.take_over_limits(uuid, jsonb), usage.lock_gauge(uuid, text),
    usage.correct_gauge(uuid, text, bigint, bigint), usage.recount_rows(uuid, text, regclass),
    usage.note_placed_gauge(uuid, uuid, text, bigint)
  from public;
grant execute on function usage.list_unmirrored_limits(), usage.note_placed_gauge(uuid, uuid, text, bigint) to commonhold_app;
