import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type { App } from '#platform/app.ts'
import type { Queryable } from '#platform/database'
import type { CommandContext } from '#platform/module.ts'
import { findTenantBySlug } from '#platform/tenancy'
import { errors } from './errors.ts'
import { getLimits, type Limit, type Limits, subscriptionStatuses } from './limits.ts'
import { createPlan, getPlanByName, listPlans, type Plan, type PlanLimit, updatePlan } from './plans.ts'
import { setTenantPlan } from './tenant-plans.ts'

type Flags = { json?: boolean }
type PlanFlags = Flags & {
  displayName?: string
  description?: string
  limit: string[]
  soft: string[]
  default?: boolean
}
type SetFlags = Flags & { status: (typeof subscriptionStatuses)[number]; trialUntil?: string }

/** `commonhold usage …`: results on stdout, with `--json` as one JSON value. */
export function registerUsageCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('What workspaces have used, against their plans')
  parent
    .command('show <slug>')
    .description('Show the plan of a tenant, its limits and what it uses')
    .option('--json', 'print it as JSON')
    .action(async (slug: string, flags: Flags) => {
      const limits = await withApp(app => inSystem(app, async tx => getLimits(app, tx, await idOf(tx, slug))))
      write(flags, limits, () => describeLimits(limits))
    })
}

/** `commonhold plans …`. */
export function registerPlanCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('Plans, and which workspace has which')
  parent
    .command('list')
    .description('List the plans of this installation')
    .option('--json', 'print them as JSON')
    .action(async (flags: Flags) => {
      const plans = await withApp(app => listPlans(app.db.scoped({ system: true })))
      write(flags, plans, () => plans.map(describePlan).join(''))
    })

  withPlan(parent.command('create <name>').description('Make a plan')).action(
    async (name: string, flags: PlanFlags) => {
      const { displayName = name, description } = flags
      const limits = limitsOf(flags)
      const plan = await withApp(app =>
        inSystem(app, tx =>
          createPlan(app, tx, {
            name,
            displayName,
            limits,
            ...(description && { description }),
            isDefault: flags.default ?? false,
          }),
        ),
      )
      write(flags, plan, () => describePlan(plan))
    },
  )

  withPlan(
    parent.command('change <name>').description('Change a plan; limits that are given stand in place of all it had'),
  ).action(async (name: string, flags: PlanFlags) => {
    const { displayName, description } = flags
    const limits = limitsOf(flags)
    const plan = await withApp(app =>
      inSystem(app, async tx =>
        updatePlan(app, tx, (await getPlanByName(tx, name)).id, {
          ...(displayName !== undefined && { displayName }),
          ...(description !== undefined && { description }),
          ...(limits.length > 0 && { limits }),
          ...(flags.default && { isDefault: true }),
        }),
      ),
    )
    write(flags, plan, () => describePlan(plan))
  })

  parent
    .command('set <slug> <plan>')
    .description('Give a tenant a plan')
    .option('--status <status>', `one of ${subscriptionStatuses.join(', ')}`, 'active')
    .option('--trial-until <time>', 'when a trial ends, such as 2027-01-31T00:00:00Z')
    .option('--json', 'print its limits as JSON')
    .action(async (slug: string, planName: string, flags: SetFlags) => {
      if (!subscriptionStatuses.includes(flags.status)) throw errors.statusUnknown({ status: flags.status })
      const end = flags.trialUntil
      if (end !== undefined && Number.isNaN(Date.parse(end))) throw errors.timeMalformed({ text: end })
      const limits = await withApp(app =>
        inSystem(app, async tx => {
          const tenantId = await idOf(tx, slug)
          const { id: planId } = await getPlanByName(tx, planName)
          await setTenantPlan(tx, tenantId, { planId, subscriptionStatus: flags.status, trialEndsAt: end ?? null })
          return await getLimits(app, tx, tenantId)
        }),
      )
      write(flags, limits, () => describeLimits(limits))
    })
}

/** Who acts at the command line has no account: the log names him as the system knows him. */
function inSystem<T>(app: App, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return app.db.transaction({ system: true, userName: `${userInfo().username} at the command line` }, work)
}

async function idOf(tx: Queryable, slug: string): Promise<string> {
  const tenant = await findTenantBySlug(tx, slug)
  if (!tenant) throw errors.tenantNotFound({ id: slug })
  return tenant.id
}

function withPlan(command: Command): Command {
  const collect = (text: string, others: string[]) => [...others, text]
  return command
    .option('--display-name <text>', 'what people read')
    .option('--description <text>', 'for whom it is')
    .option('--limit <metric=number>', 'what would exceed it is refused; may be given often', collect, [])
    .option('--soft <metric=number>', 'what exceeds it is only told; may be given often', collect, [])
    .option('--default', 'make it the plan of tenants that were given none')
    .option('--json', 'print the plan as JSON')
}

function limitsOf({ limit, soft }: PlanFlags): PlanLimit[] {
  const read = (text: string, isHard: boolean): PlanLimit => {
    const [, metric = '', number = ''] = /^([a-z]+\.[a-z_]+)=(\d{1,15})$/.exec(text) ?? []
    if (metric === '') throw errors.limitMalformed({ text })
    return { metric, limit: Number(number), isHard }
  }
  return [...limit.map(text => read(text, true)), ...soft.map(text => read(text, false))]
}

function write(flags: Flags, result: unknown, inWords: () => string): void {
  process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : inWords())
}

function describePlan({ name, displayName, isDefault, isActive, tenants, limits }: Plan): string {
  const traits = [
    isDefault && 'default',
    !isActive && 'inactive',
    `${tenants} ${tenants === 1 ? 'workspace' : 'workspaces'}`,
  ].filter(Boolean)
  const lines = limits.map(
    limit => `  ${limit.metric.padEnd(28)} ${limit.limit}${limit.isHard ? '' : ' (only told)'}\n`,
  )
  return `${name}: ${displayName} (${traits.join(', ')})\n${lines.join('') || '  no limits\n'}`
}

function describeLimits({ plan, limits }: Limits): string {
  const trial = plan.trialEndsAt ? `, trial until ${plan.trialEndsAt.toISOString()}` : ''
  const line = ({ metric, used, limit, share, isHard }: Limit) =>
    `  ${metric.padEnd(28)} ${String(used).padStart(12)}${
      limit === null ? '' : ` of ${limit} (${Math.round((share ?? 0) * 100)} %${isHard ? '' : ', only told'})`
    }\n`
  return `${plan.displayName} (${plan.subscriptionStatus}${trial})\n${limits.map(line).join('')}`
}
