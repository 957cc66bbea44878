import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { onViolation, type Queryable, sql } from '#platform/database'
import { dateTime, nullable, oneOf, uuid } from '#platform/http'
import { errors } from './errors.ts'
import { subscriptionStatuses } from './limits.ts'
import { getMetric } from './metrics.ts'
import { getPlan } from './plans.ts'

/** What a tenant is given. The status is as whoever bills says; it changes no limit by itself. */
export const TenantPlan = Type.Object({
  planId: uuid,
  subscriptionStatus: Type.Optional(oneOf(subscriptionStatuses)),
  trialEndsAt: Type.Optional(nullable(dateTime)),
})
export type TenantPlan = Static<typeof TenantPlan>

/**
 * AG-07: gives a tenant a plan from now on; the one before it stays on record. Its limits hold from the commit on. With the
 * same plan only status and trial change. `tx` is a transaction in the system scope.
 */
export async function setTenantPlan(tx: Queryable, tenantId: string, given: TenantPlan): Promise<void> {
  const { planId, subscriptionStatus = 'active', trialEndsAt = null } = given
  if (subscriptionStatus === 'trialing' && trialEndsAt === null) throw errors.trialEndMissing()
  const plan = await getPlan(tx, planId)
  const kept = await tx.run(sql`
    update usage.tenant_plans
    set subscription_status = ${subscriptionStatus}, trial_ends_at = ${trialEndsAt}
    where tenant_id = ${tenantId}
      and until is null
      and plan_id = ${planId}
    returning id`)
  if (kept.length > 0) return
  if (!plan.isActive) throw errors.planInactive({ name: plan.displayName })
  await tx.run(sql`
    update usage.tenant_plans
    set until = greatest(now(), since)
    where tenant_id = ${tenantId}
      and until is null`)
  await onViolation(
    tx.run(sql`
      insert into usage.tenant_plans (tenant_id, plan_id, subscription_status, trial_ends_at)
      values (${tenantId}, ${planId}, ${subscriptionStatus}, ${trialEndsAt})`),
    { tenant_plans_tenant_id_fkey: () => errors.tenantNotFound({ id: tenantId }) },
  )
}

/** A limit for one tenant in place of its plan's; null allows any amount. */
export const OwnLimit = Type.Object({
  limit: nullable(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  isHard: Type.Optional(Type.Boolean({ default: true })),
  reason: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 500 }))),
})
export type OwnLimit = Static<typeof OwnLimit>

/** Needs the system scope. */
export async function setTenantLimit(
  app: App,
  tx: Queryable,
  tenantId: string,
  metric: string,
  { limit, isHard = true, reason = null }: OwnLimit,
): Promise<void> {
  getMetric(app, metric)
  await onViolation(
    tx.run(sql`
      insert into usage.tenant_limits (tenant_id, metric_name, quota, is_hard, reason)
      values (${tenantId}, ${metric}, ${limit}, ${isHard}, ${reason})
      on conflict (tenant_id, metric_name) do update
      set quota = excluded.quota, is_hard = excluded.is_hard, reason = excluded.reason`),
    { tenant_limits_tenant_id_fkey: () => errors.tenantNotFound({ id: tenantId }) },
  )
}

/** From then on the plan's limit holds again. Needs the system scope. */
export async function removeTenantLimit(tx: Queryable, tenantId: string, metric: string): Promise<void> {
  const { removed } = await tx.one(
    sql<{ removed: boolean }>`select usage.remove_tenant_limit(${tenantId}, ${metric}) as removed`,
  )
  if (!removed) throw errors.limitNotFound({ metric })
}
