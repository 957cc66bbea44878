import type { Module } from '#platform/module.ts'
import { identityRoutes } from './routes.ts'
import { removeEndedSessions } from './sessions.ts'

export const identityModule = {
  name: 'identity',
  schema: 'identity',
  permissions: {
    'identity.users.read': {
      description: 'See the accounts of this installation',
      roles: [],
      forOperators: true,
    },
    'identity.users.manage': {
      description: 'Suspend, deactivate, restore and delete accounts, and help people in who lost a factor',
      roles: [],
      forOperators: true,
    },
  },
  routes: identityRoutes,
  jobs: [
    {
      name: 'identity.remove-ended-sessions',
      description: 'GG-16: removes sessions 30 days after their end',
      cron: '17 3 * * *',
      async run(_data, app) {
        const removed = await app.db.transaction({ system: true }, removeEndedSessions)
        app.log.info(removed, 'Ended sessions removed')
      },
    },
  ],
} satisfies Module
