create schema usage;
comment on schema usage is 'What tenants use of the installation, and how much of it their plans allow';
grant usage on schema usage to commonhold_app, commonhold_readonly;

create table usage.plans (
  id uuid not null default gen_random_uuid(),
  name text not null,
  display_name text not null,
  description text,
  is_default boolean not null default false,
  is_active boolean not null default true,
  is_built_in boolean not null default false,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint plans_pkey primary key (id),
  constraint plans_name_unique unique (name),
  constraint plans_name_shape check (name ~ '^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$'),
  constraint plans_display_name_length check (length(display_name) between 1 and 100),
  constraint plans_description_length check (length(description) between 1 and 1000),
  constraint plans_default_is_active check (is_active or not is_default)
);
comment on table usage.plans is 'What tenants can be given, with its limits (AG-07); made by operators. What it costs is told elsewhere';
comment on column usage.plans.is_default is 'The plan of tenants that were given none';
comment on column usage.plans.is_active is 'Whether tenants can be given it; those that have it keep it';
comment on column usage.plans.is_built_in is 'Standard, which every installation has; its row is also the lock between counting and changes of limits';

create unique index plans_one_default on usage.plans (is_default) where is_default;
create unique index plans_one_built_in on usage.plans (is_built_in) where is_built_in;
select platform.keep_updated_at('usage.plans');

create table usage.plan_limits (
  plan_id uuid not null,
  metric_name text not null,
  quota bigint not null,
  is_hard boolean not null default true,
  constraint plan_limits_pkey primary key (plan_id, metric_name),
  constraint plan_limits_metric_shape check (metric_name ~ '^[a-z]+\.[a-z_]+$' and length(metric_name) <= 100),
  constraint plan_limits_quota_counted check (quota >= 0),
  constraint plan_limits_plan_id_fkey foreign key (plan_id) references usage.plans (id) on delete cascade
);
comment on table usage.plan_limits is 'How much of a metric a plan allows; of what has no row, any amount';
comment on column usage.plan_limits.quota is 'In the unit of the metric: of a gauge at any time, of a flow in a calendar month (UTC)';
comment on column usage.plan_limits.is_hard is 'What would exceed it is refused; else only told';

create table usage.tenant_plans (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  plan_id uuid not null,
  since timestamptz(3) not null default now(),
  until timestamptz(3),
  subscription_status text not null default 'active',
  trial_ends_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint tenant_plans_pkey primary key (tenant_id, id),
  constraint tenant_plans_status_known check (subscription_status in ('trialing', 'active', 'past_due', 'canceled')),
  constraint tenant_plans_in_order check (until >= since),
  constraint tenant_plans_trial_ends check (subscription_status <> 'trialing' or trial_ends_at is not null),
  constraint tenant_plans_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint tenant_plans_plan_id_fkey foreign key (plan_id) references usage.plans (id) on delete restrict
);
comment on table usage.tenant_plans is 'Which plan a tenant has, and had before; without a row it has the default plan';
comment on column usage.tenant_plans.until is 'Null for the plan that it has now';
comment on column usage.tenant_plans.subscription_status is 'As who bills says; it changes no limit by itself';

create unique index tenant_plans_one_current on usage.tenant_plans (tenant_id) where until is null;
create index tenant_plans_plan_id_idx on usage.tenant_plans (plan_id, tenant_id);
select platform.keep_updated_at('usage.tenant_plans');

