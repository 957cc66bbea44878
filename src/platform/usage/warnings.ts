import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { linkTo, sendMail } from '#platform/mail'
import { startOfPeriod } from './flows.ts'
import { limitNearMail } from './mails.ts'
import { metricsOf } from './metrics.ts'

type Standing = { tenantId: string; metric: string; quota: number; isHard: boolean; used: number }

/**
 * Tells the owners of tenants that have used 80 or 100 percent of a limit: once for each limit and share in a calendar
 * month, together with the record of it. Returns how many were told of. Flows must be rolled up before.
 */
export async function sendWarnings(app: App): Promise<number> {
  const month = startOfPeriod('month', app.clock.now())
  let told = 0
  for (const standing of await findNearLimits(app, app.db.scoped({ system: true }), month)) {
    if (await app.db.transaction({ system: true }, tx => warn(app, tx, standing, month))) told++
  }
  return told
}

/** Sets over all tenants: of those that come near a limit there are few. */
async function findNearLimits(app: App, tx: Queryable, month: Date): Promise<Standing[]> {
  const flows = metricsOf(app).flatMap(({ name, kind }) => (kind === 'flow' ? [name] : []))
  return await tx.run(sql<Standing>`
    with standing as (
      select near.tenant_id, near.metric_name, near.quota, near.is_hard, stands.used
      from usage.gauge_limits as near
      join (
        select tenant_id, metric_name, sum(value)::bigint as used
        from usage.gauge_shards
        group by tenant_id, metric_name
      ) as stands on stands.tenant_id = near.tenant_id and stands.metric_name = near.metric_name
      where near.quota is not null
      union all
      select month.tenant_id, month.metric_name, allowed.quota, allowed.is_hard, month.metric_value
      from usage.tenant_usage as month
      join lateral usage.limits_of(month.tenant_id) as allowed
        on allowed.metric_name = month.metric_name and allowed.quota is not null
      where month.period = 'month'
        and month.period_start = ${month}
        and month.metric_name = any (${flows}::text[])
        and month.site_id is null
    )
    select tenant_id, metric_name as metric, quota, is_hard, used
    from standing
    where used > 0
      and used >= quota * 0.8
      and not exists (
        select
        from usage.warnings as told
        where told.tenant_id = standing.tenant_id
          and told.metric_name = standing.metric_name
          and told.period_start = ${month}
          and told.is_reached = (standing.used >= standing.quota)
      )
    order by tenant_id, metric_name`)
}

async function warn(app: App, tx: Queryable, { tenantId, metric, quota, isHard, used }: Standing, month: Date) {
  const isReached = used >= quota
  // Whoever is told of the whole need not be told of four fifths any more.
  const recorded = await tx.run(sql<{ isReached: boolean }>`
    insert into usage.warnings (tenant_id, metric_name, is_reached, period_start)
    select ${tenantId}, ${metric}, is_reached, ${month}
    from unnest(${isReached ? [false, true] : [false]}::boolean[]) as is_reached
    on conflict do nothing
    returning is_reached`)
  if (!recorded.some(each => each.isReached === isReached)) return false
  const { description = metric, kind, unit } = metricsOf(app).find(({ name }) => name === metric) ?? {}
  const owners = await tx.run(sql<{ email: string; fullName: string; userId: string; tenantName: string }>`
    select owner.email, owner.full_name, owner.user_id, holding.tenant_name
    from usage.tenant_owners as owner
    join usage.tenant_holdings as holding on holding.tenant_id = owner.tenant_id
    where owner.tenant_id = ${tenantId}`)
  for (const { email, fullName, tenantName } of owners) {
    const values = {
      name: fullName,
      tenantName,
      metric: description,
      used: inWords(used, unit),
      limit: inWords(quota, unit),
      isReached,
      isHard,
      isMonthly: kind === 'flow',
      link: linkTo(app, '/usage'),
    }
    await sendMail(app, tx, { to: email, mail: limitNearMail, values })
  }
  return true
}

function inWords(amount: number, unit: 'count' | 'bytes' | undefined): string {
  if (unit !== 'bytes') return amount.toLocaleString('en-US')
  const power = Math.min(Math.floor(Math.log10(Math.max(amount, 1)) / 3), 4)
  return `${(amount / 1000 ** power).toLocaleString('en-US', { maximumFractionDigits: 1 })} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`
}
