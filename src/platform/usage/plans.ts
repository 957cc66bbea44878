import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { json, onViolation, type Queryable, sql } from '#platform/database'
import { cutPage, type IfMatch, nullable, oneOf, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { errors } from './errors.ts'
import { subscriptionStatuses } from './limits.ts'
import { getMetric } from './metrics.ts'

/** What a plan allows of a metric: of a gauge at any time, of a flow in a calendar month (UTC). */
export const PlanLimit = Type.Object({
  metric: Type.String({ minLength: 3, maxLength: 100, examples: ['contractors.list_items'] }),
  limit: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  isHard: Type.Optional(
    Type.Boolean({ default: true, description: 'What would exceed it is refused; else it is only told' }),
  ),
})
export type PlanLimit = Static<typeof PlanLimit>

const planFields = {
  name: Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$', examples: ['team'] }),
  displayName: Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', examples: ['Team'] }),
  description: nullable(Type.String({ minLength: 1, maxLength: 1000 })),
  isDefault: Type.Boolean({ description: 'The plan of tenants that were given none' }),
  isActive: Type.Boolean({ description: 'Workspaces can be given it' }),
  limits: Type.Array(PlanLimit, { maxItems: 100, description: 'Of a metric that is not named, any amount' }),
}

export const Plan = Type.Object({
  id: uuid,
  ...planFields,
  isBuiltIn: Type.Boolean(),
  tenants: Type.Integer({ description: 'How many tenants have it now' }),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Plan = Static<typeof Plan>

const { name, displayName, ...others } = planFields

export const NewPlan = Type.Object({ name, displayName, ...Type.Partial(Type.Object(others)).properties })

export const PlanChanges = Type.Partial(Type.Object(planFields))
export type PlanChanges = Static<typeof PlanChanges>

/** All plans, the default one first. Needs the system scope, as all of this file. */
export async function listPlans(tx: Queryable): Promise<Plan[]> {
  return await tx.run(sql<Plan>`
    ${selectPlan}
    order by plan.is_default desc, plan.is_active desc, lower(plan.display_name), plan.id`)
}

export async function getPlan(tx: Queryable, id: string): Promise<Plan> {
  const plan = await tx.maybe(sql<Plan>`${selectPlan} where plan.id = ${id}`)
  if (!plan) throw errors.planNotFound({ id })
  return plan
}

export async function getPlanByName(tx: Queryable, name: string): Promise<Plan> {
  const plan = await tx.maybe(sql<Plan>`${selectPlan} where plan.name = ${name}`)
  if (!plan) throw errors.planNotFound({ id: name })
  return plan
}

/** Makes a plan; nobody has it yet, unless it is to be the default one. `tx` is a transaction. */
export async function createPlan(
  app: App,
  tx: Queryable,
  { name, displayName, description = null, isActive = true, isDefault = false, limits = [] }: NewPlanFields,
): Promise<Plan> {
  const { id } = await onViolation(
    tx.one(sql<{ id: string }>`
      insert into usage.plans (name, display_name, description, is_active)
      values (${name}, ${displayName.trim()}, ${description}, ${isActive || isDefault})
      returning id`),
    { plans_name_unique: errors.planNameTaken },
  )
  await setLimits(app, tx, id, limits)
  if (isDefault) await makeDefault(tx, id)
  return await getPlan(tx, id)
}

export type NewPlanFields = Pick<Required<PlanChanges>, 'name' | 'displayName'> & PlanChanges

/**
 * Changes what is given; `limits` stand in place of all that there were. They hold for every tenant that has the plan
 * from the commit on: what is above them stays and grows no more. `tx` is a transaction.
 */
export async function updatePlan(
  app: App,
  tx: Queryable,
  id: string,
  changes: PlanChanges,
  ifMatch?: IfMatch,
): Promise<Plan> {
  await tx.run(sql`select id from usage.plans where id = ${id} for update`)
  const plan = await getPlan(tx, id)
  requireMatch(ifMatch, plan)
  const { name, displayName, description, isActive } = { ...plan, ...changes }
  if (plan.isDefault && (changes.isDefault === false || !isActive)) throw errors.planDefaultStays()
  if (plan.isBuiltIn && name !== plan.name) throw errors.planNeeded()
  await onViolation(
    tx.run(sql`
      update usage.plans
      set
        name = ${name},
        display_name = ${displayName.trim()},
        description = ${description},
        is_active = ${isActive || changes.isDefault === true}
      where id = ${id}`),
    { plans_name_unique: errors.planNameTaken },
  )
  if (changes.limits) await setLimits(app, tx, id, changes.limits)
  if (changes.isDefault && !plan.isDefault) await makeDefault(tx, id)
  return await getPlan(tx, id)
}

/** Deletes a plan that no tenant has or had. */
export async function deletePlan(tx: Queryable, id: string): Promise<void> {
  const plan = await getPlan(tx, id)
  if (plan.isBuiltIn || plan.isDefault) throw errors.planNeeded()
  await onViolation(tx.run(sql`delete from usage.plans where id = ${id}`), {
    tenant_plans_plan_id_fkey: errors.planHeld,
  })
}

/** A tenant with the plan that it has now. */
export const Holder = Type.Object({
  tenantId: uuid,
  tenantName: Type.String(),
  slug: Type.String(),
  since: nullable(timestamp),
  subscriptionStatus: oneOf(subscriptionStatuses),
  trialEndsAt: nullable(timestamp),
})
export type Holder = Static<typeof Holder>

/** The tenants that have a plan now, by name. */
export async function listHolders(tx: Queryable, planId: string, page: { limit: number; cursor?: string | undefined }) {
  const list = `plan-tenants ${planId}`
  const after = readCursor(page.cursor, list, Type.Tuple([Type.String(), uuid]))
  const rows = await tx.run(sql<Holder & { sortName: string }>`
    select tenant_id, tenant_name, slug, since, subscription_status, trial_ends_at, lower(tenant_name) as sort_name
    from usage.tenant_holdings
    where plan_id = ${planId}
      ${after ? sql`and (lower(tenant_name), tenant_id) > (${after[0]}, ${after[1]}::uuid)` : sql``}
    order by lower(tenant_name), tenant_id
    limit ${page.limit + 1}`)
  const cut = cutPage(rows, page.limit, list, row => [row.sortName, row.tenantId])
  return { ...cut, items: cut.items.map(({ sortName: _, ...holder }) => holder) }
}

const selectPlan = sql`
  select
    plan.id, plan.name, plan.display_name, plan.description, plan.is_default, plan.is_active, plan.is_built_in,
    plan.created_at, plan.updated_at,
    coalesce(
      (
        select jsonb_agg(jsonb_build_object('metric', metric_name, 'limit', quota, 'isHard', is_hard) order by metric_name)
        from usage.plan_limits
        where plan_id = plan.id
      ), '[]'
    ) as limits,
    (select count(*) from usage.tenant_holdings where plan_id = plan.id)::integer as tenants
  from usage.plans as plan
`

/** One statement, so that the triggers apply the limits as they are in the end. */
async function setLimits(app: App, tx: Queryable, planId: string, limits: readonly PlanLimit[]): Promise<void> {
  for (const { metric } of limits) getMetric(app, metric)
  const wanted = [...new Map(limits.map(limit => [limit.metric, limit])).values()]
  await tx.run(sql`
    with wanted as (
      select *
      from jsonb_to_recordset(${json(wanted)}) as wanted (metric text, "limit" bigint, "isHard" boolean)
    ),
    gone as (
      delete from usage.plan_limits
      where plan_id = ${planId}
        and metric_name not in (select metric from wanted)
    )
    insert into usage.plan_limits as known (plan_id, metric_name, quota, is_hard)
    select ${planId}, metric, "limit", coalesce("isHard", true)
    from wanted
    on conflict (plan_id, metric_name) do update
    set quota = excluded.quota, is_hard = excluded.is_hard
    where (known.quota, known.is_hard) is distinct from (excluded.quota, excluded.is_hard)`)
}

async function makeDefault(tx: Queryable, id: string): Promise<void> {
  await tx.run(sql`update usage.plans set is_default = false where is_default and id <> ${id}`)
  await tx.run(sql`update usage.plans set is_default = true where id = ${id}`)
}
