import { type Static, Type } from 'typebox'
import { type App, appFor } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { oneOf } from '#platform/http'
import type { OnboardingStep } from '#platform/module.ts'
import { errors } from './errors.ts'

/** The first steps of a tenant, for who administers it. */
export const Onboarding = Type.Object({
  status: oneOf(['pending', 'in_progress', 'completed']),
  isDismissed: Type.Boolean({ description: 'Put away before all was done' }),
  steps: Type.Array(
    Type.Object({
      name: Type.String(),
      title: Type.String(),
      text: Type.String(),
      link: Type.String(),
      isDone: Type.Boolean(),
      isManual: Type.Boolean({ description: 'Nothing in the data shows it: somebody ticks it off' }),
    }),
  ),
})
export type Onboarding = Static<typeof Onboarding>

type Status = Onboarding['status']
type Step = OnboardingStep & { name: string; app: App }

/**
 * MT-10: the steps that modules declare, as far as `permissions` reach, with what is done; the tenant's status follows:
 * pending with nothing done, completed with everything, and then for good.
 */
export async function getOnboarding(app: App, scope: Scope, permissions: ReadonlySet<string>): Promise<Onboarding> {
  const steps = stepsOf(app)
  const own = app.db.reads(scope)
  const [{ status: present, isDismissed }, ticked, seen] = await Promise.all([
    readState(own, scope.tenantId),
    own.run(sql<{ step: string }>`select step from tenancy.onboarding_steps where tenant_id = ${scope.tenantId}`),
    Promise.all(steps.map(step => step.isDone?.(step.app.db.reads(scope)) ?? false)),
  ])
  const done = new Set(ticked.map(({ step }) => step))
  const all = steps.map((step, index) => ({ ...step, isFinished: done.has(step.name) || seen[index] === true }))
  const status = statusOf(present, isDismissed, all)
  if (status !== present) {
    await app.db.scoped(scope).run(sql`
      update tenancy.tenants
      set onboarding_status = ${status}
      where id = ${scope.tenantId}
        and onboarding_status = ${present}`)
  }
  const shown = all.filter(({ permission }) => permission === undefined || permissions.has(permission))
  return {
    status,
    isDismissed,
    steps: shown.map(({ name, title, text, link, isFinished, isDone }) => ({
      name,
      title,
      text,
      link,
      isDone: isFinished,
      isManual: isDone === undefined,
    })),
  }
}

/** Ticks a step off, also one that the data does not show as done; or opens it again. */
export async function tickStep(app: App, tx: Queryable, name: string, isDone: boolean): Promise<void> {
  if (!stepsOf(app).some(step => step.name === name)) throw errors.stepUnknown({ name })
  if (isDone) {
    await tx.run(sql`
      insert into tenancy.onboarding_steps (step, done_by)
      values (${name}, ${tx.scope.userId ?? null})
      on conflict do nothing`)
  } else {
    await tx.run(sql`delete from tenancy.onboarding_steps where tenant_id = ${tx.scope.tenantId} and step = ${name}`)
  }
}

/** Puts the list away, for all administrators. */
export async function dismissOnboarding(tx: Queryable): Promise<void> {
  await tx.run(sql`
    update tenancy.tenants
    set onboarding_dismissed_at = now(), onboarding_status = 'completed'
    where id = ${tx.scope.tenantId}
      and onboarding_dismissed_at is null`)
}

const stepsOf = (app: App): Step[] =>
  app.modules.flatMap(module =>
    Object.entries(module.onboarding ?? {}).map(([name, step]) => ({ ...step, name, app: appFor(module, app) })),
  )

function readState(tx: Queryable, tenantId: string | undefined): Promise<{ status: Status; isDismissed: boolean }> {
  return tx.one(sql<{ status: Status; isDismissed: boolean }>`
    select onboarding_status as status, onboarding_dismissed_at is not null as is_dismissed
    from tenancy.tenants
    where id = ${tenantId}`)
}

function statusOf(present: Status, isDismissed: boolean, steps: readonly { isFinished: boolean }[]): Status {
  if (present === 'completed' || isDismissed) return 'completed'
  const count = steps.filter(({ isFinished }) => isFinished).length
  return count === steps.length ? 'completed' : count > 0 ? 'in_progress' : 'pending'
}
