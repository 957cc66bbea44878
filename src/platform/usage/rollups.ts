import { type Queryable, sql } from '#platform/database'

/** So many rows at a time that their locks are gone within a fraction of a second. */
const batch = 5_000

/**
 * AG-02: adds to days and months what their hours have got since the last time, late additions included, and returns how
 * many hours that were. Each batch is one statement that also marks what it took, so a kill in between, or two of these
 * at once, count nothing twice. Hand it a `tx` without a transaction, in the system scope.
 */
export async function rollUp(tx: Queryable): Promise<number> {
  for (let hours = 0; ; ) {
    const { count } = await tx.one(sql<{ count: number }>`
      with late as (
        select tenant_id, id, site_id, metric_name, period_start, metric_value,
          metric_value - rolled_up_value as amount
        from usage.tenant_usage
        where metric_value <> rolled_up_value
        order by tenant_id, metric_name, period_start
        limit ${batch}
        for update
      ),
      marked as (
        update usage.tenant_usage as hour
        set rolled_up_value = late.metric_value
        from late
        where hour.tenant_id = late.tenant_id
          and hour.id = late.id
      ),
      added as (
        insert into usage.tenant_usage as kept (tenant_id, site_id, metric_name, period, period_start, metric_value)
        select late.tenant_id, late.site_id, late.metric_name, longer.period, longer.period_start, sum(late.amount)
        from late
        cross join lateral (
          select period, date_trunc(period, late.period_start at time zone 'UTC') at time zone 'UTC' as period_start
          from unnest(array['day', 'month']) as period
        ) as longer
        group by late.tenant_id, late.site_id, late.metric_name, longer.period, longer.period_start
        order by late.tenant_id, late.metric_name, longer.period, longer.period_start
        on conflict (tenant_id, metric_name, period, period_start, site_id) do update
        set metric_value = kept.metric_value + excluded.metric_value
      )
      select count(*)::integer as count
      from late`)
    hours += count
    if (count < batch) return hours
  }
}

/**
 * Notes where the gauges stand, in the hour, day and month of `now`: the last value and the highest one. A period in which
 * nothing was noted stood where the one before it ended. Read every few minutes: what rose and fell in between is not
 * seen. Needs the system scope.
 */
export async function readGauges(tx: Queryable, now: Date): Promise<number> {
  const noted = await tx.run(sql`
    insert into usage.tenant_usage as kept
      (tenant_id, metric_name, period, period_start, metric_value, highest_value)
    select gauge.tenant_id, gauge.metric_name, of.period,
      date_trunc(of.period, ${now}::timestamptz at time zone 'UTC') at time zone 'UTC',
      gauge.value, greatest(gauge.value, last.metric_value)
    from (
      select tenant_id, metric_name, sum(value)::bigint as value
      from usage.gauge_shards
      group by tenant_id, metric_name
    ) as gauge
    cross join unnest(array['hour', 'day', 'month']) as of (period)
    left join lateral (
      select noted.metric_value
      from usage.tenant_usage as noted
      where noted.tenant_id = gauge.tenant_id
        and noted.metric_name = gauge.metric_name
        and noted.period = of.period
        and noted.site_id is null
      order by noted.period_start desc
      limit 1
    ) as last on true
    where last.metric_value is distinct from gauge.value
    order by gauge.tenant_id, gauge.metric_name, of.period
    on conflict (tenant_id, metric_name, period, period_start, site_id) do update
    set metric_value = excluded.metric_value,
      highest_value = greatest(kept.highest_value, excluded.highest_value)
    returning 1`)
  return noted.length
}

/**
 * Removes hours after 60 days and days after two years; months stay. What is not rolled up yet waits until it is. Hand
 * it a `tx` without a transaction, in the system scope.
 */
export async function removeOldUsage(tx: Queryable, now: Date): Promise<number> {
  const hours = await removeBefore(tx, sql`'hour'`, sql`${now}::timestamptz - interval '60 days'`)
  return hours + (await removeBefore(tx, sql`'day'`, sql`${now}::timestamptz - interval '2 years'`))
}

async function removeBefore(tx: Queryable, period: ReturnType<typeof sql>, start: ReturnType<typeof sql>) {
  for (let removed = 0; ; ) {
    const { count } = await tx.one(sql<{ count: number }>`
      with old as (
        delete from usage.tenant_usage
        where (tenant_id, id) in (
          select tenant_id, id
          from usage.tenant_usage
          where period = ${period}
            and period_start < ${start}
            and (rolled_up_value is null or rolled_up_value = metric_value)
          limit ${batch}
          for update
        )
        returning 1
      )
      select count(*)::integer as count
      from old`)
    removed += count
    if (count < batch) return removed
  }
}
