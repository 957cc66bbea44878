import type { Module } from '#platform/module.ts'
import { registerPlanCommands, registerUsageCommands } from './commands.ts'
import { collectGauges, mirrorLimits } from './placed-gauges.ts'
import { portability } from './portability.ts'
import { readGauges, removeOldUsage, rollUp } from './rollups.ts'
import { usageRoutes } from './routes.ts'
import { sendWarnings } from './warnings.ts'

export const usageModule = {
  name: 'usage',
  schema: 'usage',
  restoration: { stays: { 'usage.*': 'What was used and what is allowed stay; counters are counted anew' } },
  portability,
  permissions: {
    'usage.usage.read': {
      description: 'See the plan of the workspace, its limits and what was used',
      roles: ['owner', 'admin'],
    },
    'usage.plans.read': {
      description: 'See the plans of this installation and who has them',
      roles: [],
      forOperators: true,
    },
    'usage.plans.manage': { description: 'Make plans, and give them to workspaces', roles: [], forOperators: true },
  },
  routes: usageRoutes,
  commands: { usage: registerUsageCommands, plans: registerPlanCommands },
  jobs: [
    {
      name: 'usage.roll-up',
      description: 'AG-02: adds hours up to days and months, notes where gauges stand, tells who comes near a limit',
      cron: '*/5 * * * *',
      async run(_data, app) {
        const tx = app.db.scoped({ system: true })
        const hours = await rollUp(tx)
        await collectGauges(app)
        const gauges = await readGauges(tx, app.clock.now())
        const warnings = await sendWarnings(app)
        app.log.info({ hours, gauges, warnings }, 'Usage rolled up')
      },
    },
    {
      name: 'usage.mirror-limits',
      description: 'MT-17: writes what tenants are allowed into the databases that they have of their own',
      cron: '* * * * *',
      async run(_data, app) {
        await mirrorLimits(app)
      },
    },
    {
      name: 'usage.remove-old',
      description: 'AG-02: removes the hours of usage after 60 days and the days after two years; months stay',
      cron: '47 3 * * *',
      async run(_data, app) {
        const removed = await removeOldUsage(app.db.scoped({ system: true }), app.clock.now())
        app.log.info({ removed }, 'Old usage removed')
      },
    },
  ],
} satisfies Module
