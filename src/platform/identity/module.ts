import { Type } from 'typebox'
import type { Module } from '#platform/module.ts'
import { accountNotifications } from './account-events.ts'
import { registerUserCommands } from './commands.ts'
import { removeOldDevices } from './devices.ts'
import { removeLapsedEmailChanges } from './email-changes.ts'
import { eraseDeletedUsers } from './erasures.ts'
import { googleSettings } from './google-provider.ts'
import { isPlacesFile } from './places.ts'
import { removeEndedSessions } from './retention.ts'
import { identityRoutes } from './routes.ts'
import { removeAbandonedSetUps } from './two-factors.ts'

export const identityModule = {
  name: 'identity',
  schema: 'identity',
  // Whether somebody is active, for lists that are handed over; nothing by which anybody signs in.
  mirrors: { 'identity.users': ['full_name', 'status', 'deleted_at'] },
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
  notifications: accountNotifications,
  commands: { users: registerUserCommands },
  config: {
    ...googleSettings,
    placesFile: Type.Optional(
      Type.Refine(
        Type.String({
          description:
            'MMDB file of a country or city database (GeoLite2, DB-IP), for the places of sign-ins; none are shown without it',
        }),
        isPlacesFile,
        () => 'is not a readable MMDB file',
      ),
    ),
  },
  jobs: [
    {
      name: 'identity.remove-ended-sessions',
      description: 'GG-16, PE-06: removes sessions 30 days after their end, and links and sign-ups that are past',
      cron: '17 3 * * *',
      async run(_data, app) {
        // Without a transaction around it: each batch commits by itself.
        const removed = await removeEndedSessions(app.db.scoped({ system: true }))
        const emailChanges = await removeLapsedEmailChanges(app.db.scoped({ system: true }))
        app.log.info({ ...removed, emailChanges }, 'Ended sessions removed')
      },
    },
    {
      name: 'identity.remove-old-devices',
      description: 'Forgets devices that nobody has signed in with for 400 days',
      cron: '27 3 * * *',
      async run(_data, app) {
        const removed = await removeOldDevices(app.db.scoped({ system: true }))
        app.log.info({ removed }, 'Old devices removed')
      },
    },
    {
      name: 'identity.erase-deleted-users',
      description: 'GG-16, MT-02: erases accounts 90 days after their deletion, except what the audit log needs',
      cron: '37 3 * * *',
      async run(_data, app) {
        const { erased, failed } = await eraseDeletedUsers(app)
        app.log.info({ erased, failed: failed.length }, 'Deleted accounts erased')
        if (failed.length > 0) throw new Error(`${failed.length} deleted accounts could not be erased`)
      },
    },
    {
      name: 'identity.remove-abandoned-set-ups',
      description: 'Forgets the secrets of authenticator apps that nobody finished to set up',
      cron: '37 * * * *',
      async run(_data, app) {
        const removed = await removeAbandonedSetUps(app, app.db.scoped({ system: true }))
        app.log.info({ removed }, 'Abandoned set-ups of two-factor sign-in removed')
      },
    },
  ],
} satisfies Module
