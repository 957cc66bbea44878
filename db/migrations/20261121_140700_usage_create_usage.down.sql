-- What was counted, and which tenant has which plan, is lost.
select audit.untrack('usage.tenant_limits');
select audit.untrack('usage.tenant_plans');
select audit.untrack('usage.plan_limits');
select audit.untrack('usage.plans');
drop view usage.tenant_owners, usage.tenant_holdings, usage.gauge_limits;
drop table usage.warnings, usage.tenant_usage, usage.gauge_shards, usage.gauges, usage.tenant_limits, usage.tenant_plans,
  usage.plan_limits, usage.plans cascade;
drop function usage.count_rows(regclass, text), usage.uncount_rows(regclass), usage.refuse_uncounted(),
  usage.count_changed_rows(), usage.remove_tenant_limit(uuid, text), usage.apply_tenant_limits(), usage.apply_plans(),
  usage.add_flows(jsonb), usage.used_in(uuid, text, text, timestamptz), usage.apply_quotas(uuid[]), usage.value_of(uuid, text), usage.use_quota(text, bigint),
  usage.change_gauge(uuid, text, bigint), usage.take_free_shard(uuid, text, bigint, integer),
  usage.take_held_shard(uuid, text, bigint, integer), usage.take_from_quota(uuid, text, bigint, integer),
  usage.spread_allowance(uuid, text, bigint, bigint, integer), usage.hard_quota_of(uuid, text), usage.limits_of(uuid);
drop schema usage;
