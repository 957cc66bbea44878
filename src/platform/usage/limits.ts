import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import { errors } from './errors.ts'
import { startOfPeriod } from './flows.ts'
import { metricsOf } from './metrics.ts'
import { findPlacedGauges } from './placed-gauges.ts'

export const subscriptionStatuses = ['trialing', 'active', 'past_due', 'canceled'] as const

/** The plan that a tenant has; `since` is null where it has the default plan because it was given none. */
export const HeldPlan = Type.Object({
  id: uuid,
  name: Type.String(),
  displayName: Type.String(),
  description: nullable(Type.String()),
  since: nullable(timestamp),
  subscriptionStatus: oneOf(subscriptionStatuses),
  trialEndsAt: nullable(timestamp),
})
export type HeldPlan = Static<typeof HeldPlan>

/** How a tenant stands to one limit. A gauge is limited at any time, a flow in the calendar month (UTC). */
export const Limit = Type.Object({
  metric: Type.String({ examples: ['contractors.list_items'] }),
  description: Type.String(),
  unit: oneOf(['count', 'bytes'] as const),
  kind: oneOf(['gauge', 'flow'] as const),
  limit: nullable(Type.Integer({ description: 'Null: none' })),
  isHard: Type.Boolean({ description: 'What would exceed it is refused; else it is only told' }),
  isOwn: Type.Boolean({ description: 'Made for this tenant, and not its plan’s' }),
  used: Type.Integer({ description: 'Now, or in this month' }),
  share: nullable(Type.Number({ description: 'Used of the limit: 1 is all of it' })),
  renewsAt: nullable(
    Type.Unsafe<Date>({ type: 'string', format: 'date-time', description: 'Of a flow: the next month' }),
  ),
})
export type Limit = Static<typeof Limit>

export const Limits = Type.Object({ plan: HeldPlan, limits: Type.Array(Limit) })
export type Limits = Static<typeof Limits>

/** AG-02: the plan of a tenant, and how it stands to every metric of this program. `tx`: its own scope, or the system's. */
export async function getLimits(app: App, tx: Queryable, tenantId: string): Promise<Limits> {
  const plan = await tx.maybe(sql<HeldPlan>`
    select plan.id, plan.name, plan.display_name, plan.description, held.since, held.subscription_status, held.trial_ends_at
    from usage.tenant_holdings as held
    join usage.plans as plan on plan.id = held.plan_id
    where held.tenant_id = ${tenantId}`)
  if (!plan) throw errors.tenantNotFound({ id: tenantId })
  const metrics = metricsOf(app)
  const month = startOfPeriod('month', app.clock.now())
  const next = startOfPeriod('month', new Date(month.getTime() + 32 * 86_400_000))
  const rows = await tx.run(sql<{
    metric: string
    limit: number | null
    isHard: boolean | null
    isOwn: boolean | null
    used: number
  }>`
    select
      metric.name as metric,
      allowed.quota as "limit",
      allowed.is_hard,
      allowed.is_own,
      case when metric.kind = 'flow' then usage.used_in(${tenantId}, metric.name, 'month', ${month})
        else usage.value_of(${tenantId}, metric.name) end as used
    from unnest(${metrics.map(({ name }) => name)}::text[], ${metrics.map(({ kind }) => kind)}::text[]) as metric (name, kind)
    left join usage.limits_of(${tenantId}) as allowed on allowed.metric_name = metric.name`)
  const elsewhere = await findPlacedGauges(app, tenantId)
  const limits = metrics.map(({ name, ...declared }) => {
    const { limit = null, isHard, isOwn, used: usedHere = 0 } = rows.find(row => row.metric === name) ?? {}
    const used = elsewhere.get(name) ?? usedHere
    return {
      metric: name,
      ...declared,
      limit,
      isHard: isHard ?? false,
      isOwn: isOwn ?? false,
      used,
      share: limit === null ? null : limit === 0 ? (used > 0 ? used : 1) : used / limit,
      renewsAt: declared.kind === 'flow' ? next : null,
    }
  })
  return { plan, limits }
}
