import { Type } from 'typebox'
import type { Module } from '#platform/module.ts'
import { accountNotifications } from './account-events.ts'
import { registerUserCommands } from './commands.ts'
import { removeLapsedEmailChanges } from './email-changes.ts'
import { eraseDeletedUsers } from './erasures.ts'
import { googleSettings } from './google-provider.ts'
import { eraseLogsOfErased } from './log-erasures.ts'
import { isPlacesFile } from './places.ts'
import { removeLapsed } from './retention.ts'
import { identityRoutes } from './routes.ts'
import { securityEvents } from './security-events.ts'
import { removeAbandonedSetUps } from './two-factors.ts'

export const identityModule = {
  name: 'identity',
  schema: 'identity',
  restoration: {
    stays: {
      'identity.*':
        'Accounts and what opens them belong to people: nobody who was erased comes back, and nothing revoked opens again',
    },
  },
  securityEvents,
  encrypted: [
    {
      table: 'identity.signing_keys',
      key: ['id'],
      column: 'private_key_encrypted',
      context: 'identity.signing_keys.private_key:{id}',
    },
    {
      table: 'identity.two_factors',
      key: ['user_id'],
      column: 'secret_encrypted',
      context: 'identity.two_factors.secret:{user_id}',
    },
    {
      table: 'identity.one_time_tokens',
      key: ['id'],
      column: 'details',
      path: 'verifier',
      context: 'identity.one_time_tokens.verifier:{state_hash}',
      expressions: { state_hash: "t.details ->> 'stateHash'" },
      where: "t.purpose in ('google_sign_in', 'provider_sign_in')",
    },
  ],
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
  retention: {
    'identity.sessions_expired': {
      description: 'Sessions that have run out',
      table: 'identity.user_sessions',
      by: 'expires_at',
      after: '30 days',
      action: 'remove',
    },
    'identity.sessions_revoked': {
      description: 'Sessions that were ended',
      table: 'identity.user_sessions',
      by: 'revoked_at',
      after: '30 days',
      action: 'remove',
    },
    'identity.devices': {
      description: 'Devices that nobody has signed in with',
      table: 'identity.user_devices',
      by: 'last_seen_at',
      after: '400 days',
      action: 'remove',
    },
    'identity.login_histories': {
      description: 'Sign-ins and failures of them',
      table: 'identity.login_histories',
      by: 'created_at',
      after: '1 year',
      action: 'archive',
    },
    'identity.deleted_accounts': {
      description: 'Accounts that were deleted, with all that hangs on them',
      table: 'identity.users',
      by: 'deleted_at',
      after: '90 days',
      action: 'remove',
      job: 'identity.erase-deleted-users',
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
      name: 'identity.remove-lapsed',
      description: 'Removes links and sign-ups that are past',
      cron: '17 3 * * *',
      async run(_data, app) {
        // Without a transaction around it: each batch commits by itself.
        const removed = await removeLapsed(app.db.scoped({ system: true }))
        const emailChanges = await removeLapsedEmailChanges(app.db.scoped({ system: true }))
        app.log.info({ ...removed, emailChanges }, 'What has lapsed is removed')
      },
    },
    {
      name: 'identity.erase-deleted-users',
      description:
        'GG-16, MT-02: erases accounts 90 days after their deletion, and what is personal of them in the audit log',
      cron: '37 3 * * *',
      async run(_data, app) {
        const { erased, failed } = await eraseDeletedUsers(app)
        app.log.info({ erased, failed: failed.length }, 'Deleted accounts erased')
        const logs = await eraseLogsOfErased(app)
        app.log.info({ erased: logs.erased, failed: logs.failed.length }, 'Audit log of erased accounts erased')
        if (failed.length > 0) throw new Error(`${failed.length} deleted accounts could not be erased`)
        if (logs.failed.length > 0) throw new Error(`The audit log still names ${logs.failed.length} erased accounts`)
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
