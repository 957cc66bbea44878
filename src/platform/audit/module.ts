import { Type } from 'typebox'
import type { Module } from '#platform/module.ts'
import { activityRoutes } from './activity-routes.ts'
import { logArchiving } from './archiving.ts'
import { securityEvents } from './own-security-events.ts'
import { ensureMonthPartitions, findShortHorizons } from './partitions.ts'
import { portability } from './portability.ts'
import { auditRoutes } from './routes.ts'
import { securityRoutes } from './security-routes.ts'

export const auditModule = {
  name: 'audit',
  schema: 'audit',
  restoration: { stays: { 'audit.*': 'The log is only ever added to, and is sealed' } },
  portability,
  securityEvents,
  permissions: {
    'audit.logs.read': { description: 'Read the audit log of the workspace', roles: ['owner', 'admin'] },
    'audit.security.read': {
      description: 'See and fetch the security events of all workspaces, and of none',
      roles: [],
      forOperators: true,
    },
    'audit.logs.export': { description: 'Fetch the audit log as a file', roles: ['owner', 'admin'] },
  },
  config: {
    auditCheckpointDir: Type.Optional(
      Type.String({
        env: 'COMMONHOLD_AUDIT_CHECKPOINT_DIR',
        description:
          'Where signed checkpoints of the audit log are kept outside of the database, best on another machine; `checkpoints` in the data directory unless set, `off` for nowhere',
      }),
    ),
    auditCheckpointUrl: Type.Optional(
      Type.String({
        env: 'COMMONHOLD_AUDIT_CHECKPOINT_URL',
        secret: true,
        pattern: '^https?://',
        description: 'Who is told of each signed checkpoint by POST, until he answers 2xx',
      }),
    ),
    auditCheckpointSeconds: Type.Integer({
      env: 'COMMONHOLD_AUDIT_CHECKPOINT_SECONDS',
      minimum: 1,
      maximum: 86_400,
      default: 10,
      description: 'Seconds between two signed checkpoints of the audit log, while anything is written to it',
    }),
  },
  retention: {
    'audit.log': {
      description: 'Entries of the audit log; its seals stay, and a signed record says which archive has them',
      table: 'audit.audit_logs',
      by: 'created_at',
      after: '1 year',
      action: 'archive',
      archiving: logArchiving,
    },
    'audit.security_events': {
      description: 'Which entries tell of security; the entries themselves stay',
      table: 'audit.security_audit_logs',
      by: 'created_at',
      after: '1 year',
      action: 'archive',
    },
  },
  routes: [...auditRoutes, ...activityRoutes, ...securityRoutes],
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
