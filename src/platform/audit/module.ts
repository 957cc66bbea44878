import type { Module } from '#platform/module.ts'
import { ensureMonthPartitions, findShortHorizons } from './partitions.ts'
import { auditRoutes } from './routes.ts'

export const auditModule = {
  name: 'audit',
  schema: 'audit',
  permissions: {
    'audit.logs.read': { description: 'Read the audit log of the workspace', roles: ['owner', 'admin'] },
  },
  routes: auditRoutes,
  jobs: [
    {
      name: 'audit.make-month-partitions',
      description: 'GG-15: makes the partitions of the months ahead',
      cron: '7 1 * * *',
      async run(_data, app) {
        const made = await ensureMonthPartitions(app.db.unscoped)
        if (made.length > 0) app.log.info({ made }, 'Month partitions made')
        const short = await findShortHorizons(app.db.unscoped)
        if (short.length > 0) app.log.error({ short }, 'Tables that soon cannot take rows')
      },
    },
  ],
} satisfies Module