create table usage.tenant_limits (
  tenant_id uuid not null,
  metric_name text not null,
  quota bigint,
  is_hard boolean not null default true,
  reason text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint tenant_limits_pkey primary key (tenant_id, metric_name),
  constraint tenant_limits_metric_shape check (metric_name ~ '^[a-z]+\.[a-z_]+$' and length(metric_name) <= 100),
  constraint tenant_limits_quota_counted check (quota >= 0),
  constraint tenant_limits_reason_length check (length(reason) between 1 and 500),
  constraint tenant_limits_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table usage.tenant_limits is 'Where a tenant is allowed more or less than its plan says';
comment on column usage.tenant_limits.quota is 'Null: any amount, whatever the plan says';
select platform.keep_updated_at('usage.tenant_limits');

create table usage.gauges (
  tenant_id uuid not null,
  metric_name text not null,
  quota bigint,
  constraint gauges_pkey primary key (tenant_id, metric_name),
  constraint gauges_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table usage.gauges is
  'A metric that goes up and down, of a tenant that has ever used it; its value is the sum of its shards. Written by usage.change_gauge alone';
comment on column usage.gauges.quota is 'The hard limit that holds now, null for none: kept by the triggers of plans and limits';

create table usage.gauge_shards (
  tenant_id uuid not null,
  metric_name text not null,
  shard smallint not null,
  value bigint not null default 0,
  allowance bigint,
  constraint gauge_shards_pkey primary key (tenant_id, metric_name, shard),
  constraint gauge_shards_gauge_fkey foreign key (tenant_id, metric_name)
    references usage.gauges (tenant_id, metric_name) on delete cascade
)
with (fillfactor = 50);
comment on table usage.gauge_shards is
  'Parts of a gauge''s value, so that many can count at once: who counts takes one that nobody holds. One until two meet, at most 16; a part may be negative';
comment on column usage.gauge_shards.allowance is
  'How high the part may go without asking the others; null: any. All together never more than the quota, so that no sum of what is let through exceeds it';

create table usage.tenant_usage (
  tenant_id uuid not null,
  id uuid not null default platform.uuid_v7(),
  site_id uuid,
  metric_name text not null,
  metric_value bigint not null,
  highest_value bigint,
  rolled_up_value bigint,
  period text not null,
  period_start timestamptz(0) not null,
  period_end timestamptz(0) not null generated always as (
    (period_start at time zone 'UTC' + case period when 'hour' then interval '1 hour' when 'day' then interval '1 day' else interval '1 month' end)
    at time zone 'UTC'
  ) stored,
  created_at timestamptz(3) not null default now(),
  constraint tenant_usage_pkey primary key (tenant_id, id),
  constraint tenant_usage_one_per_period unique nulls not distinct (tenant_id, metric_name, period, period_start, site_id),
  constraint tenant_usage_period_known check (period in ('hour', 'day', 'month')),
  constraint tenant_usage_period_whole check (period_start at time zone 'UTC' = date_trunc(period, period_start at time zone 'UTC')),
  constraint tenant_usage_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table usage.tenant_usage is
  'AG-02: what a tenant used of a metric in an hour, day or month (UTC), one row per period. Hours are kept 60 days, days 2 years, months for good';
comment on column usage.tenant_usage.site_id is 'Of what a single site used; null for the tenant';
comment on column usage.tenant_usage.metric_value is 'Of a flow the sum, of a gauge the last value read in the period';
comment on column usage.tenant_usage.highest_value is 'Of a gauge the highest value read in the period';
comment on column usage.tenant_usage.rolled_up_value is 'Of an hour of a flow: how much of it the day and the month hold already';

create index tenant_usage_late_idx on usage.tenant_usage (tenant_id, metric_name, period_start)
  where metric_value <> rolled_up_value;
create index tenant_usage_old_idx on usage.tenant_usage (period, period_start);

create table usage.warnings (
  tenant_id uuid not null,
  metric_name text not null,
  is_reached boolean not null,
  period_start timestamptz(0) not null,
  created_at timestamptz(3) not null default now(),
  constraint warnings_pkey primary key (tenant_id, metric_name, is_reached, period_start),
  constraint warnings_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table usage.warnings is 'That a tenant was told in a month that it has used 80 % of a limit, or all of it: each once';
comment on column usage.warnings.period_start is 'The month';

select platform.isolate('usage.tenant_plans');
select platform.isolate('usage.tenant_limits');
select platform.isolate('usage.gauges');
select platform.isolate('usage.gauge_shards');
select platform.isolate('usage.tenant_usage');
select platform.isolate('usage.warnings');
alter table usage.plans enable row level security;
alter table usage.plans force row level security;
alter table usage.plan_limits enable row level security;
alter table usage.plan_limits force row level security;

-- A tenant sees its own plan and not what others were offered.
create policy plans_of_tenant on usage.plans
  for select
  using (
    (is_default and (select platform.current_tenant_id()) is not null)
    or id in (select held.plan_id from usage.tenant_plans as held where held.tenant_id = (select platform.current_tenant_id()))
  );
create policy plans_system on usage.plans
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy plan_limits_of_tenant on usage.plan_limits
  for select
  using (
    (select platform.current_tenant_id()) is not null
    and plan_id in (select plan.id from usage.plans as plan)
  );
create policy plan_limits_system on usage.plan_limits
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy tenant_plans_system on usage.tenant_plans
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy tenant_limits_system on usage.tenant_limits
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy gauges_system on usage.gauges for select using ((select platform.is_system()));
create policy gauge_shards_system on usage.gauge_shards for select using ((select platform.is_system()));
create policy tenant_usage_system on usage.tenant_usage
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy warnings_system on usage.warnings
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
-- Otherwise a tenant could give itself a plan.
create policy tenant_plans_given_by_platform on usage.tenant_plans
  as restrictive
  for insert
  with check ((select platform.is_system()));
create policy tenant_plans_ended_by_platform on usage.tenant_plans
  as restrictive
  for update
  using ((select platform.is_system()));
create policy tenant_limits_given_by_platform on usage.tenant_limits
  as restrictive
  for insert
  with check ((select platform.is_system()));
create policy tenant_limits_changed_by_platform on usage.tenant_limits
  as restrictive
  for update
  using ((select platform.is_system()));
-- The triggers that count act for the owner: rows of many tenants may go at once, with a user who is erased.
create policy plans_counted on usage.plans to commonhold_owner using (true) with check (true);
create policy plan_limits_counted on usage.plan_limits to commonhold_owner using (true) with check (true);
create policy tenant_plans_counted on usage.tenant_plans for select to commonhold_owner using (true);
create policy tenant_limits_counted on usage.tenant_limits for select to commonhold_owner using (true);
create policy gauges_counted on usage.gauges to commonhold_owner using (true) with check (true);
create policy gauge_shards_counted on usage.gauge_shards to commonhold_owner using (true) with check (true);

create function usage.limits_of(of_tenant_id uuid)
returns table (metric_name text, quota bigint, is_hard boolean, is_own boolean)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select own.metric_name, own.quota, own.is_hard, true
  from usage.tenant_limits as own
  where own.tenant_id = of_tenant_id
  union all
  select allowed.metric_name, allowed.quota, allowed.is_hard, false
  from usage.plan_limits as allowed
  where allowed.plan_id = coalesce(
      (select held.plan_id from usage.tenant_plans as held where held.tenant_id = of_tenant_id and held.until is null),
      (select plan.id from usage.plans as plan where plan.is_default)
    )
    and not exists (
      select
      from usage.tenant_limits as own
      where own.tenant_id = of_tenant_id
        and own.metric_name = allowed.metric_name
    )
$$;
comment on function usage.limits_of(uuid) is 'The limits of a tenant: its own ones, else those of its plan';

create function usage.hard_quota_of(of_tenant_id uuid, of_metric text)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select allowed.quota
  from usage.limits_of(of_tenant_id) as allowed
  where allowed.metric_name = of_metric
    and allowed.is_hard
$$;

-- How far each shard may go from here on. The caller has locked the gauge and its shards, and knows their sum.
create function usage.spread_allowance(of_tenant_id uuid, of_metric text, hard_quota bigint, used bigint, own_shard integer)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  update usage.gauge_shards as part
  set allowance = case
    when hard_quota is null then null
    -- Nothing is left: even what one shard gives back counts for all, so each growth has to ask.
    when used >= hard_quota then -9223372036854775808
    when hard_quota - used >= 1600 then
      part.value + (hard_quota - used) / every.parts
      + case when part.shard = own_shard then (hard_quota - used) % every.parts else 0 end
    else part.value + case when part.shard = own_shard then hard_quota - used else 0 end
  end
  from (
    select count(*) as parts
    from usage.gauge_shards
    where tenant_id = of_tenant_id
      and metric_name = of_metric
  ) as every
  where part.tenant_id = of_tenant_id
    and part.metric_name = of_metric
$$;
comment on function usage.spread_allowance(uuid, text, bigint, bigint, integer) is
  'Divides what is left of a quota among the shards; little goes to one alone';

create function usage.take_from_quota(of_tenant_id uuid, of_metric text, amount bigint, near_shard integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  hard_quota bigint;
  used bigint;
  own_shard integer := near_shard;
begin
  select quota into hard_quota
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
  select coalesce(sum(value), 0) into used
  from usage.gauge_shards
  where tenant_id = of_tenant_id
    and metric_name = of_metric;

  if used + amount > hard_quota then
    raise exception 'The limit of % is reached', of_metric
      using errcode = 'CH001', constraint = 'usage.quota_exceeded',
        detail = json_build_object(
          'metric', of_metric, 'limit', hard_quota, 'used', used,
          'what', replace(split_part(of_metric, '.', 2), '_', ' ')
        )::text;
  end if;

  -- Another part is worth while as long as there is much to divide.
  if hard_quota is not null and hard_quota - used - amount < 1600 then
    select coalesce(min(shard) filter (where shard = near_shard), min(shard), near_shard) into own_shard
    from usage.gauge_shards
    where tenant_id = of_tenant_id
      and metric_name = of_metric;
  end if;
  insert into usage.gauge_shards as part (tenant_id, metric_name, shard, value)
  values (of_tenant_id, of_metric, own_shard, amount)
  on conflict (tenant_id, metric_name, shard) do update
  set value = part.value + excluded.value;
  perform usage.spread_allowance(of_tenant_id, of_metric, hard_quota, used + amount, own_shard);
end
$$;
comment on function usage.take_from_quota(uuid, text, bigint, integer) is
  'Raises a gauge with all its shards locked: what is let through is exact, whoever else counts at this moment';

create function usage.take_free_shard(of_tenant_id uuid, of_metric text, amount bigint, near_shard integer)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update usage.gauge_shards as part
  set value = part.value + amount
  where part.tenant_id = of_tenant_id
    and part.metric_name = of_metric
    and part.shard = (
      select free.shard
      from usage.gauge_shards as free
      where free.tenant_id = of_tenant_id
        and free.metric_name = of_metric
        and (amount < 0 or free.allowance is null or free.value + amount <= free.allowance)
      order by (free.shard + near_shard) % 16
      limit 1
      for update skip locked
    );
  return found;
end
$$;
comment on function usage.take_free_shard(uuid, text, bigint, integer) is
  'Counts into a shard that nobody holds and that may go so far; false if there is none. The row lock is kept until the commit, so writers of one tenant wait for each other only when all shards are held';

create function usage.take_held_shard(of_tenant_id uuid, of_metric text, amount bigint, near_shard integer)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update usage.gauge_shards as part
  set value = part.value + amount
  where part.tenant_id = of_tenant_id
    and part.metric_name = of_metric
    and part.value + amount <= part.allowance
    and part.shard = (
      select held.shard
      from usage.gauge_shards as held
      where held.tenant_id = of_tenant_id
        and held.metric_name = of_metric
        and held.value + amount <= held.allowance
        -- Else one more shard is worth while, for which the gauge has to be asked.
        and (held.shard = near_shard or held.allowance - held.value < 1600)
      order by (held.shard + near_shard) % 16
      limit 1
    );
  return found;
end
$$;
comment on function usage.take_held_shard(uuid, text, bigint, integer) is
  'Waits for a shard that others hold, rather than for all of them; false if there is none that may go so far';

create function usage.change_gauge(of_tenant_id uuid, of_metric text, amount bigint)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  near_shard constant integer := pg_backend_pid() % 16;
  hard_quota bigint;
begin
  if amount = 0 then
    return;
  end if;

  if amount < 0 then
    if usage.take_free_shard(of_tenant_id, of_metric, amount, near_shard) then
      return;
    end if;
    -- All are held: wait for one. Where there is none, the tenant is going with all that it has.
    update usage.gauge_shards as part
    set value = part.value + amount
    where part.tenant_id = of_tenant_id
      and part.metric_name = of_metric
      and part.shard = (
        select held.shard
        from usage.gauge_shards as held
        where held.tenant_id = of_tenant_id
          and held.metric_name = of_metric
        order by (held.shard + near_shard) % 16
        limit 1
      );
    return;
  end if;

  select quota into hard_quota
  from usage.gauges
  where tenant_id = of_tenant_id
    and metric_name = of_metric;
  if not found then
    -- Shared by all who begin to count; who changes limits takes it alone, and finds this gauge afterwards.
    perform
    from usage.plans
    where is_built_in
    for share;
    insert into usage.gauges (tenant_id, metric_name, quota)
    values (of_tenant_id, of_metric, usage.hard_quota_of(of_tenant_id, of_metric))
    on conflict (tenant_id, metric_name) do nothing;
    select quota into hard_quota
    from usage.gauges
    where tenant_id = of_tenant_id
      and metric_name = of_metric;
  end if;

  if hard_quota is null then
    if usage.take_free_shard(of_tenant_id, of_metric, amount, near_shard) then
      return;
    end if;
    -- All are held, or there is none yet. The gauge is held from here on: nobody limits it before this is committed.
    perform
    from usage.gauges
    where tenant_id = of_tenant_id
      and metric_name = of_metric
      and quota is null
    for key share;
    if found then
      insert into usage.gauge_shards as part (tenant_id, metric_name, shard, value)
      values (of_tenant_id, of_metric, near_shard, amount)
      on conflict (tenant_id, metric_name, shard) do update
      set value = part.value + excluded.value;
      return;
    end if;
    -- It was limited a moment ago, and a shard may be locked in vain, as below: begin again.
    raise exception 'The limit of % has changed meanwhile', of_metric using errcode = '40001';
  else
    -- Each in a block of its own: a shard that another has just used up is locked before that is seen, and whoever kept
    -- it while he waits for the gauge would wait for one who has the gauge and waits for that shard.
    begin
      if usage.take_free_shard(of_tenant_id, of_metric, amount, near_shard) then
        return;
      end if;
      raise exception using errcode = 'CH000';
    exception
      when sqlstate 'CH000' then null;
    end;
    begin
      if usage.take_held_shard(of_tenant_id, of_metric, amount, near_shard) then
        return;
      end if;
      raise exception using errcode = 'CH000';
    exception
      when sqlstate 'CH000' then null;
    end;
  end if;
  perform usage.take_from_quota(of_tenant_id, of_metric, amount, near_shard);
end
$$;
comment on function usage.change_gauge(uuid, text, bigint) is
  'AG-02: raises or lowers a gauge in the transaction of the change; refuses (CH001, usage.quota_exceeded) what would exceed a hard limit';

create function usage.use_quota(of_metric text, amount bigint)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if platform.current_tenant_id() is null then
    raise exception 'Nobody''s quota can be used: there is no tenant' using errcode = '22004';
  end if;
  perform usage.change_gauge(platform.current_tenant_id(), of_metric, amount);
end
$$;
comment on function usage.use_quota(text, bigint) is 'usage.change_gauge for the tenant of the scope';

create function usage.value_of(of_tenant_id uuid, of_metric text)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(sum(value), 0)::bigint
  from usage.gauge_shards
  where tenant_id = of_tenant_id
    and metric_name = of_metric
$$;
comment on function usage.value_of(uuid, text) is 'What a gauge of a tenant stands at';

create view usage.gauge_limits
with (security_invoker = true)
as
select
  gauge.tenant_id,
  gauge.metric_name,
  case when own.tenant_id is null then allowed.quota else own.quota end as quota,
  coalesce(own.is_hard, allowed.is_hard, false) as is_hard,
  gauge.quota as applied_quota
from usage.gauges as gauge
left join usage.tenant_limits as own on own.tenant_id = gauge.tenant_id and own.metric_name = gauge.metric_name
left join usage.tenant_plans as held on held.tenant_id = gauge.tenant_id and held.until is null
left join usage.plan_limits as allowed
  on allowed.metric_name = gauge.metric_name
  and allowed.plan_id = coalesce(held.plan_id, (select plan.id from usage.plans as plan where plan.is_default));
comment on view usage.gauge_limits is 'usage.limits_of for the gauges of all tenants at once';
comment on column usage.gauge_limits.applied_quota is 'What usage.change_gauge holds to: quota where it is hard';

create function usage.apply_quotas(of_tenant_ids uuid[])
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  changed record;
  used bigint;
  first_shard integer;
begin
  perform
  from usage.plans
  where is_built_in
  for update;
  for changed in
    select gauge.tenant_id, gauge.metric_name, case when gauge.is_hard then gauge.quota end as quota
    from usage.gauge_limits as gauge
    where (of_tenant_ids is null or gauge.tenant_id = any (of_tenant_ids))
      and gauge.applied_quota is distinct from case when gauge.is_hard then gauge.quota end
    order by gauge.tenant_id, gauge.metric_name
  loop
    perform
    from usage.gauges
    where tenant_id = changed.tenant_id
      and metric_name = changed.metric_name
    for update;
    perform
    from usage.gauge_shards
    where tenant_id = changed.tenant_id
      and metric_name = changed.metric_name
    order by shard
    for update;
    update usage.gauges
    set quota = changed.quota
    where tenant_id = changed.tenant_id
      and metric_name = changed.metric_name;
    select coalesce(sum(value), 0), min(shard) into used, first_shard
    from usage.gauge_shards
    where tenant_id = changed.tenant_id
      and metric_name = changed.metric_name;
    perform usage.spread_allowance(changed.tenant_id, changed.metric_name, changed.quota, used, first_shard);
  end loop;
end
$$;
comment on function usage.apply_quotas(uuid[]) is
  'Gives the gauges of these tenants, or of all, the limits that hold now. What is above a limit stays, and grows no more';

create function usage.apply_plans()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform usage.apply_quotas(null);
  return null;
end
$$;
create function usage.apply_tenant_limits()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform usage.apply_quotas((select array_agg(distinct tenant_id) from new_rows));
  return null;
end
$$;
comment on function usage.apply_plans() is 'A change of what plans allow holds for every tenant from its commit on';
comment on function usage.apply_tenant_limits() is 'A change of what a tenant is allowed holds from its commit on';

create trigger apply_limits after insert or update or delete on usage.plan_limits
  for each statement execute function usage.apply_plans();
create trigger apply_default after update of is_default on usage.plans
  for each statement execute function usage.apply_plans();
create trigger apply_given after insert on usage.tenant_plans
  referencing new table as new_rows
  for each statement execute function usage.apply_tenant_limits();
create trigger apply_changed after update on usage.tenant_plans
  referencing new table as new_rows
  for each statement execute function usage.apply_tenant_limits();
create trigger apply_given after insert on usage.tenant_limits
  referencing new table as new_rows
  for each statement execute function usage.apply_tenant_limits();
create trigger apply_changed after update on usage.tenant_limits
  referencing new table as new_rows
  for each statement execute function usage.apply_tenant_limits();

-- Not a trigger: limits that go with their tenant change nothing, and would make all who begin to count wait.
create function usage.remove_tenant_limit(of_tenant_id uuid, of_metric text)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from usage.tenant_limits
  where tenant_id = of_tenant_id
    and metric_name = of_metric;
  if not found then
    return false;
  end if;
  perform usage.apply_quotas(array[of_tenant_id]);
  return true;
end
$$;
comment on function usage.remove_tenant_limit(uuid, text) is 'From then on the plan''s limit holds; false where the tenant had none of its own';

create function usage.count_changed_rows()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  changed record;
begin
  if tg_op = 'INSERT' then
    for changed in select tenant_id, count(*) as amount from new_rows group by tenant_id order by tenant_id loop
      perform usage.change_gauge(changed.tenant_id, tg_argv[0], changed.amount);
    end loop;
  else
    for changed in select tenant_id, count(*) as amount from old_rows group by tenant_id order by tenant_id loop
      perform usage.change_gauge(changed.tenant_id, tg_argv[0], -changed.amount);
    end loop;
  end if;
  return null;
end
$$;
comment on function usage.count_changed_rows() is 'Counts the rows of a statement into the gauge that its argument names';

create function usage.refuse_uncounted()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'The rows of %.% are counted for each tenant: they are neither truncated nor handed to another', tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;

create function usage.uncount_rows(target regclass)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('drop trigger if exists count_inserted on %s', target);
  execute format('drop trigger if exists count_deleted on %s', target);
  execute format('drop trigger if exists count_moved on %s', target);
  execute format('drop trigger if exists count_truncated on %s', target);
end
$$;
comment on function usage.uncount_rows(regclass) is 'Ends the counting of a table: for down migrations. What was counted stays';

create function usage.count_rows(target regclass, of_metric text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  is_forced boolean;
begin
  if (select relkind from pg_class where oid = target) <> 'r' then
    raise exception '% is no plain table: what is done to a partition by its own name would not be counted', target using errcode = '42809';
  end if;
  perform usage.uncount_rows(target);
  execute format('create trigger count_inserted after insert on %s referencing new table as new_rows for each statement execute function usage.count_changed_rows(%L)', target, of_metric);
  execute format('create trigger count_deleted after delete on %s referencing old table as old_rows for each statement execute function usage.count_changed_rows(%L)', target, of_metric);
  execute format('create trigger count_moved before update of tenant_id on %s for each row when (old.tenant_id is distinct from new.tenant_id) execute function usage.refuse_uncounted()', target);
  execute format('create trigger count_truncated before truncate on %s for each statement execute function usage.refuse_uncounted()', target);

  -- What is there already. Row security binds the owner too: without it he sees all tenants' rows. Nobody writes
  -- meanwhile, for the triggers' lock is held until the commit.
  select relforcerowsecurity into is_forced from pg_class where oid = target;
  if is_forced then
    execute format('alter table %s no force row level security', target);
  end if;
  delete from usage.gauges where metric_name = of_metric;
  execute format(
    'insert into usage.gauges (tenant_id, metric_name, quota)
    select tenant_id, %1$L, usage.hard_quota_of(tenant_id, %1$L) from %2$s group by tenant_id',
    of_metric, target
  );
  execute format(
    'insert into usage.gauge_shards (tenant_id, metric_name, shard, value, allowance)
    select rows.tenant_id, %1$L, 0, count(*), gauge.quota
    from %2$s as rows
    join usage.gauges as gauge on gauge.tenant_id = rows.tenant_id and gauge.metric_name = %1$L
    group by rows.tenant_id, gauge.quota',
    of_metric, target
  );
  if is_forced then
    execute format('alter table %s force row level security', target);
  end if;
end
$$;
comment on function usage.count_rows(regclass, text) is
  'AG-02: from here on the gauge says how many rows of a table each tenant has: no insert, copy, import or cascade passes by. One table for each gauge; for migrations';

create function usage.add_flows(additions jsonb)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  insert into usage.tenant_usage as kept (tenant_id, metric_name, period, period_start, metric_value, rolled_up_value)
  select addition.tenant_id, addition.metric_name, 'hour', addition.period_start, addition.metric_value, 0
  from jsonb_to_recordset(additions)
    as addition (tenant_id uuid, metric_name text, period_start timestamptz, metric_value bigint)
  -- What was counted of a tenant that is gone by now goes with it.
  join tenancy.tenants as tenant on tenant.id = addition.tenant_id
  order by addition.tenant_id, addition.metric_name, addition.period_start
  on conflict (tenant_id, metric_name, period, period_start, site_id) do update
  set metric_value = kept.metric_value + excluded.metric_value
$$;
comment on function usage.add_flows(jsonb) is 'Adds to the hours of flows: [{tenant_id, metric_name, period_start, metric_value}], each key once';

create function usage.used_in(of_tenant_id uuid, of_metric text, of_period text, of_start timestamptz)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
      (
        select metric_value
        from usage.tenant_usage
        where tenant_id = of_tenant_id
          and metric_name = of_metric
          and period = of_period
          and period_start = of_start
          and site_id is null
      ), 0
    ) + coalesce(
      (
        select sum(metric_value - rolled_up_value)::bigint
        from usage.tenant_usage
        where of_period <> 'hour'
          and tenant_id = of_tenant_id
          and metric_name = of_metric
          and metric_value <> rolled_up_value
          and period_start >= of_start
          and period_start < (of_start at time zone 'UTC' + ('1 ' || of_period)::interval) at time zone 'UTC'
          and site_id is null
      ), 0
    )
$$;
comment on function usage.used_in(uuid, text, text, timestamptz) is 'How much of a flow a tenant used in a period, with the hours that are not rolled up yet';

create view usage.tenant_holdings
with (security_invoker = true)
as
select
  tenant.id as tenant_id,
  tenant.name as tenant_name,
  tenant.slug,
  plan.id as plan_id,
  held.since,
  coalesce(held.subscription_status, 'active') as subscription_status,
  held.trial_ends_at
from tenancy.tenants as tenant
left join usage.tenant_plans as held on held.tenant_id = tenant.id and held.until is null
join usage.plans as plan on plan.id = held.plan_id or (held.plan_id is null and plan.is_default);
comment on view usage.tenant_holdings is 'The plan that each tenant has now';

create view usage.tenant_owners
with (security_invoker = true)
as
select distinct owned.tenant_id, owner.id as user_id, owner.email, coalesce(owner.full_name, owner.email) as full_name
from access.roles as role
join access.user_tenant_roles as owned on owned.tenant_id = role.tenant_id and owned.role_id = role.id
join tenancy.user_tenants as membership on membership.tenant_id = owned.tenant_id and membership.id = owned.user_tenant_id
join identity.users as owner on owner.id = membership.user_id
where role.is_built_in
  and role.name = 'owner'
  and owner.status = 'active'
  and (membership.expires_at is null or membership.expires_at > now());
comment on view usage.tenant_owners is 'Who is told that a tenant comes near its limits';

insert into usage.plans (name, display_name, is_default, is_built_in)
values ('standard', 'Standard', true, true);

revoke execute on all functions in schema usage from public;
grant execute
  on function usage.limits_of(uuid), usage.hard_quota_of(uuid, text), usage.use_quota(text, bigint),
    usage.value_of(uuid, text), usage.used_in(uuid, text, text, timestamptz), usage.add_flows(jsonb), usage.apply_quotas(uuid[]), usage.remove_tenant_limit(uuid, text)
  to commonhold_app;
grant select, insert, delete on usage.plans, usage.plan_limits to commonhold_app;
grant update (name, display_name, description, is_default, is_active) on usage.plans to commonhold_app;
grant update (quota, is_hard) on usage.plan_limits to commonhold_app;
grant select, insert on usage.tenant_plans to commonhold_app;
grant update (until, subscription_status, trial_ends_at) on usage.tenant_plans to commonhold_app;
grant select, insert, delete on usage.tenant_limits to commonhold_app;
grant update (quota, is_hard, reason) on usage.tenant_limits to commonhold_app;
grant select on usage.gauges, usage.gauge_shards to commonhold_app;
grant select, insert, delete on usage.tenant_usage to commonhold_app;
grant update (metric_value, highest_value, rolled_up_value) on usage.tenant_usage to commonhold_app;
grant select, insert, delete on usage.warnings to commonhold_app;
grant select on usage.tenant_holdings, usage.tenant_owners, usage.gauge_limits to commonhold_app;
grant select
  on usage.plans, usage.plan_limits, usage.tenant_plans, usage.tenant_limits, usage.gauges, usage.gauge_shards,
    usage.tenant_usage, usage.warnings
  to commonhold_readonly;

select audit.track('usage.plans', context => '{name}');
select audit.track('usage.plan_limits');
select audit.track('usage.tenant_plans');
select audit.track('usage.tenant_limits');
