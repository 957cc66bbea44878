import { Type } from 'typebox'
import type { Scope } from '#platform/database'
import { dateTime, idParams, oneOf, pageOf, pageQuery, route, timestamp, uuid } from '#platform/http'
import { getLimits, Limits } from './limits.ts'
import { Metric, metricsOf } from './metrics.ts'
import { mirrorLimits } from './placed-gauges.ts'
import {
  createPlan,
  deletePlan,
  getPlan,
  Holder,
  listHolders,
  listPlans,
  NewPlan,
  Plan,
  PlanChanges,
  updatePlan,
} from './plans.ts'
import { getUsage, periods, Series } from './series.ts'
import { OwnLimit, removeTenantLimit, setTenantLimit, setTenantPlan, TenantPlan } from './tenant-plans.ts'

const metric = Type.String({ minLength: 1, maxLength: 100, examples: ['contractors.list_items'] })
const limitParams = Type.Object({ id: uuid, metric })

export const usageRoutes = [
  route({
    method: 'GET',
    path: '/usage',
    allow: 'usage.usage.read',
    summary: 'Get what the tenant used, by hour, day or month',
    description: `Periods are those of UTC. Unless told the last 48 hours, 30 days or 12 months. Hours are kept for 60 days, days
for two years. Requests and bytes are there some seconds after they were counted; of what there is now (\`gauge\`) the
period that is going on ends with the exact value, those before it with the last one read, every five minutes.`,
    query: Type.Object({
      metric: Type.Optional(metric),
      from: Type.Optional(dateTime),
      to: Type.Optional(dateTime),
      by: { ...oneOf(periods), default: 'day' },
    }),
    refusals: ['usage.metric_unknown', 'usage.range_invalid'],
    response: Type.Object({ from: timestamp, to: timestamp, by: oneOf(periods), series: Type.Array(Series) }),
    handle: ({ query, scope }, app) => getUsage(app, app.db.scoped(scope), { ...query, by: query.by ?? 'day' }),
  }),
  route({
    method: 'GET',
    path: '/usage/limits',
    allow: 'usage.usage.read',
    summary: 'Get the plan of the tenant, its limits and how much of them is used',
    response: Limits,
    handle: ({ scope, principal }, app) => getLimits(app, app.db.scoped(scope), principal.tenantId as string),
  }),

  route({
    method: 'GET',
    path: '/plans',
    allow: 'usage.plans.read',
    summary: 'List the plans of this installation, the default one first',
    response: Type.Object({
      items: Type.Array(Plan),
      metrics: Type.Array(Metric, { description: 'What plans can limit' }),
    }),
    handle: async ({ scope }, app) => ({
      items: await listPlans(app.db.scoped(asSystem(scope))),
      metrics: metricsOf(app),
    }),
  }),
  route({
    method: 'POST',
    path: '/plans',
    allow: 'usage.plans.manage',
    fresh: true,
    summary: 'Make a plan',
    body: NewPlan,
    status: 201,
    etag: true,
    response: Plan,
    refusals: ['usage.plan_name_taken', 'usage.metric_unknown'],
    handle: ({ body, scope }, app) => app.db.transaction(asSystem(scope), tx => createPlan(app, tx, body)),
  }),
  route({
    method: 'GET',
    path: '/plans/{id}',
    allow: 'usage.plans.read',
    summary: 'Get a plan',
    params: idParams,
    response: Plan,
    refusals: ['usage.plan_not_found'],
    handle: ({ params, scope }, app) => getPlan(app.db.scoped(asSystem(scope)), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/plans/{id}',
    allow: 'usage.plans.manage',
    fresh: true,
    summary: 'Change a plan',
    description:
      'Only what is sent changes; `limits` stand in place of all that there were. They hold at once for every workspace that has the plan: what is above them stays, and grows no more.',
    params: idParams,
    body: PlanChanges,
    conditional: true,
    response: Plan,
    refusals: [
      'usage.plan_not_found',
      'usage.plan_name_taken',
      'usage.plan_needed',
      'usage.plan_default_stays',
      'usage.metric_unknown',
    ],
    handle: ({ params, body, ifMatch, scope }, app) =>
      app.db.transaction(asSystem(scope), tx => updatePlan(app, tx, params.id, body, ifMatch)),
  }),
  route({
    method: 'DELETE',
    path: '/plans/{id}',
    allow: 'usage.plans.manage',
    fresh: true,
    summary: 'Delete a plan that no tenant has or had',
    params: idParams,
    status: 204,
    response: Type.Null(),
    refusals: ['usage.plan_not_found', 'usage.plan_held', 'usage.plan_needed'],
    async handle({ params, scope }, app) {
      await app.db.transaction(asSystem(scope), tx => deletePlan(tx, params.id))
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/plans/{id}/tenants',
    allow: 'usage.plans.read',
    summary: 'List the tenants that have a plan now, by name',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(Holder),
    refusals: ['usage.plan_not_found'],
    async handle({ params, query, scope }, app) {
      const tx = app.db.scoped(asSystem(scope))
      await getPlan(tx, params.id)
      return await listHolders(tx, params.id, query)
    },
  }),
  route({
    method: 'GET',
    path: '/installation/tenants/{id}/limits',
    allow: 'usage.plans.read',
    summary: 'Get the plan of a tenant, its limits and how much of them is used',
    params: idParams,
    response: Limits,
    refusals: ['usage.tenant_not_found'],
    handle: ({ params, scope }, app) => getLimits(app, app.db.scoped(asSystem(scope)), params.id),
  }),
  route({
    method: 'PUT',
    path: '/installation/tenants/{id}/plan',
    allow: 'usage.plans.manage',
    fresh: true,
    summary: 'Give a tenant a plan',
    description:
      'Its limits hold at once: what is above them stays, and grows no more. The plan before it stays on record. `subscriptionStatus` is as whoever bills says; it changes no limit.',
    params: idParams,
    body: TenantPlan,
    response: Limits,
    refusals: ['usage.plan_not_found', 'usage.plan_inactive', 'usage.trial_end_missing', 'usage.tenant_not_found'],
    async handle({ params, body, scope }, app) {
      const limits = await app.db.transaction(asSystem(scope), async tx => {
        await setTenantPlan(tx, params.id, body)
        return await getLimits(app, tx, params.id)
      })
      await mirrorLimits(app, params.id)
      return limits
    },
  }),
  route({
    method: 'PUT',
    path: '/installation/tenants/{id}/limits/{metric}',
    allow: 'usage.plans.manage',
    fresh: true,
    summary: 'Give a tenant a limit of its own, in place of its plan’s',
    params: limitParams,
    body: OwnLimit,
    response: Limits,
    refusals: ['usage.metric_unknown', 'usage.tenant_not_found'],
    async handle({ params, body, scope }, app) {
      const limits = await app.db.transaction(asSystem(scope), async tx => {
        await setTenantLimit(app, tx, params.id, params.metric, body)
        return await getLimits(app, tx, params.id)
      })
      await mirrorLimits(app, params.id)
      return limits
    },
  }),
  route({
    method: 'DELETE',
    path: '/installation/tenants/{id}/limits/{metric}',
    allow: 'usage.plans.manage',
    fresh: true,
    summary: 'Take the own limit of a tenant away; its plan’s holds again',
    params: limitParams,
    status: 204,
    response: Type.Null(),
    refusals: ['usage.limit_not_found'],
    async handle({ params, scope }, app) {
      await app.db.transaction(asSystem(scope), tx => removeTenantLimit(tx, params.id, params.metric))
      await mirrorLimits(app, params.id)
      return null
    },
  }),
]

/** Plans belong to the installation and not to the workspace that an operator happens to be in. */
function asSystem(scope: Scope): Scope {
  return { ...scope, tenantId: undefined, system: true }
}
