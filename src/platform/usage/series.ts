import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { nullable, oneOf, timestamp } from '#platform/http'
import { errors } from './errors.ts'
import { startOfPeriod } from './flows.ts'
import { getMetric, metricsOf } from './metrics.ts'
import { findPlacedGauges } from './placed-gauges.ts'

export const periods = ['hour', 'day', 'month'] as const
export type Period = (typeof periods)[number]

/** What a tenant used of one metric, period by period in UTC; of a gauge null before it was first read. */
export const Series = Type.Object({
  metric: Type.String({ examples: ['contractors.list_items'] }),
  description: Type.String(),
  unit: oneOf(['count', 'bytes'] as const),
  kind: oneOf(['gauge', 'flow'] as const),
  points: Type.Array(
    Type.Object({
      start: timestamp,
      end: timestamp,
      value: nullable(Type.Integer({ description: 'Of a flow the sum, of a gauge the last value' })),
      highest: nullable(Type.Integer({ description: 'Of a gauge the highest value that was read' })),
    }),
  ),
})
export type Series = Static<typeof Series>

export type UsageRange = { from?: string | undefined; to?: string | undefined; by: Period }

const most: Readonly<Record<Period, number>> = { hour: 1488, day: 800, month: 600 }
const unlessTold: Readonly<Record<Period, number>> = { hour: 48, day: 30, month: 12 }

/**
 * AG-02: what the scope's tenant used of one metric, or of all, in the periods that touch `from` to `to`; unless told the
 * last 48 hours, 30 days or 12 months. What was counted is there within seconds, rolled up or not.
 */
export async function getUsage(
  app: App,
  tx: Queryable,
  { metric, ...range }: UsageRange & { metric?: string | undefined },
): Promise<{ from: Date; to: Date; by: Period; series: Series[] }> {
  const metrics = metric === undefined ? metricsOf(app) : [getMetric(app, metric)]
  const now = app.clock.now()
  const { from, to, by } = boundsOf(range, now)
  const rows = await tx.run(sql<Row>`
    select
      metric.name as metric,
      step.start,
      step.start_of_next as end,
      case when metric.kind = 'flow' then usage.used_in(${tx.scope.tenantId}, metric.name, ${by}, step.start)
        else kept.metric_value end as value,
      kept.highest_value as highest
    from unnest(${metrics.map(({ name }) => name)}::text[], ${metrics.map(({ kind }) => kind)}::text[]) as metric (name, kind)
    cross join (
      select
        begins at time zone 'UTC' as start,
        (begins + ${`1 ${by}`}::interval) at time zone 'UTC' as start_of_next
      from generate_series(
        ${from}::timestamptz at time zone 'UTC',
        ${to}::timestamptz at time zone 'UTC' - interval '1 millisecond',
        ${`1 ${by}`}::interval
      ) as begins
    ) as step
    left join usage.tenant_usage as kept
      on metric.kind = 'gauge'
      and kept.tenant_id = ${tx.scope.tenantId}
      and kept.metric_name = metric.name
      and kept.period = ${by}
      and kept.period_start = step.start
      and kept.site_id is null
    order by step.start`)
  const standing = await findStanding(
    tx,
    metrics.filter(({ kind }) => kind === 'gauge').map(({ name }) => name),
    from,
  )
  const elsewhere =
    tx.scope.tenantId === undefined ? new Map<string, number>() : await findPlacedGauges(app, tx.scope.tenantId)
  for (const [name, stood] of standing) stood.now = elsewhere.get(name) ?? stood.now
  return {
    from,
    to,
    by,
    series: metrics.map(({ name, description, unit, kind }) => {
      const points = rows.filter(row => row.metric === name).map(({ metric: _, ...point }) => point)
      const stood = standing.get(name)
      return { metric: name, description, unit, kind, points: stood ? carried(points, stood, now) : points }
    }),
  }
}

type Point = Series['points'][number]
type Row = Point & { metric: string }
type Standing = { before: number | null; now: number }

function boundsOf({ from, to, by }: UsageRange, now: Date): { from: Date; to: Date; by: Period } {
  // The period that is going on is there from its first instant on.
  const last = now.getTime() + 1
  const end = new Date(to === undefined ? last : Math.min(new Date(to).getTime(), last))
  const first = startOfPeriod(by, from === undefined ? back(end, by, unlessTold[by] - 1) : new Date(from))
  if (!(first < end) || back(end, by, most[by]) > first) throw errors.rangeInvalid({ most: most[by] })
  return { from: first, to: end, by }
}

function back(at: Date, by: Period, count: number): Date {
  if (by !== 'month') return new Date(at.getTime() - count * (by === 'day' ? 86_400_000 : 3_600_000))
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - count))
}

async function findStanding(tx: Queryable, metrics: string[], from: Date): Promise<Map<string, Standing>> {
  const rows = await tx.run(sql<Standing & { metric: string }>`
    select
      metric,
      (
        select noted.metric_value
        from usage.tenant_usage as noted
        where noted.tenant_id = ${tx.scope.tenantId}
          and noted.metric_name = metric
          and noted.period_end <= ${from}
          and noted.site_id is null
        order by noted.period_end desc
        limit 1
      ) as before,
      usage.value_of(${tx.scope.tenantId}, metric) as now
    from unnest(${metrics}::text[]) as metric`)
  return new Map(rows.map(({ metric, ...standing }) => [metric, standing]))
}

/** A gauge stands where it stood until something else is read; in the period that is going on, where it stands now. */
function carried(points: Point[], { before, now: current }: Standing, now: Date): Point[] {
  let stood = before
  return points.map(({ start, end, value, highest }) => {
    const isNow = start <= now && now < end
    const last = isNow ? current : (value ?? stood)
    const high = last === null ? null : Math.max(highest ?? stood ?? last, last)
    stood = last
    return { start, end, value: last, highest: high }
  })
}
