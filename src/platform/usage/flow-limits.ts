import { type App, mainApp } from '#platform/app.ts'
import { sql } from '#platform/database'
import { errors } from './errors.ts'
import { countedSinceFlush, startOfPeriod } from './flows.ts'
import { getMetric } from './metrics.ts'

/**
 * AG-02: refuses with `usage.monthly_quota_exceeded` where a hard limit of a flow is used up in this month. What happens
 * beside it at the same moment is not known, so a little too much may come through: flows are counted, not held.
 */
export async function requireFlow(app: App, tenantId: string, metric: string): Promise<void> {
  const main = mainApp(app)
  const now = app.clock.now()
  const month = startOfPeriod('month', now)
  const standing = await main.db.reads({ system: true }).maybe(sql<{ quota: number; used: number }>`
    select quota, usage.used_in(${tenantId}, metric_name, 'month', ${month}) as used
    from usage.limits_of(${tenantId})
    where metric_name = ${metric}
      and is_hard
      and quota is not null`)
  if (!standing) return
  const used = standing.used + countedSinceFlush(main, tenantId, metric)
  if (used < standing.quota) return
  const next = startOfPeriod('month', new Date(month.getTime() + 32 * 86_400_000))
  throw errors.monthlyQuotaExceeded({
    metric,
    limit: standing.quota,
    used,
    what: getMetric(app, metric).description.toLowerCase(),
    retryAfter: Math.ceil((next.getTime() - now.getTime()) / 1000),
  })
}
